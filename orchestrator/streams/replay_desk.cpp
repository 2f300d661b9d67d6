#include "orchestrator/streams/replay_desk.h"

#include <algorithm>
#include <string>
#include <utility>

namespace devs {
namespace {

constexpr std::size_t kMaxFetches = 4;
constexpr std::size_t kMaxAtHand = 16;
constexpr std::size_t kRingEntries = 512;  // per batch: a turn stays short
constexpr std::size_t kRingBytes = 256 * 1024;
constexpr auto kRetry = std::chrono::milliseconds(20);

}  // namespace

ReplayDesk::ReplayDesk(TraceStreamBus& bus, std::shared_ptr<const StoredLog> log,
                       std::shared_ptr<Projector> projector, const LiveLag& lag, Reactor& reactor,
                       WorkerPool& workers, Metrics& metrics)
    : bus_(bus),
      log_(std::move(log)),
      projector_(std::move(projector)),
      lag_(lag),
      reactor_(reactor),
      workers_(workers),
      fetches_(metrics.counter("stream_disk_fetches_total")),
      rationed_(metrics.counter("stream_replay_rationed_total")),
      retry_([this] { start_some(); }) {
  for (const LossReason reason : {LossReason::expired, LossReason::corrupt, LossReason::recorder})
    gaps_[static_cast<std::size_t>(reason)] =
        &metrics.counter("stream_gaps_total", "reason=\"" + std::string(name_of(reason)) + '"');
}

FrameBatchPtr ReplayDesk::find(const StreamGroup& group, Sequence from, bool from_disk) const {
  for (const AtHand& each : at_hand_)
    if (each.group == group.id && each.batch->first <= from && from <= each.batch->last &&
        (from_disk || !each.from_disk))
      return each.batch;
  return nullptr;
}

FrameBatchPtr ReplayDesk::at_hand(const StreamGroup& group, Sequence from) const {
  return find(group, from, !lag_.matters(reactor_.now()));
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
    if (!group.filter.matches(*entry)) continue;
    frame_.clear();
    projector_->append(*group.view.projection, *entry, frame_);
    batch->append(entry->sequence, frame_, group.view.chunked);
    if (group.view.ends_with(entry->facts.name)) batch->finish();
  }
  entries_.clear();
  keep(group, batch, false);
  return batch;
}

void ReplayDesk::fetch(std::uint64_t reader, GroupPtr group, Sequence from, Sequence through,
                       bool stamped, Fetched then) {
  if (wanted_.contains(reader)) return;
  StretchRequest request{from, through, group->view, group->filter, stamped};
  wanted_.emplace(reader,
                  Wanted{++last_ticket_, std::move(group), std::move(request), std::move(then)});
  waiting_.push_back(reader);
  start_some();
}

void ReplayDesk::cancel(std::uint64_t reader) {
  if (wanted_.erase(reader) > 0) std::erase(waiting_, reader);  // a worker's answer finds nobody
}

void ReplayDesk::leave(std::uint64_t reader) {
  cancel(reader);
  toll_.forget(reader);
}

void ReplayDesk::start_some() {
  const TimePoint now = reactor_.now();
  const bool each = lag_.hurts(now);
  if (!lag_.matters(now)) toll_.clear();
  if (toll_.open_to_all() > now) {
    if (!waiting_.empty()) rationed_.add();
    return again_at(toll_.open_to_all());
  }
  TimePoint earliest = TimePoint::max();
  for (std::size_t left = waiting_.size(); left > 0 && running_ < kMaxFetches; --left) {
    const std::uint64_t reader = waiting_.front();
    waiting_.pop_front();
    const auto wanted = wanted_.find(reader);
    if (wanted == wanted_.end() || wanted->second.in_hand) continue;
    // Asked anew for each: what one is handed over counts for the next.
    const TimePoint open = each ? toll_.open_to(reader) : toll_.open_to_all();
    if (open > now) {
      rationed_.add();
      earliest = std::min(earliest, open);
      waiting_.push_back(reader);
      continue;
    }
    if (start(reader, wanted->second)) continue;
    waiting_.push_front(reader);
    earliest = std::min(earliest, now + kRetry);
    break;
  }
  if (earliest != TimePoint::max()) again_at(earliest);
}

// False: the workers have no room.
bool ReplayDesk::start(std::uint64_t reader, Wanted& wanted) {
  // Built for a neighbour while this one waited?
  if (FrameBatchPtr batch =
          wanted.request.stamped ? nullptr : find(*wanted.group, wanted.request.from, true)) {
    charge(reader, batch->bytes().size());
    hand_over(reader, std::move(batch));
    return true;
  }
  // The worker holds what it reads with; only the way back is weak.
  const Status accepted =
      workers_.try_submit([reader, ticket = wanted.ticket, request = wanted.request, log = log_,
                           projector = projector_, &reactor = reactor_, desk = weak_from_this()] {
        Stretch stretch = read_stretch(*log, *projector, request);
        reactor.post([reader, ticket, desk, stretch = std::move(stretch)]() mutable {
          if (const auto here = desk.lock()) here->done(reader, ticket, std::move(stretch));
        });
      });
  if (!accepted.ok()) return false;
  wanted.in_hand = true;
  ++running_;
  fetches_.add();
  return true;
}

void ReplayDesk::done(std::uint64_t reader, std::uint64_t ticket, Stretch stretch) {
  --running_;
  charge(reader, stretch.scanned);  // read is read, wanted or not
  const auto wanted = wanted_.find(reader);
  if (wanted != wanted_.end() && wanted->second.ticket == ticket) {
    for (std::size_t reason = 0; reason < gaps_.size(); ++reason)
      gaps_[reason]->add(stretch.gaps[reason]);
    // A gap is declared from where that one reader stood.
    if (!stretch.has_gap() && !wanted->second.request.stamped)
      keep(*wanted->second.group, stretch.batch, true);
    hand_over(reader, std::move(stretch.batch));
  }
  start_some();
}

void ReplayDesk::charge(std::uint64_t reader, std::size_t bytes) {
  const TimePoint now = reactor_.now();
  if (lag_.matters(now)) toll_.charge(reader, bytes, now);
}

// REQUIRES: it is wanted.
void ReplayDesk::hand_over(std::uint64_t reader, FrameBatchPtr batch) {
  const auto wanted = wanted_.find(reader);
  const Fetched then = std::move(wanted->second.then);
  wanted_.erase(wanted);
  then(reader, std::move(batch));
}

void ReplayDesk::again_at(TimePoint when) {
  if (!retry_.armed() || when < retry_.deadline()) reactor_.timers().set(retry_, when);
}

void ReplayDesk::keep(const StreamGroup& group, FrameBatchPtr batch, bool from_disk) {
  if (at_hand_.size() < kMaxAtHand) {
    at_hand_.push_back({group.id, std::move(batch), from_disk});
    return;
  }
  at_hand_[oldest_at_hand_] = {group.id, std::move(batch), from_disk};
  oldest_at_hand_ = (oldest_at_hand_ + 1) % kMaxAtHand;
}

}  // namespace devs
