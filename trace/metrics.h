#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "trace/mutex.h"

namespace devs {

// A number that only grows, or one that is set.  Thread-safe, lock-free.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  // Keeps the largest value ever offered.
  void raise(std::uint64_t n);
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Every counter of one process, by name and labels.  Label values come from
// closed sets, never from input, so the number of series is bounded.
//
// Thread-safe.  References stay valid as long as the registry.
class Metrics {
 public:
  // `labels` in the form of the text exposition: `code="400",reason="host"`.
  Counter& counter(std::string_view name, std::string_view labels = {})
      DEVS_EXCLUDES(mutex_);
  // Prometheus text exposition format 0.0.4, sorted by name.
  std::string text() const DEVS_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters_
      DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
