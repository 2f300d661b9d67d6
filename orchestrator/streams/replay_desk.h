#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/streams/log_stretch.h"
#include "orchestrator/streams/stream_group.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Stretches of the log for readers that are behind: from the ring at once, from
// disk through a worker.  Few fetches run at a time, so that those who read the
// past do not slow down those who follow the present; a stretch just built serves
// every reader of its group that stands in it.
//
// Confined to the reactor.
class ReplayDesk : public std::enable_shared_from_this<ReplayDesk> {
 public:
  // Tells a reader that its fetch is done.  Called on the reactor.
  using Fetched = std::function<void(std::uint64_t reader, FrameBatchPtr)>;

  ReplayDesk(TraceStreamBus& bus, std::shared_ptr<const StoredLog> log,
             std::shared_ptr<Projector> projector, Reactor& reactor, WorkerPool& workers,
             Metrics& metrics);
  ReplayDesk(const ReplayDesk&) = delete;
  ReplayDesk& operator=(const ReplayDesk&) = delete;

  // A batch at hand that begins at or before `from` and reaches it.
  FrameBatchPtr at_hand(const StreamGroup& group, Sequence from) const;
  // The same, built from the ring, up to `through`.  Null: the ring forgot `from`.
  FrameBatchPtr from_ring(const StreamGroup& group, Sequence from, Sequence through);
  // The same, from disk, later.  One fetch per reader at a time.
  void fetch(std::uint64_t reader, GroupPtr group, Sequence from, Sequence through,
             Fetched then);
  // The reader is gone: whatever was asked for it is not wanted any more.
  void forget(std::uint64_t reader);

 private:
  struct Wanted {
    GroupPtr group;
    StretchRequest request;
    Fetched then;
  };
  struct AtHand {
    std::uint64_t group;
    FrameBatchPtr batch;
  };

  void start_some();
  void done(std::uint64_t reader, Stretch stretch);
  void keep(const StreamGroup& group, FrameBatchPtr batch);

  TraceStreamBus& bus_;
  const std::shared_ptr<const StoredLog> log_;
  const std::shared_ptr<Projector> projector_;
  Reactor& reactor_;
  WorkerPool& workers_;
  Counter& fetches_;
  Counter& gaps_;

  std::unordered_map<std::uint64_t, Wanted> wanted_;  // waiting, or in a worker's hands
  std::deque<std::uint64_t> waiting_;
  std::size_t running_ = 0;
  Timer retry_;  // the workers' queue was full

  std::vector<AtHand> at_hand_;  // a ring of the newest
  std::size_t oldest_at_hand_ = 0;

  std::vector<EntryPtr> entries_;  // of one from_ring(), used again
  std::string frame_;
};

}  // namespace devs
