#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/sse_provider.h"
#include "orchestrator/net/timers.h"
#include "orchestrator/streams/admissions.h"
#include "orchestrator/streams/frame_batch.h"
#include "orchestrator/streams/reader_report.h"
#include "orchestrator/streams/stream_group.h"
#include "orchestrator/streams/stream_profile.h"
#include "orchestrator/streams/supply.h"
#include "orchestrator/streams/timed_replay.h"

namespace devs {

class HubCore;

// One reader: a sequence number, its group, its heartbeat.  No queue.
//
// Which entries it is given, and when, is here; what is said around them is the business
// of how it came: SseStream, SocketStream.
//
// Made on an http worker; confined to the reactor from attached() on.
// REQUIRES: the hub outlives it.
class StreamReader : public SseProvider {
 public:
  struct Start {
    std::uint64_t id = 0;
    Principal principal;
    Filter filter;
    Sequence head = 0;  // when it came
    Sequence next = 1;
    Sequence through = 0;  // the last entry it is for; 0: no end known
    std::string first;     // first frames
    std::string frames;    // `reset`, or a snapshot: after `retry:`
    std::optional<TimedReplay::Options> timed = std::nullopt;
    std::shared_ptr<void> guest = nullptr;  // StreamOpening::joined answered it
    std::chrono::milliseconds batch{};      // of a socket's thoughts; 0: none
  };
  StreamReader(HubCore& hub, const StreamProfile& profile, Start start, Admissions::Slot slot);
  ~StreamReader() override;

  void attached(StreamLine line, bool chunked) override;
  std::string last_words(const FrameEnd* sent) override;
  void detached(Gone why) override;

  // --- the hub's side ---
  std::uint64_t id() const { return id_; }
  const Principal& principal() const { return owner_->principal; }
  WaitLink& link() { return link_; }
  void wake() { line_.wake(); }
  // It waits in its group, which has something for it.
  void wake_due();
  bool due_before(Sequence last_match) const { return next_ <= last_match; }
  void take_fetched(FrameBatchPtr batch);
  const FrameBatchPtr& fetched() const { return fetched_; }
  // The next pull is the last one: goodbye.
  void part(unsigned retry_ms);
  // A frame that is no entry's goes out at the next pull; false: too much waits already, or
  // such a frame is none of its stream.
  virtual bool put(std::string_view frame);
  // Ends, with `evicted` if that fits.  The reader may be destroyed.
  virtual void evict(Eviction why);

  // --- what may be asked of an open stream ---
  const Filter& filter() const { return group_->filter; }
  bool ids_are_uuids() const { return profile_.ids_are_uuids; }
  bool topics_are_fixed() const { return !profile_.topic.empty(); }
  // Follows these from here on: the first sequence they hold for.
  Sequence follow(std::vector<Topic> topics);
  // So many frames more; false: it does not go step by step.
  bool step(std::size_t frames);
  ReaderReport report();

 protected:
  // A pull: begin, take until it says something else than `frames` or the limit is
  // reached, end.
  void begin_pull();
  bool take_beat() { return std::exchange(beat_due_, false); }
  // What was put meanwhile; null: nothing.
  std::unique_ptr<std::string> take_put() { return std::move(owner_->unrecorded); }
  Supply take(std::size_t room, FrameBatch::Taken& taken);
  Next end_pull(Supply got);

  // The first sequence it was not given; what it holds back it was not.
  virtual Sequence owed_from() const { return next_; }
  // Everything up to here was given, or is not for this reader.
  Sequence position() const;
  // Goes on from there, with that filter.
  virtual void stand(Sequence next, const Filter& filter);
  // How it is told of its end: `goodbye` when it parts, else `evicted`.
  virtual void append_farewell(std::string& out, Sequence through) const;
  bool parting() const { return goodbye_retry_ms_ != 0; }
  // From here to its end, a second at most (streams 1.4).
  void end_soon();
  bool ending() const { return ending_; }

  void add(std::vector<FrameSlice>& out, FrameSlice slice);
  void add(std::vector<FrameSlice>& out, std::string_view frames);
  void add(std::vector<FrameSlice>& out, const ControlEvent& event);
  const Projection& projection() const { return *group_->view.projection; }
  std::string id_text(Sequence sequence) const;

  HubCore& hub_;
  const StreamProfile& profile_;
  std::unique_ptr<Start> start_;        // until the first pull
  std::unique_ptr<TimedReplay> timed_;  // null: follows the log
  StreamLine line_;
  Sequence next_;                          // wanted next
  Sequence last_id_;                       // newest id the client knows of
  const Sequence through_;                 // not 0: the end
  std::size_t given_ = 0;                  // bytes handed to the connection
  Eviction eviction_ = Eviction::stalled;  // what the last words say
  bool ended_ = false;                     // its last frame was given

 private:
  struct Owner {
    Principal principal;
    std::chrono::system_clock::time_point connected;
    std::shared_ptr<void> guest;
    std::unique_ptr<std::string> unrecorded = nullptr;  // frames that were put
  };

  Supply supply(std::size_t room, FrameBatch::Taken& taken);
  Supply supply_timed(std::size_t room, FrameBatch::Taken& taken);
  void on_heartbeat();
  ReaderState state_now() const;
  void note_state();
  void leave();

  bool chunked_ = true;
  bool beat_due_ = false;
  bool ending_ = false;  // the timer is of its end
  ReaderState state_ = ReaderState::live;
  unsigned goodbye_retry_ms_ = 0;  // not 0: parting
  const std::uint64_t id_;
  const Admissions::Slot slot_;
  std::unique_ptr<Owner> owner_;
  GroupPtr group_;
  WaitLink link_;
  Sequence surely_sent_ = 0;  // everything up to here left the house
  FrameBatchPtr fetched_;     // from disk, not all of it given yet
  Timer heartbeat_;
  TimePoint beat_at_{};
  TimePoint due_since_{};    // of what it was woken for; {}: nothing
  TimePoint progress_at_{};  // when it had taken everything
};

}  // namespace devs
