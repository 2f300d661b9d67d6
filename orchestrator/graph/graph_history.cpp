#include "orchestrator/graph/graph_history.h"

namespace devs {

constexpr std::int64_t kMinuteMs = 60'000;

void GraphHistory::add(std::int64_t ms, const GraphMinute& more) {
  MutexLock lock(mutex_);
  const std::int64_t now = ms / kMinuteMs;
  GraphMinute& minute = minutes_[now];
  minute.minute = now;
  minute.edges = more.edges;
  minute.nodes = more.nodes;
  minute.confidence = more.confidence;
  minute.workflows += more.workflows;
  minute.succeeded += more.succeeded;
  minute.new_edges += more.new_edges;
  minute.new_nodes += more.new_nodes;
  minutes_.erase(minutes_.begin(), minutes_.lower_bound(now - kKeptMinutes));
}

void GraphHistory::put(const GraphMinute& minute) {
  MutexLock lock(mutex_);
  minutes_[minute.minute] = minute;
}

std::vector<GraphMinute> GraphHistory::since(std::int64_t minute) const {
  std::vector<GraphMinute> found;
  MutexLock lock(mutex_);
  for (auto at = minutes_.lower_bound(minute); at != minutes_.end(); ++at)
    found.push_back(at->second);
  return found;
}

}  // namespace devs
