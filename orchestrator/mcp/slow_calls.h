#pragma once

#include <chrono>
#include <memory>

#include "orchestrator/net/reactor.h"
#include "trace/mutex.h"

namespace devs {

// Told when its answer has been owed for too long.  A member of the watch's list
// while it waits.
class SlowCall {
 public:
  virtual ~SlowCall() = default;
  virtual void slow() = 0;  // on the reactor, at most once

 private:
  friend class SlowCalls;
  SlowCall* before_ = nullptr;  // all guarded by the watch's mutex
  SlowCall* after_ = nullptr;
  std::weak_ptr<SlowCall> self_;
  TimePoint due_{};
  bool waiting_ = false;
};

// One timer for every call without an answer: they all wait equally long, so a
// list in order of arrival is in order of deadline, and joining or leaving it
// costs a few pointers and no wake-up of the reactor.
//
// add() and remove() are thread-safe.  REQUIRES: a call leaves before it dies.
class SlowCalls : public std::enable_shared_from_this<SlowCalls> {
 public:
  SlowCalls(Reactor& reactor, std::chrono::milliseconds after);
  SlowCalls(const SlowCalls&) = delete;
  SlowCalls& operator=(const SlowCalls&) = delete;

  void add(const std::shared_ptr<SlowCall>& call) DEVS_EXCLUDES(mutex_);
  void remove(SlowCall& call) DEVS_EXCLUDES(mutex_);  // idempotent
  // No timer after this; on the reactor.
  void stop() DEVS_EXCLUDES(mutex_);

 private:
  void look() DEVS_EXCLUDES(mutex_);
  void unlink(SlowCall& call) DEVS_REQUIRES(mutex_);

  Reactor& reactor_;
  const std::chrono::milliseconds after_;
  Timer timer_;  // confined to the reactor

  Mutex mutex_;
  SlowCall* first_ DEVS_GUARDED_BY(mutex_) = nullptr;
  SlowCall* last_ DEVS_GUARDED_BY(mutex_) = nullptr;
  bool watching_ DEVS_GUARDED_BY(mutex_) = false;  // the timer is set, or about to be
  bool stopped_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
