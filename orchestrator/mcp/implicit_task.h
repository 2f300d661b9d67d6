#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "trace/clock.h"
#include "trace/mutex.h"

namespace devs {

// The task that calls belong to when their host named none (SAOP section 2): one
// id while calls run, and for kTaskIdle after the last one ended; then the next
// call begins another.  Thread-safe.
class ImplicitTask {
 public:
  static constexpr std::chrono::seconds kTaskIdle{60};

  std::string begin_call(const Clock& clock) DEVS_EXCLUDES(mutex_);
  void end_call(const Clock& clock) DEVS_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::string id_ DEVS_GUARDED_BY(mutex_);
  std::size_t running_ DEVS_GUARDED_BY(mutex_) = 0;
  TimePoint last_end_ DEVS_GUARDED_BY(mutex_){};
};

// One implicit task per principal, for requests without a session.  Bounded by
// kMaxPrincipals: when full, all make room and begin anew.  Thread-safe.
class PrincipalTasks {
 public:
  static constexpr std::size_t kMaxPrincipals = 10'000;

  std::shared_ptr<ImplicitTask> of(std::string_view principal) DEVS_EXCLUDES(mutex_);
  std::size_t size() const DEVS_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<ImplicitTask>, std::less<>> tasks_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
