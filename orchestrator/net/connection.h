#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/net/chunked_body.h"
#include "orchestrator/net/connection_table.h"
#include "orchestrator/net/front_shared.h"
#include "orchestrator/net/head_parser.h"
#include "orchestrator/net/write_queue.h"

namespace devs {

// One accepted socket: reads requests, one after the other, hands each over when
// it is complete, writes its answer or pumps its stream, and keeps the deadlines.
//
// Between requests it is a slot and a timer: nothing on the heap.  A reader of a
// stream is that and its provider.  No byte extends a deadline.
//
// Confined to the reactor.  Ends itself: every path out goes through end(), and
// the table keeps the object until the turn is over.
class Connection final : public FdHandler {
 public:
  enum class State { parked, head, body, running, deferred, writing, stream, lingering, ended };

  Connection(FrontShared& shared, int fd, std::string peer, std::string address_key);
  ~Connection() override;

  // Once it is in the table.
  void start(ConnectionId id);
  // Instead of start(): the canned refusal, and the end.
  void start_refused(ConnectionId id);

  void on_ready(std::uint32_t events) override;
  void on_wake();  // at the end of a turn

  // From a worker, or from whoever held the DeferredAnswer.
  void outcome(Outcome outcome);
  void defer(Deferral deferral);
  void deliver(EncodedAnswer answer);
  void deliver(StreamStart start);

  void on_closing();      // no more requests: a parked one ends
  void on_stopping();     // what is written is flushed, then it ends
  void end();             // now, without a word
  void end_stream_now();  // a stream says its last chunk first
  void close_stream();    // the same with its last words, wherever it stands
  void make_room();       // a head that takes too long, or a parked connection

  ConnectionId id() const { return id_; }
  State state() const { return state_; }
  const std::string& address_key() const { return address_key_; }
  std::size_t body_bytes_sent() const;
  TimePoint waiting_since() const { return since_; }

 private:
  friend class WaitingLine;
  friend class ConnectionTable;

  // The request being read; freed when it is handed over.
  struct Incoming {
    Incoming(const HeadLimits& limits) : parser(limits) {}
    HeadParser parser;
    std::unique_ptr<Request> request;  // once the head was admitted
    std::unique_ptr<ChunkedBody> chunked;
    std::size_t window = 0;  // bytes in the present 5 s of the body
    TimePoint window_end;
    TimePoint deadline;
  };

  // connection.cpp: reading
  void set_state(State next);
  void update_interest();
  void read_some();
  void take(std::string_view fresh);
  std::size_t take_head(std::string_view bytes);
  bool admit(std::string_view after_head);
  void on_fin();
  void on_time();
  bool must_close() const;
  bool is_answer() const;

  // connection_body.cpp: the body of a request
  void begin_body(std::string_view after_head);
  std::size_t take_body(std::string_view bytes);
  bool hold_body_bytes();
  void on_body_time();
  void hand_over();

  // connection_write.cpp: answering
  void refuse(int status, std::string_view reason);
  void refuse_with(HttpAnswer answer, std::string_view reason);
  void shed();
  void release_body();
  void finish_and_write(EncodedAnswer answer);
  void write(std::string head, std::string body);
  void flush_answer();
  void after_written();
  void park();
  void linger();
  void reset();
  void abandon();
  void tell_gone();
  bool hanging_up_cancels() const { return route_->cancel_on_fin || cancel_on_fin_; }
  void take_over(CorsGrant cors);
  bool await_over();

  // connection_stream.cpp: streams
  void begin_stream(StreamStart start);
  bool hear(std::string_view bytes);
  void pump();
  void on_stall();
  void cut_stream(SseProvider::Gone why);
  void leave_stream(SseProvider::Gone why);

  FrontShared& shared_;
  const int fd_;
  ConnectionId id_;
  State state_ = State::head;
  std::uint32_t interest_ = 0;
  bool fin_ = false;          // the peer has sent its last byte
  bool woken_ = false;        // in the table's list already
  bool blocked_ = false;      // the socket took less than it was given
  bool close_after_ = false;  // this answer is the last
  bool must_linger_ = false;
  bool crlf_skipped_ = false;
  bool is_head_ = false;  // the request now being answered ...
  bool http_1_0_ = false;
  bool chunked_ = true;    // the stream's bytes are chunks of a body ...
  bool upgraded_ = false;  // ... or a protocol of their own, in which the peer speaks too
  bool fresh_ = false;     // a stream whose first frames were not pulled yet
  bool idle_ = false;      // the provider has nothing until it wakes us
  bool ended_ = false;     // the provider has nothing any more
  std::uint32_t requests_ = 0;
  const Route* route_ = nullptr;
  std::unique_ptr<CorsGrant> cors_;
  const std::string peer_;
  const std::string address_key_;
  std::string in_;  // bytes that wait for the present answer, or for the rest of a head
  std::unique_ptr<Incoming> incoming_;
  std::size_t budget_held_ = 0;  // body bytes counted in the front's budget
  std::size_t answer_held_ = 0;  // answer bytes, likewise
  WriteQueue out_;
  Timer timer_;
  TimePoint since_;     // of this state; of the last progress while writing
  TimePoint deadline_;  // of the answer as a whole
  Work on_gone_;
  bool cancel_on_fin_ = false;  // of the deferred answer, beside what its route says
  std::unique_ptr<SseProvider> provider_;
  std::size_t stream_head_ = 0;
  std::size_t sent_ = 0;
  std::size_t lingered_ = 0;
  WaitingLine* line_ = nullptr;
  Connection* before_ = nullptr;
  Connection* behind_ = nullptr;
};

}  // namespace devs
