#pragma once

#include <deque>
#include <memory>

#include "orchestrator/net/worker_pool.h"
#include "trace/mutex.h"
#include "trace/work.h"

namespace devs {

// Runs work of one owner one piece at a time, in order, on a pool that others share: what
// it touches needs no lock.
//
// Work that throws ends alone, and the pool counts it; the next piece has its turn.
// A pool that is full makes it wait, never the caller: that may be the reactor.  After the
// pool has been stopped the caller runs what waits, here and now; the reactor has ended before.
// Thread-safe.
class SerialWork : public std::enable_shared_from_this<SerialWork> {
 public:
  explicit SerialWork(WorkerPool& pool) : pool_(pool) {}
  SerialWork(const SerialWork&) = delete;
  SerialWork& operator=(const SerialWork&) = delete;

  void post(Work work) DEVS_EXCLUDES(mutex_);

 private:
  void drain() DEVS_EXCLUDES(mutex_);

  WorkerPool& pool_;
  Mutex mutex_;
  std::deque<Work> waiting_ DEVS_GUARDED_BY(mutex_);
  bool running_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
