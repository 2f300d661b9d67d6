#pragma once

#include <chrono>

#include "trace/clock.h"
#include "trace/mutex.h"

namespace devs {

// A clock that stands still until the test moves it.  The two faces move apart
// when the test says so: a wall clock may jump, a steady one may not.
//
// Thread-safe.
class FakeClock final : public Clock {
 public:
  using Wall = std::chrono::system_clock::time_point;

  // 2026-11-21T01:24:05.120Z, the example of the design pages.
  FakeClock() = default;

  TimePoint steady() const override DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return steady_;
  }
  Wall wall() const override DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return wall_;
  }

  void advance(Duration by) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    steady_ += by;
    wall_ += std::chrono::duration_cast<Wall::duration>(by);
  }
  // Somebody set the machine's clock; deadlines do not notice.
  void set_wall(Wall to) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    wall_ = to;
  }

 private:
  mutable Mutex mutex_;
  TimePoint steady_ DEVS_GUARDED_BY(mutex_) = TimePoint(std::chrono::hours(1));
  Wall wall_ DEVS_GUARDED_BY(mutex_) = Wall(std::chrono::milliseconds(1'795'224'245'120));
};

}  // namespace devs
