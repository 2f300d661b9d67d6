#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/streams/live_lag.h"
#include "orchestrator/streams/log_stretch.h"
#include "orchestrator/streams/replay_toll.h"
#include "orchestrator/streams/stream_group.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Stretches of the log for readers that are behind: from the ring at once, from
// disk through a worker.  Few fetches run at a time, and while live readers are served
// they are rationed, so that those who read the past do not slow down those who
// follow the present; a stretch just built serves every reader of its group that
// stands in it.
//
// Confined to the reactor.
class ReplayDesk : public std::enable_shared_from_this<ReplayDesk> {
 public:
  // Tells a reader that its fetch is done.  Called on the reactor.
  using Fetched = std::function<void(std::uint64_t reader, FrameBatchPtr)>;

  // REQUIRES: `lag` outlives it.
  ReplayDesk(TraceStreamBus& bus, std::shared_ptr<const StoredLog> log,
             std::shared_ptr<Projector> projector, const LiveLag& lag, Reactor& reactor,
             WorkerPool& workers, Metrics& metrics);
  ReplayDesk(const ReplayDesk&) = delete;
  ReplayDesk& operator=(const ReplayDesk&) = delete;

  // A batch at hand that begins at or before `from` and reaches it.  None that came
  // from disk while those are rationed.
  FrameBatchPtr at_hand(const StreamGroup& group, Sequence from) const;
  // The same, built from the ring, up to `through`.  Null: the ring forgot `from`.
  FrameBatchPtr from_ring(const StreamGroup& group, Sequence from, Sequence through);
  // The same, from disk, later.  One fetch per reader at a time; `stamped` ones are
  // for this reader alone.
  void fetch(std::uint64_t reader, GroupPtr group, Sequence from, Sequence through, bool stamped,
             Fetched then);
  // Whatever was asked for this reader is not wanted any more; what it has had is
  // still counted.
  void cancel(std::uint64_t reader);
  void leave(std::uint64_t reader);  // it is gone

 private:
  struct Wanted {
    std::uint64_t ticket;  // a reader may ask anew while a worker has its old wish
    GroupPtr group;
    StretchRequest request;
    Fetched then;
    bool in_hand = false;  // a worker's
  };
  struct AtHand {
    std::uint64_t group;
    FrameBatchPtr batch;
    bool from_disk;
  };

  void start_some();
  bool start(std::uint64_t reader, Wanted& wanted);
  void done(std::uint64_t reader, std::uint64_t ticket, Stretch stretch);
  void charge(std::uint64_t reader, std::size_t bytes);
  void hand_over(std::uint64_t reader, FrameBatchPtr batch);
  FrameBatchPtr find(const StreamGroup& group, Sequence from, bool from_disk) const;
  void keep(const StreamGroup& group, FrameBatchPtr batch, bool from_disk);
  void again_at(TimePoint when);

  TraceStreamBus& bus_;
  const std::shared_ptr<const StoredLog> log_;
  const std::shared_ptr<Projector> projector_;
  const LiveLag& lag_;
  Reactor& reactor_;
  WorkerPool& workers_;
  Counter& fetches_;
  Counter& rationed_;
  std::array<Counter*, 3> gaps_;  // by LossReason

  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, Wanted> wanted_;  // by reader
  std::deque<std::uint64_t> waiting_;
  std::size_t running_ = 0;
  ReplayToll toll_;
  Timer retry_;  // the workers' queue was full, or stretches are rationed

  std::vector<AtHand> at_hand_;  // a ring of the newest
  std::size_t oldest_at_hand_ = 0;

  std::vector<EntryPtr> entries_;  // of one from_ring(), used again
  std::string frame_;
};

}  // namespace devs
