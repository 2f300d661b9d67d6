#include "orchestrator/streams/replay_desk.h"

#include <algorithm>
#include <utility>

namespace devs {
namespace {

constexpr std::size_t kMaxFetches = 4;
constexpr std::size_t kMaxAtHand = 16;
constexpr std::size_t kRingEntries = 512;        // per batch: a turn stays short
constexpr std::size_t kRingBytes = 256 * 1024;
constexpr auto kRetry = std::chrono::milliseconds(20);

}  // namespace

ReplayDesk::ReplayDesk(TraceStreamBus& bus, std::shared_ptr<const StoredLog> log,
                       std::shared_ptr<Projector> projector, Reactor& reactor,
                       WorkerPool& workers, Metrics& metrics)
    : bus_(bus),
      log_(std::move(log)),
      projector_(std::move(projector)),
      reactor_(reactor),
      workers_(workers),
      fetches_(metrics.counter("stream_disk_fetches_total")),
      gaps_(metrics.counter("stream_gaps_total")),
      retry_([this] { start_some(); }) {}

FrameBatchPtr ReplayDesk::at_hand(const StreamGroup& group, Sequence from) const {
  for (const AtHand& each : at_hand_)
    if (each.group == group.id && each.batch->first <= from && from <= each.batch->last)
      return each.batch;
  return nullptr;
}

FrameBatchPtr ReplayDesk::from_ring(const StreamGroup& group, Sequence from, Sequence through) {
  entries_.clear();
  const auto read = bus_.read(from, kRingEntries, kRingBytes, entries_);
  if (read != TraceStreamBus::Read::entries) return nullptr;
  auto batch = std::make_shared<FrameBatch>();
  batch->first = from;
  batch->last = std::min(entries_.back()->sequence, through);
  for (const EntryPtr& entry : entries_) {
    if (entry->sequence > through) break;
    if (!group.filter.matches(entry->facts)) continue;
    frame_.clear();
    projector_->append(group.projection, *entry, frame_);
    batch->append(entry->sequence, frame_, group.chunked);
  }
  entries_.clear();
  keep(group, batch);
  return batch;
}

void ReplayDesk::fetch(std::uint64_t reader, GroupPtr group, Sequence from, Sequence through,
                       Fetched then) {
  StretchRequest request{from, through, group->projection, group->chunked, group->filter};
  if (!wanted_.try_emplace(reader, Wanted{std::move(group), std::move(request), std::move(then)})
           .second)
    return;
  waiting_.push_back(reader);
  start_some();
}

void ReplayDesk::forget(std::uint64_t reader) {
  wanted_.erase(reader);  // its number in waiting_, or a worker's answer, finds nobody
}

void ReplayDesk::start_some() {
  while (running_ < kMaxFetches && !waiting_.empty()) {
    const std::uint64_t reader = waiting_.front();
    const auto wanted = wanted_.find(reader);
    if (wanted == wanted_.end()) {
      waiting_.pop_front();
      continue;
    }
    // Built for a neighbour while this one waited?
    if (FrameBatchPtr batch =
            at_hand(*wanted->second.group, wanted->second.request.from)) {
      waiting_.pop_front();
      const Fetched then = std::move(wanted->second.then);
      wanted_.erase(wanted);
      then(reader, std::move(batch));
      continue;
    }
    // The worker holds what it reads with; only the way back is weak.
    const Status accepted = workers_.try_submit(
        [reader, request = wanted->second.request, log = log_, projector = projector_,
         &reactor = reactor_, desk = weak_from_this()] {
          Stretch stretch = read_stretch(*log, *projector, request);
          reactor.post([reader, desk, stretch = std::move(stretch)]() mutable {
            if (const auto here = desk.lock()) here->done(reader, std::move(stretch));
          });
        });
    if (!accepted.ok()) {
      if (!retry_.armed()) reactor_.timers().set(retry_, reactor_.now() + kRetry);
      return;
    }
    waiting_.pop_front();
    ++running_;
    fetches_.add();
  }
}

void ReplayDesk::done(std::uint64_t reader, Stretch stretch) {
  --running_;
  if (stretch.has_gap) gaps_.add();
  if (const auto wanted = wanted_.find(reader); wanted != wanted_.end()) {
    const Wanted answered = std::move(wanted->second);
    wanted_.erase(wanted);
    // A gap is declared from where that one reader stood.
    if (!stretch.has_gap) keep(*answered.group, stretch.batch);
    answered.then(reader, std::move(stretch.batch));
  }
  start_some();
}

void ReplayDesk::keep(const StreamGroup& group, FrameBatchPtr batch) {
  if (at_hand_.size() < kMaxAtHand) {
    at_hand_.push_back({group.id, std::move(batch)});
    return;
  }
  at_hand_[oldest_at_hand_] = {group.id, std::move(batch)};
  oldest_at_hand_ = (oldest_at_hand_ + 1) % kMaxAtHand;
}

}  // namespace devs
