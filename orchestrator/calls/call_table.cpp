#include "orchestrator/calls/call_table.h"

#include <algorithm>

namespace devs {

void CallTable::park(CallPtr call, TimePoint deadline) {
  const CallId id = call->id;
  MutexLock lock(mutex_);
  by_deadline_.emplace(deadline, id);
  parked_.emplace(id, Parked{std::move(call), deadline});
}

CallPtr CallTable::take(CallId id) {
  MutexLock lock(mutex_);
  auto found = parked_.find(id);
  if (found == parked_.end()) return nullptr;
  CallPtr call = std::move(found->second.call);
  by_deadline_.erase({found->second.deadline, id});
  parked_.erase(found);
  return call;
}

bool CallTable::with(CallId id, const std::function<void(Call&)>& look) {
  MutexLock lock(mutex_);
  auto found = parked_.find(id);
  if (found == parked_.end()) return false;
  look(*found->second.call);
  return true;
}

bool CallTable::extend(CallId id, TimePoint deadline) {
  MutexLock lock(mutex_);
  auto found = parked_.find(id);
  if (found == parked_.end()) return false;
  by_deadline_.erase({found->second.deadline, id});
  found->second.deadline = std::min(deadline, found->second.call->hard_deadline);
  by_deadline_.emplace(found->second.deadline, id);
  return true;
}

CallPtr CallTable::take_due(TimePoint now) {
  MutexLock lock(mutex_);
  if (by_deadline_.empty() || by_deadline_.begin()->first > now) return nullptr;
  auto found = parked_.find(by_deadline_.begin()->second);
  by_deadline_.erase(by_deadline_.begin());
  CallPtr call = std::move(found->second.call);
  parked_.erase(found);
  return call;
}

std::optional<TimePoint> CallTable::next_deadline() const {
  MutexLock lock(mutex_);
  if (by_deadline_.empty()) return std::nullopt;
  return by_deadline_.begin()->first;
}

std::vector<CallId> CallTable::ids() const {
  MutexLock lock(mutex_);
  std::vector<CallId> all;
  all.reserve(parked_.size());
  for (const auto& [id, call] : parked_) all.push_back(id);
  return all;
}

}  // namespace devs
