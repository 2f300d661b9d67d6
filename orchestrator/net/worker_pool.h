#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "protocol/status.h"
#include "trace/clock.h"
#include "trace/mutex.h"
#include "trace/work.h"

namespace devs {

// Runs submitted work on a fixed set of threads: http workers, tool workers.
//
// Bounded on purpose: a full queue is an answer (resource_exhausted), not a
// wait, so overload reaches the client while it can still do something.  What must not
// be refused goes by submit().
//
// Thread-safe, except stop(), which belongs to the owner.
class WorkerPool {
 public:
  struct Options {
    std::string name = "workers";  // in thread names and messages
    std::size_t threads = 4;
    std::size_t queue_capacity = 256;
    int nice = 0;  // of its threads; more: behind whoever a person waits for
  };

  explicit WorkerPool(Options options);
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  Status try_submit(Work work) DEVS_EXCLUDES(mutex_);
  // Takes it however much waits; only a pool that has been stopped refuses.  REQUIRES: its
  // owner has one piece waiting at most, so that owners are the bound.
  Status submit(Work work) DEVS_EXCLUDES(mutex_);
  std::size_t waiting() const DEVS_EXCLUDES(mutex_);
  // Here and now, as its threads do: an exception ends this piece of work alone.
  void run(Work& work);
  // Pieces of work that ended with an exception.
  std::uint64_t escaped() const { return escaped_.load(std::memory_order_relaxed); }

  // Refuses new work, runs what was accepted, returns when the threads are
  // gone.  Idempotent.  REQUIRES: one caller, and not a worker.
  void stop() DEVS_EXCLUDES(mutex_);

 private:
  // One that has nothing to do.
  struct Idle {
    CondVar called;
    bool is_called = false;
  };
  Status accept(Work work, std::size_t most_waiting) DEVS_EXCLUDES(mutex_);
  void run_until_closed();

  const Options options_;
  std::atomic<std::uint64_t> escaped_{0};

  mutable Mutex mutex_;
  std::deque<Work> queue_ DEVS_GUARDED_BY(mutex_);
  // The last to run dry is called first: its memory is still in the cache.
  std::vector<std::shared_ptr<Idle>> idle_ DEVS_GUARDED_BY(mutex_);
  bool closed_ DEVS_GUARDED_BY(mutex_) = false;

  std::vector<std::jthread> threads_;  // last member: joined before the rest dies
};

}  // namespace devs
