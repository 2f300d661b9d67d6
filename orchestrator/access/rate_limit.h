#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "orchestrator/net/http_message.h"
#include "trace/clock.h"
#include "trace/mutex.h"

namespace devs {

// How often something may happen per key, in any window of time.
//
// The table is bounded: a new key beyond `max_keys` forgets the one that was used
// longest ago.  Thread-safe.
class RateLimit {
 public:
  struct Options {
    std::size_t max = 5;                       // per key and window
    std::chrono::milliseconds window{30'000};  // sliding
    std::size_t max_keys = 10'000;
  };
  explicit RateLimit(Options options) : options_(options) {}

  // nullopt: it may, and it counts for each of the keys.  Else for none of them, and
  // how long until it may.
  std::optional<Duration> take(const std::vector<std::string>& keys, TimePoint now)
      DEVS_EXCLUDES(mutex_);
  std::size_t keys() const DEVS_EXCLUDES(mutex_);
  const Options& options() const { return options_; }

 private:
  struct Key {
    std::string name;
    std::vector<TimePoint> times;  // at most `max`, oldest first
  };
  using Place = std::list<Key>::iterator;

  const Options options_;
  mutable Mutex mutex_;
  std::list<Key> by_use_ DEVS_GUARDED_BY(mutex_);  // newest first
  std::unordered_map<std::string, Place> keys_ DEVS_GUARDED_BY(mutex_);
};

// The 429 for who has to wait, with `Retry-After` in whole seconds.
HttpAnswer rate_limited(const RateLimit::Options& rate, Duration wait);

}  // namespace devs
