#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "orchestrator/net/exchange.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/streams/admissions.h"
#include "orchestrator/streams/gather_timer.h"
#include "orchestrator/streams/live_window.h"
#include "orchestrator/streams/log_stretch.h"
#include "orchestrator/streams/replay_desk.h"
#include "orchestrator/streams/stream_hub.h"
#include "orchestrator/streams/stream_profile.h"

namespace devs {

class SseStream;

// The parts of a StreamHub, and what its streams ask of it.
//
// A reader's bytes come from one of three places, chosen anew at each pull by
// nothing but its sequence: the live window, the ring, the disk.  So there is no
// moment of promotion, and nothing to lose or to repeat in it.
//
// open() and goodbye() on any thread; the rest is confined to the reactor.
class HubCore : public std::enable_shared_from_this<HubCore> {
 public:
  HubCore(StreamHub::Options options, TraceStreamBus& bus,
          std::shared_ptr<const StoredLog> log, std::shared_ptr<Projector> projector,
          Reactor& reactor, WorkerPool& workers, Metrics& metrics);
  HubCore(const HubCore&) = delete;
  HubCore& operator=(const HubCore&) = delete;

  void start();  // once, after construction: begins to listen to the bus
  void open(Exchange& exchange, const StreamProfile& profile);
  void goodbye(std::chrono::milliseconds spread);
  std::size_t readers() const { return admissions_->open(); }

  // --- for SseStream ---

  enum class Supply {
    frames,   // `taken` holds some
    at_head,  // nothing is due; the reader waits in its group
    later     // being fetched, or it is others' turn; the reader will be woken
  };
  GroupPtr join(SseStream& reader, const Filter& filter, const StreamProfile& profile,
                bool chunked, Sequence next);
  void leave(SseStream& reader, const GroupPtr& group);
  Supply supply(SseStream& reader, const GroupPtr& group, Sequence& next,
                std::size_t max_bytes, FrameBatch::Taken& taken);
  // Where a reader stands that was given everything before `next`.
  Sequence position(const StreamGroup& group, Sequence next) const;

  const StreamHub::Options& options() const { return options_; }
  const std::string& epoch() const { return projector_->epoch(); }
  Reactor& reactor() { return reactor_; }
  Counter& skipped_heartbeats() { return skipped_heartbeats_; }
  bool leaving() const { return leaving_; }
  unsigned goodbye_retry_ms();

 private:
  HttpAnswer stream_head(const StreamProfile& profile, Sequence head) const;
  void on_bell();
  void look();
  void look_once();
  void wake_some();
  void say_goodbye();

  const StreamHub::Options options_;
  TraceStreamBus& bus_;
  const std::shared_ptr<const StoredLog> log_;
  const std::shared_ptr<Projector> projector_;
  Reactor& reactor_;
  Counter& opened_;
  Counter& refused_;
  Counter& resets_;
  Counter& skipped_heartbeats_;
  Bell bell_;
  const std::shared_ptr<Admissions> admissions_;
  std::atomic<bool> closed_{false};  // goodbye() was called: no new readers
  std::atomic<std::uint64_t> last_reader_{0};

  LiveWindow window_;
  const std::shared_ptr<ReplayDesk> replay_;
  GatherTimer gather_;
  TimePoint last_look_{};
  std::size_t last_woken_ = 0;

  std::unordered_map<std::uint64_t, SseStream*> streams_;
  std::vector<GroupPtr> found_;    // of one look
  std::deque<GroupPtr> due_;       // groups whose readers are still to be woken
  bool waking_ = false;            // posted ourselves the rest

  bool leaving_ = false;
  std::vector<std::uint64_t> to_part_;  // readers that have not heard goodbye yet
  std::size_t part_total_ = 0;
  std::size_t part_spread_ms_ = 0;
  TimePoint part_by_{};
  Timer parting_;
  std::uint64_t dice_ = 0;
};

}  // namespace devs
