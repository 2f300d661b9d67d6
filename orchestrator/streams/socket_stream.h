#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/websocket_session.h"
#include "orchestrator/streams/socket_request.h"
#include "orchestrator/streams/stream_reader.h"

namespace devs {

// A reader over a WebSocket (streams 10): asks for topics and for the past while it
// listens, and may have its thoughts in batches.
//
// What it is sent is the frames of its group, as they lie there; only batches and
// answers are its own.  Confined to the reactor.
class SocketStream final : public StreamReader {
 public:
  SocketStream(HubCore& hub, const StreamProfile& profile, Start start, Admissions::Slot slot);

  Next pull(std::vector<FrameSlice>& out, std::size_t max_bytes) override;
  bool received(std::string_view bytes) override;
  std::string last_words(const FrameEnd* sent) override;
  bool put(std::string_view) override { return false; }  // a frame of events is no message
  // With the closing handshake; the reader lives until that is done.
  void evict(Eviction why) override;

 protected:
  Sequence owed_from() const override { return held_ ? held_->first : next_; }
  void stand(Sequence next, const Filter& filter) override;
  void append_farewell(std::string& out, Sequence through) const override;

 private:
  // Entries that go out together, once they are enough, or it is time.
  struct Held {
    std::string events;  // with commas between
    std::size_t count = 1;
    Sequence first;
    TimePoint since;
  };

  void on_message(std::string_view text);
  void change_topics(const SocketRequest& request);
  void sync(std::string_view since_id);
  void reply(std::string_view json);

  void open_with(std::vector<FrameSlice>& out);
  void beat(std::vector<FrameSlice>& out);
  Supply give(std::vector<FrameSlice>& out, std::size_t limit);
  void hold_or_add(std::vector<FrameSlice>& out, FrameBatch::Taken taken);
  void flush(std::vector<FrameSlice>& out);
  void end_sync(std::vector<FrameSlice>& out);
  WebSocketClose close_code() const;

  WebSocketSession session_;
  std::string replies_;         // frames that go out before the next entry
  std::unique_ptr<Held> held_;  // null: nothing
  Sequence sync_through_ = 0;
  bool syncing_ = false;  // what is up to there goes out as SYNC_REPLAY
  bool sync_answered_ = false;
  bool topics_asked_ = false;  // by message: the query decides no more
  bool evicted_ = false;
  unsigned unanswered_ = 0;  // pings since the last pong
  std::uint64_t pongs_ = 0;
  const std::chrono::milliseconds batch_;
  std::unique_ptr<Timer> batch_over_;  // null: entries go out one by one
};

// As SseStream, and the client's half of the protocol.
static_assert(sizeof(SocketStream) <= 576);

}  // namespace devs
