#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "orchestrator/net/exchange.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/streams/admissions.h"
#include "orchestrator/streams/farewell.h"
#include "orchestrator/streams/gather_timer.h"
#include "orchestrator/streams/live_lag.h"
#include "orchestrator/streams/live_window.h"
#include "orchestrator/streams/log_timeline.h"
#include "orchestrator/streams/reader_report.h"
#include "orchestrator/streams/replay_desk.h"
#include "orchestrator/streams/stream_hub.h"
#include "orchestrator/streams/stream_metrics.h"
#include "orchestrator/streams/stream_profile.h"
#include "orchestrator/streams/supply.h"

namespace devs {

class StreamReader;

// The parts of a StreamHub, and what its streams ask of it.
//
// A reader's bytes come from one of three places, chosen anew at each pull by
// nothing but its sequence: the live window, the ring, the disk.  So there is no
// moment of promotion, and nothing to lose or to repeat in it.
//
// open(), ask() and goodbye() on any thread; the rest is confined to the reactor.
class HubCore : public std::enable_shared_from_this<HubCore> {
 public:
  HubCore(StreamHub::Options options, TraceStreamBus& bus, std::shared_ptr<const StoredLog> log,
          std::shared_ptr<Projector> projector, Reactor& reactor, WorkerPool& workers,
          Metrics& metrics);
  HubCore(const HubCore&) = delete;
  HubCore& operator=(const HubCore&) = delete;

  void start();  // once, after construction: begins to listen to the bus
  void open(Exchange& exchange, const StreamProfile& profile, const StreamOpener& opener = {});
  bool knows_projection(std::string_view name) const { return projector_->find(name) != nullptr; }
  void goodbye(std::chrono::milliseconds spread);
  std::size_t readers() const { return admissions_->open(); }
  std::size_t readers_of(std::string_view profile) const { return admissions_->open_of(profile); }
  std::int64_t uptime_s() const;

  // Runs `then` on the reactor with the stream of that public id; null: there is none.
  // Dropped when the hub is gone.
  using Then = MoveFunction<void(HubCore&, StreamReader*)>;
  void ask(std::string stream_id, Then then);
  std::string stream_id(std::uint64_t reader) const;

  // --- for StreamReader ---

  GroupPtr join(StreamReader& reader, const Filter& filter, const StreamProfile& profile,
                bool chunked, Sequence next, bool timed);
  // Another group, at the place where the reader stands.
  GroupPtr regroup(StreamReader& reader, const GroupPtr& from, const Filter& filter,
                   const StreamProfile& profile, bool chunked, Sequence next, bool timed);
  void leave(StreamReader& reader, const GroupPtr& group);
  Supply supply(StreamReader& reader, const GroupPtr& group, Sequence& next, std::size_t max_bytes,
                FrameBatch::Taken& taken);
  // A stretch from disk, later: take_fetched() is called.
  void fetch(StreamReader& reader, const GroupPtr& group, Sequence next, Sequence through,
             bool stamped);
  // Where a reader stands that was given everything before `next`.
  Sequence position(const StreamGroup& group, Sequence next) const;
  Sequence head() const { return bus_.head(); }
  Sequence looked() const { return window_.looked(); }  // live frames begin after this
  ReaderState state_at(const StreamGroup& group, Sequence next) const;
  // How far behind the head somebody is who has everything through `position`.
  void measure(Sequence position, ReaderReport& report) const;
  void served_after(Duration wait, TimePoint now) { lag_.saw(wait, now); }

  const StreamHub::Options& options() const { return options_; }
  const std::string& epoch() const { return projector_->epoch(); }
  Reactor& reactor() { return reactor_; }
  StreamMetrics& metrics() { return metrics_; }
  // First frames or heartbeat of a profile, as they are sent now.
  std::string fill(std::string_view frames, const StreamProfile& profile) const;
  bool leaving() const { return farewell_.begun(); }
  unsigned goodbye_retry_ms() { return farewell_.retry_ms(); }

  // Ids of all streams that are open now, in no order.
  std::vector<std::uint64_t> open_streams() const;
  StreamReader* find(std::uint64_t reader) const;

 private:
  HttpAnswer stream_head(const RequestHead& request, const StreamProfile& profile,
                         Sequence head) const;
  GroupPtr place(const Filter& filter, const StreamProfile& profile, bool chunked, Sequence next,
                 bool timed);
  void on_bell();
  void look();
  bool look_at_bus();
  void look_once();
  void wake_some();
  void recheck();

  const StreamHub::Options options_;
  TraceStreamBus& bus_;
  const std::shared_ptr<const StoredLog> log_;
  const std::shared_ptr<Projector> projector_;
  Reactor& reactor_;
  StreamMetrics metrics_;
  Bell bell_;
  const std::shared_ptr<Admissions> admissions_;
  const TimePoint began_;
  const std::string nonce_;          // of this process, in stream ids
  std::atomic<bool> closed_{false};  // goodbye() was called: no new readers
  std::atomic<std::uint64_t> last_reader_{0};

  LiveWindow window_;
  LogTimeline timeline_;
  LiveLag lag_;
  const std::shared_ptr<ReplayDesk> replay_;
  GatherTimer gather_;
  Timer recheck_;                              // armed while there is one of granted_
  std::unordered_set<std::uint64_t> granted_;  // streams that came with a stream token
  TimePoint last_look_{};
  std::size_t last_woken_ = 0;

  std::unordered_map<std::uint64_t, StreamReader*> streams_;
  std::vector<GroupPtr> found_;  // of one look
  std::deque<GroupPtr> due_;     // groups whose readers are still to be woken
  bool waking_ = false;          // posted ourselves the rest
  Farewell farewell_;
};

}  // namespace devs
