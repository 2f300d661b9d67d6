#pragma once

#include <chrono>

#include "tests/support/patience.h"
#include "trace/mutex.h"

namespace devs {

// Holds whoever passes until the test opens it.  Thread-safe.
class Gate {
 public:
  void pass() DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    while (!open_) changed_.wait(mutex_);
  }
  // False when fewer than `how_many` have come in `kPatience`.
  bool wait_for_arrival(int how_many = 1) DEVS_EXCLUDES(mutex_) {
    const auto deadline = soon();
    MutexLock lock(mutex_);
    while (arrived_ < how_many)
      if (!changed_.wait_until(mutex_, deadline)) return arrived_ >= how_many;
    return true;
  }
  void open() DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  int arrived() DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return arrived_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int arrived_ DEVS_GUARDED_BY(mutex_) = 0;
  bool open_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
