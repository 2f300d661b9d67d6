#include "orchestrator/net/stored_waiters.h"

#include <utility>
#include <vector>

namespace devs {

StoredWaiters::StoredWaiters(TraceStreamBus& bus, Reactor& reactor) : bus_(bus) {
  bus_.attach(bell_);
  reactor.attach(bell_, [this] { look(); });
}

void StoredWaiters::when_stored(Sequence sequence, Then then) {
  {
    MutexLock lock(mutex_);
    waiting_.emplace(sequence, std::move(then));
  }
  // Stored between publish and here, or the recorder refused before: nobody would
  // ring for us any more.
  if (bus_.head() >= sequence || !bus_.refusal().ok()) bell_.ring();
}

void StoredWaiters::look() {
  const Sequence stored = bus_.head();
  const Status refusal = bus_.refusal();
  std::vector<std::pair<Then, bool>> woken;
  {
    MutexLock lock(mutex_);
    while (!waiting_.empty()) {
      auto first = waiting_.begin();
      const bool is_stored = first->first <= stored;
      if (!is_stored && refusal.ok()) break;
      woken.emplace_back(std::move(first->second), is_stored);
      waiting_.erase(first);
    }
  }
  for (auto& [then, is_stored] : woken) then(is_stored ? Status() : refusal);
}

}  // namespace devs
