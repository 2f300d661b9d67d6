#include "orchestrator/net/worker_pool.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <limits>
#include <utility>

namespace devs {

WorkerPool::WorkerPool(Options options) : options_(std::move(options)) {
  threads_.reserve(options_.threads);
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { run_until_closed(); });
    const std::string name = fmt::format("{}-{}", options_.name.substr(0, 11), i);
    pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
  }
}

Status WorkerPool::try_submit(Work work) {
  return accept(std::move(work), options_.queue_capacity);
}

Status WorkerPool::submit(Work work) {
  return accept(std::move(work), std::numeric_limits<std::size_t>::max());
}

Status WorkerPool::accept(Work work, std::size_t most_waiting) {
  std::shared_ptr<Idle> called;
  {
    MutexLock lock(mutex_);
    if (closed_)
      return Status(Code::unavailable, fmt::format("{}: the pool is closed", options_.name));
    if (queue_.size() >= most_waiting)
      return Status(Code::resource_exhausted,
                    fmt::format("{}: the queue is full: {} waiting, {} threads", options_.name,
                                queue_.size(), options_.threads));
    queue_.push_back(std::move(work));
    // A busy worker looks by itself when it is done.
    if (!idle_.empty()) {
      called = std::move(idle_.back());
      idle_.pop_back();
      called->is_called = true;
    }
  }
  if (called) called->called.notify_one();
  return {};
}

std::size_t WorkerPool::waiting() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

void WorkerPool::stop() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (const auto& each : idle_) {
      each->is_called = true;
      each->called.notify_one();
    }
    idle_.clear();
  }
  threads_.clear();  // joins
}

void WorkerPool::run_until_closed() {
  // On Linux a thread's own affair; refused: then as everybody else.
  if (options_.nice != 0) (void)::setpriority(PRIO_PROCESS, 0, options_.nice);
  const auto self = std::make_shared<Idle>();
  for (;;) {
    Work work;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !closed_) {
        self->is_called = false;
        idle_.push_back(self);
        while (!self->is_called) self->called.wait(mutex_);
      }
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    run(work);
  }
}

void WorkerPool::run(Work& work) {
  try {
    work();
  } catch (...) {
    // House code does not throw; what a library threw past its named place (no
    // memory, mostly) ends this piece of work, not the process.
    escaped_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace devs
