#include "orchestrator/mcp/loose_calls.h"

namespace devs {

LooseCalls::PlacePtr LooseCalls::add(Key key, RunningCallPtr call) {
  MutexLock lock(mutex_);
  return std::make_unique<Place>(*this, calls_.emplace(std::move(key), std::move(call)));
}

RunningCallPtr LooseCalls::find(const Key& key) const {
  MutexLock lock(mutex_);
  const auto [first, last] = calls_.equal_range(key);
  return first != last && std::next(first) == last ? first->second : nullptr;
}

std::vector<RunningCallPtr> LooseCalls::of(const void* pipe) const {
  std::vector<RunningCallPtr> all;
  MutexLock lock(mutex_);
  for (const auto& [key, call] : calls_)
    if (key.pipe == pipe) all.push_back(call);
  return all;
}

void LooseCalls::erase(Calls::iterator at) {
  RunningCallPtr last;  // dies after the lock
  MutexLock lock(mutex_);
  last = std::move(at->second);
  calls_.erase(at);
}

}  // namespace devs
