#pragma once

#include <memory>
#include <string>

#include "orchestrator/net/origin_policy.h"
#include "orchestrator/net/principal.h"
#include "orchestrator/net/request_head.h"
#include "orchestrator/net/sse_provider.h"
#include "trace/clock.h"
#include "trace/work.h"

namespace devs {

class FrontCore;
class HttpFront;

// One answer owed to one request.  Move-only: whoever holds it owes it.
//
// send() and stream() work on any thread, once: they post finished bytes to the
// connection's reactor and return.  A peer that has gone is noticed there,
// dropped and counted.  Dying unsent answers 500: never a client that hangs.
class DeferredAnswer {
 public:
  DeferredAnswer() = default;  // owes nothing
  DeferredAnswer(DeferredAnswer&& other) noexcept;
  DeferredAnswer& operator=(DeferredAnswer&& other) noexcept;
  ~DeferredAnswer();

  void send(HttpAnswer answer) &&;
  void stream(StreamStart start) &&;
  explicit operator bool() const { return owed_; }

 private:
  friend class Exchange;
  DeferredAnswer(std::weak_ptr<FrontCore> front, ConnectionId to)
      : front_(std::move(front)), to_(to), owed_(true) {}
  void abandon();

  std::weak_ptr<FrontCore> front_;  // an answer may outlive the front: then it is dropped
  ConnectionId to_;
  bool owed_ = false;
};

// One request and the one way it is answered.  Made by the front, run on an http
// worker.  Exactly one of respond, stream, defer, once; none of them: 500.
class Exchange {
 public:
  Exchange(HttpFront& front, ConnectionId connection, RequestHead head, std::string body,
           TimePoint received);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const RequestHead& head() const { return head_; }
  std::string& body() { return body_; }
  const Principal& principal() const { return principal_; }
  void set_principal(Principal principal) { principal_ = std::move(principal); }
  TimePoint received() const { return received_; }  // last byte of the request
  ConnectionId connection() const { return connection_; }

  // Before defer(): posted to the reactor once if the client leaves, or the deadline of
  // the deferred answer passes, before the answer was sent.  It may only post.
  void on_gone(Work work);
  // Before defer(): a client that hangs up cancels: it has kHangUpGrace to be answered,
  // then it counts as gone.  Otherwise half a close is none.
  void cancel_on_fin() { cancel_on_fin_ = true; }

  void respond(HttpAnswer answer);
  void stream(StreamStart start);
  // Later, from any thread, within `limit` of now (then 504 goes out instead).
  DeferredAnswer defer(Duration limit);

  // --- the front's side ---
  enum class Outcome { none, responded, streaming, deferred };
  Outcome outcome() const { return outcome_; }
  HttpAnswer take_answer() { return std::move(answer_); }
  StreamStart take_stream() { return std::move(stream_); }
  CorsGrant& cors() { return cors_; }

 private:
  const std::weak_ptr<FrontCore> front_;
  const ConnectionId connection_;
  const RequestHead head_;
  std::string body_;
  const TimePoint received_;
  Principal principal_;
  Outcome outcome_ = Outcome::none;
  HttpAnswer answer_;
  StreamStart stream_;
  CorsGrant cors_;
  Work on_gone_;
  bool cancel_on_fin_ = false;
};

}  // namespace devs
