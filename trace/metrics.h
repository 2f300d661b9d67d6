#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// A number that goes up and down.  Thread-safe, lock-free.
class Gauge {
 public:
  void set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
  void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// How values spread over buckets.  Thread-safe, lock-free.
class Histogram {
 public:
  // Upper bounds of the buckets, ascending; one more takes what is above.
  explicit Histogram(std::span<const double> bounds);

  void observe(double value);
  std::uint64_t count() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }
  const std::vector<double>& bounds() const { return bounds_; }
  std::uint64_t in_bucket(std::size_t bucket) const {  // bounds().size(): above them all
    return buckets_[bucket].load(std::memory_order_relaxed);
  }

 private:
  const std::vector<double> bounds_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

// Seconds, from a write into the page cache to a disk that is about to fail.
inline constexpr double kSecondsBounds[] = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025,
                                            0.005,   0.01,   0.025,   0.05,   0.1,   0.25,
                                            0.5,     1,      2.5,     5};

// Every number of one process, by name and labels.  Label values come from
// closed sets, never from input, so the number of series is bounded.
//
// Thread-safe.  References stay valid as long as the registry.
class Metrics {
 public:
  // `labels` in the form of the text exposition, escaped: `code="400",reason="host"`.  One name
  // is one kind; a counter whose name does not end in _total is shown as a gauge.
  Counter& counter(std::string_view name, std::string_view labels = {}) DEVS_EXCLUDES(mutex_);
  Gauge& gauge(std::string_view name, std::string_view labels = {}) DEVS_EXCLUDES(mutex_);
  // `bounds` are those of the first call.
  Histogram& histogram(std::string_view name, std::span<const double> bounds,
                       std::string_view labels = {}) DEVS_EXCLUDES(mutex_);
  // One sentence on all series of a name, for the text.
  void describe(std::string_view name, std::string_view help) DEVS_EXCLUDES(mutex_);
  // Prometheus text exposition format 0.0.4, sorted by name.
  std::string text() const DEVS_EXCLUDES(mutex_);

 private:
  struct Series {  // one of them
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
  };
  Series& series(std::string_view name, std::string_view labels) DEVS_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Series, std::less<>> series_ DEVS_GUARDED_BY(mutex_);
  std::map<std::string, std::string, std::less<>> help_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
