#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "trace/mutex.h"

namespace devs {

// What happened to the graph in one minute, and how it stood at its end.
struct GraphMinute {
  std::int64_t minute = 0;  // since 1970
  std::uint64_t edges = 0, nodes = 0;
  double confidence = 0;  // the average
  std::uint64_t workflows = 0, succeeded = 0, new_edges = 0, new_nodes = 0;
};

// The minutes in which something happened, a week of them.
//
// Thread-safe.
class GraphHistory {
 public:
  static constexpr std::int64_t kKeptMinutes = 7 * 24 * 60;

  // Adds counts to the minute of `ms`, and sets how the graph stands.
  void add(std::int64_t ms, const GraphMinute& more) DEVS_EXCLUDES(mutex_);
  // As stored.
  void put(const GraphMinute& minute) DEVS_EXCLUDES(mutex_);
  // From that minute on, oldest first.
  std::vector<GraphMinute> since(std::int64_t minute) const DEVS_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::int64_t, GraphMinute> minutes_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
