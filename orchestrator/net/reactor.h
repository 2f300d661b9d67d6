#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "orchestrator/net/timers.h"
#include "trace/bell.h"
#include "trace/clock.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/work.h"

struct epoll_event;

namespace devs {

// What epoll tells: EPOLLIN, EPOLLOUT, EPOLLHUP ... of <sys/epoll.h>.
class FdHandler {
 public:
  virtual ~FdHandler() = default;
  virtual void on_ready(std::uint32_t events) = 0;
};

// One thread, one epoll: sockets, pipes, timers, an inbox.
//
// What lives on a reactor has no lock: it is touched only inside run(), turn(),
// and work that was posted.  Nothing that runs here may block, parse a body, or
// take a lock that somebody holds over I/O; the longest turn is the metric
// `reactor_longest_turn_us`.
//
// post() and stop() are thread-safe; everything else is confined to the reactor.
class DEVS_THREAD_ATTR(capability("reactor")) Reactor {
 public:
  Reactor(const Clock& clock, Metrics& metrics);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Turns until stop(), then once more so that what was posted before is done.
  void run();
  // One turn: waits at most `wait` for something to be ready, then does
  // everything that is.  For tests, which run turns by hand.  Returns whether
  // anything happened.
  bool turn(std::chrono::milliseconds wait);
  void stop();  // idempotent

  // Work runs in the order it was posted by one thread.  Never waits, never
  // refuses: each thing in flight posts a bounded number of times.
  void post(Work work) DEVS_EXCLUDES(mutex_);
  // Work in no hurry, in the same order: it wakes nobody and waits for whatever turn
  // comes next.  While any is expected (on the reactor: told one more, one less), that
  // is soon: no sleep is longer than 100 ms.
  void post_quietly(Work work) DEVS_EXCLUDES(mutex_);
  void expect(int by) { expected_ += by; }

  // Interest in a descriptor.  Level-triggered.  The handler must outlive it and
  // must not be destroyed inside its own on_ready() without forget() first.
  void watch(int fd, std::uint32_t events, FdHandler& handler);
  void change(int fd, std::uint32_t events, FdHandler& handler);
  void forget(int fd);

  // Calls `look` on the reactor after each ring (quiet() is done here).  However many
  // bells ring, a sleeping reactor is woken by one write, and one that is awake by none.
  void attach(Bell bell, MoveFunction<void()> look);
  // `look` is not called any more, and dies.
  void detach(const Bell& bell);

  // Runs at the end of every turn, after events, timers and posted work, so that
  // what many of them asked for is done once.  True: there is more, the next
  // turn does not wait.
  class TurnEnd {
   public:
    virtual ~TurnEnd() = default;
    virtual bool on_turn_end() = 0;
  };
  void at_turn_end(TurnEnd& hook);
  void forget(TurnEnd& hook);

  TimerWheel& timers() { return timers_; }
  TimePoint now() const { return clock_.steady(); }
  const Clock& clock() const { return clock_; }

  // Bugs, not errors: asserts that the caller is on the reactor's thread.
  void assert_here() const DEVS_THREAD_ATTR(assert_capability(this));

 private:
  struct BellWatch {
    Bell bell;
    MoveFunction<void()> look;
    bool attached = true;
  };

  struct Watch {
    FdHandler* handler = nullptr;
    std::uint32_t generation = 0;  // of events, so that stale ones find nobody
  };

  int sleep(std::chrono::milliseconds wait, std::span<epoll_event> events);
  bool look_after_bells();
  bool run_posted() DEVS_EXCLUDES(mutex_);
  bool one_turn(std::chrono::milliseconds wait);
  int wait_ms(std::chrono::milliseconds wait) const;
  void dispatch(std::uint64_t key, std::uint32_t events);

  const Clock& clock_;
  Counter& longest_turn_us_;
  const int epoll_;
  const std::shared_ptr<Waker> waker_ = std::make_shared<Waker>();
  Bell inbox_bell_;
  TimerWheel timers_;
  std::vector<std::unique_ptr<BellWatch>> bells_;
  std::vector<Watch> watches_;  // by descriptor
  std::vector<TurnEnd*> turn_ends_;
  std::vector<Work> running_;  // kept for its capacity
  int expected_ = 0;           // pieces of quiet work that will come
  bool more_ = false;          // a turn end left something for the next turn
  std::atomic<bool> stopping_{false};
  std::atomic<std::thread::id> turning_{};  // who runs the present turn

  Mutex mutex_;
  std::vector<Work> inbox_ DEVS_GUARDED_BY(mutex_);
  bool inbox_rung_ DEVS_GUARDED_BY(mutex_) = false;  // since it was emptied
};

}  // namespace devs
