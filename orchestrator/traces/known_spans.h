#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

#include "trace/mutex.h"

namespace devs {

// The rows that were sent last, until the index knows them: who sends one again updates it.
//
// Bounded: a new one beyond `most` forgets the oldest.  Thread-safe.
class KnownSpans {
 public:
  // The index is a fraction of a second behind; this many are minutes of one sender.
  explicit KnownSpans(std::size_t most = 10'000) : most_(most) {}

  bool has(const std::string& key) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return known_.contains(key);
  }
  void add(const std::string& key) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!known_.insert(key).second) return;
    by_age_.push_back(key);
    if (by_age_.size() <= most_) return;
    known_.erase(by_age_.front());
    by_age_.pop_front();
  }

 private:
  const std::size_t most_;
  mutable Mutex mutex_;
  std::unordered_set<std::string> known_ DEVS_GUARDED_BY(mutex_);
  std::deque<std::string> by_age_ DEVS_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace devs
