#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "trace/mutex.h"
#include "trace/stored_log.h"

namespace devs {

// A stored log in memory that loses what the test takes from it.  Thread-safe.
class ShelfLog final : public StoredLog {
 public:
  struct Kept {
    std::string body;
    std::int64_t stored_ms = 0;
    std::string topics = {};
  };

  Sequence add(std::string body, std::int64_t stored_ms = 0, std::string topics = {})
      DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    kept_.push_back({std::move(body), stored_ms, std::move(topics)});
    return kept_.size();
  }
  void drop_before(Sequence oldest) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    oldest_ = oldest;
  }
  void lose(Sequence from, Sequence through, LossReason reason) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    losses_[from] = {from, through, reason};
  }
  // The log as a backup brought it back: cut after `last`, or changed.
  void cut(Sequence last) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    kept_.resize(static_cast<std::size_t>(last));
  }
  void change(Sequence sequence, std::string body) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    kept_[static_cast<std::size_t>(sequence - 1)].body = std::move(body);
  }
  std::string body(Sequence sequence) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return kept_[static_cast<std::size_t>(sequence - 1)].body;
  }
  std::int64_t stored_ms(Sequence sequence) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return kept_[static_cast<std::size_t>(sequence - 1)].stored_ms;
  }
  std::size_t reads() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return reads_;
  }

  Sequence oldest() const override DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return oldest_;
  }
  Sequence last() const override DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return kept_.size();
  }
  ReadOutcome read(Sequence from, ReadLimits limits, const OnLine& on_line) const override
      DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++reads_;
    if (from < oldest_) return {oldest_, Loss{from, oldest_ - 1, LossReason::expired}};
    std::size_t bytes = 0;
    Sequence at = from;
    for (; at <= kept_.size() && at - from < limits.entries; ++at) {
      const Kept& kept = kept_[static_cast<std::size_t>(at - 1)];
      bytes += kept.body.size();
      if (at > from && bytes > limits.bytes) break;
      if (const Loss* const loss = loss_at(at)) {
        if (at > from) break;
        return {loss->through + 1, Loss{from, loss->through, loss->reason}};
      }
      on_line(
          {.sequence = at, .body = kept.body, .topics = kept.topics, .stored_ms = kept.stored_ms});
    }
    return {at, {}};
  }
  Sequence first_since(std::int64_t ms) const override DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = std::find_if(kept_.begin(), kept_.end(),
                                    [ms](const Kept& kept) { return kept.stored_ms >= ms; });
    return static_cast<Sequence>(found - kept_.begin()) + 1;
  }

 private:
  const Loss* loss_at(Sequence sequence) const DEVS_REQUIRES(mutex_) {
    auto after = losses_.upper_bound(sequence);
    if (after == losses_.begin()) return nullptr;
    const Loss& loss = std::prev(after)->second;
    return sequence <= loss.through ? &loss : nullptr;
  }

  mutable Mutex mutex_;
  std::vector<Kept> kept_ DEVS_GUARDED_BY(mutex_);
  std::map<Sequence, Loss> losses_ DEVS_GUARDED_BY(mutex_);
  Sequence oldest_ DEVS_GUARDED_BY(mutex_) = 1;
  mutable std::size_t reads_ DEVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace devs
