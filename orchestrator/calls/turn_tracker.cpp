#include "orchestrator/calls/turn_tracker.h"

namespace devs {

TurnTracker::Place TurnTracker::begin(std::string_view task, std::string_view thread,
                                      std::optional<std::int64_t> host_turn, bool with_thought,
                                      const TraceOfTask& trace_of_task) {
  Place place;
  place.key.reserve(task.size() + thread.size() + 1);
  place.key.append(task).append(1, '\0').append(thread);

  MutexLock lock(mutex_);
  auto [found, is_new] = threads_.try_emplace(place.key);
  Thread& here = found->second;
  if (is_new) {
    here.age = by_age_.insert(by_age_.end(), place.key);
    if (trace_of_task) here.trace_id = trace_of_task(task);
    forget_oldest();
  } else {
    by_age_.splice(by_age_.end(), by_age_, here.age);
  }

  const std::uint64_t before = here.turn;
  const bool was_open = here.opened;
  if (host_turn) {
    here.turn = static_cast<std::uint64_t>(*host_turn);
  } else if (was_open && (here.running == 0 || with_thought)) {
    ++here.turn;
  }
  if (!was_open || here.turn != before) here.calls = 0;
  here.opened = true;
  ++here.running;
  place.turn_index = here.turn;
  place.call_index = here.calls++;
  place.trace_id = here.trace_id;
  return place;
}

void TurnTracker::ended(const Place& place) {
  MutexLock lock(mutex_);
  auto found = threads_.find(place.key);
  if (found != threads_.end() && found->second.running > 0) --found->second.running;
}

void TurnTracker::forget_oldest() {
  // Calls in flight are bounded far below kKept, so an idle one is near the front.
  for (auto oldest = by_age_.begin(); threads_.size() > kKept && oldest != by_age_.end();) {
    auto found = threads_.find(*oldest);
    if (found->second.running > 0) {
      ++oldest;
      continue;
    }
    threads_.erase(found);
    oldest = by_age_.erase(oldest);
  }
}

}  // namespace devs
