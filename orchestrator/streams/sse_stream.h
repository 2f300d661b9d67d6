#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/net/sse_provider.h"
#include "orchestrator/net/timers.h"
#include "orchestrator/streams/admissions.h"
#include "orchestrator/streams/frame_batch.h"
#include "orchestrator/streams/stream_group.h"
#include "orchestrator/streams/stream_profile.h"

namespace devs {

class HubCore;

// One reader: a sequence number, its group, its heartbeat.  No queue.
//
// Made on an http worker; confined to the reactor from attached() on.
// REQUIRES: the hub outlives it.
class SseStream final : public SseProvider {
 public:
  struct Start {
    std::uint64_t id = 0;
    Filter filter;
    Sequence next = 1;
    std::string frames;  // `reset` or `gap`, after the first frames
  };
  SseStream(HubCore& hub, const StreamProfile& profile, Start start, Admissions::Slot slot);
  ~SseStream() override;

  void attached(StreamLine line, bool chunked) override;
  Next pull(std::vector<FrameSlice>& out, std::size_t max_bytes) override;
  std::string last_words() override;
  void detached(Gone why) override;

  // --- the hub's side ---
  std::uint64_t id() const { return id_; }
  WaitLink& link() { return link_; }
  void wake() { line_.wake(); }
  bool due_before(Sequence last_match) const { return next_ <= last_match; }
  void take_fetched(FrameBatchPtr batch);
  const FrameBatchPtr& fetched() const { return fetched_; }
  // The next pull is the last one: goodbye.
  void part(unsigned retry_ms);

 private:
  void add(std::vector<FrameSlice>& out, FrameSlice slice);
  void add(std::vector<FrameSlice>& out, std::string_view frames);
  void open_with(std::vector<FrameSlice>& out);
  void beat(std::vector<FrameSlice>& out);
  void on_heartbeat();
  void leave();
  std::string id_text(Sequence sequence) const;

  HubCore& hub_;
  const StreamProfile& profile_;
  const std::uint64_t id_;
  const Admissions::Slot slot_;
  std::unique_ptr<Start> start_;  // until the first pull

  StreamLine line_;
  GroupPtr group_;
  WaitLink link_;
  Sequence next_;            // wanted next
  Sequence last_id_;         // newest id the client knows of
  Sequence surely_sent_ = 0;  // everything up to here left the house
  std::size_t given_ = 0;    // bytes handed to the connection
  FrameBatchPtr fetched_;    // from disk, not all of it given yet
  Timer heartbeat_;
  TimePoint beat_at_{};
  unsigned goodbye_retry_ms_ = 0;  // not 0: parting
  bool beat_due_ = false;
  bool chunked_ = true;
};

// Ten thousand of these are held (architecture 7); the timer's closure and the
// connection come on top.
static_assert(sizeof(SseStream) <= 320);

}  // namespace devs
