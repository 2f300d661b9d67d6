#include "orchestrator/net/worker_pool.h"

#include <fmt/format.h>
#include <pthread.h>

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
  bool wake = false;
  {
    MutexLock lock(mutex_);
    if (closed_)
      return Status(Code::unavailable, fmt::format("{}: the pool is closed", options_.name));
    if (queue_.size() >= options_.queue_capacity)
      return Status(Code::resource_exhausted,
                    fmt::format("{}: the queue is full: {} waiting, {} threads", options_.name,
                                queue_.size(), options_.threads));
    queue_.push_back(std::move(work));
    wake = idle_ > 0;  // a busy worker looks by itself when it is done
  }
  if (wake) changed_.notify_one();
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
  }
  changed_.notify_all();
  threads_.clear();  // joins
}

void WorkerPool::run_until_closed() {
  for (;;) {
    Work work;
    {
      MutexLock lock(mutex_);
      ++idle_;
      while (queue_.empty() && !closed_) changed_.wait(mutex_);
      --idle_;
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    try {
      work();
    } catch (...) {
      // House code does not throw; what a library threw past its named place (no
      // memory, mostly) ends this piece of work, not the process.
      escaped_.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

}  // namespace devs
