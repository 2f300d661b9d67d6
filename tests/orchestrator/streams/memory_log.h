#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trace/mutex.h"
#include "trace/stored_log.h"

namespace devs {

// A stored log whose oldest entries go and whose records break when the test says
// so: what retention and a bad disk do.  Thread-safe.
class MemoryLog final : public StoredLog {
 public:
  void append(EntryPtr entry) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    entries_.push_back(std::move(entry));
  }
  // Entry n of the log, with a body that says so.
  void append_numbered(std::size_t count) {
    for (; count > 0; --count) {
      auto entry = std::make_shared<Entry>();
      entry->sequence = size() + 1;
      entry->body = R"({"type":"thought","n":)" + std::to_string(entry->sequence) + '}';
      entry->facts = facts_of(entry->body);
      append(std::move(entry));
    }
  }
  void drop_before(Sequence oldest) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    oldest_ = oldest;
  }
  void corrupt(Sequence sequence) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    corrupt_.insert(sequence);
  }
  std::size_t size() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return entries_.size();
  }
  std::size_t reads() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return reads_;
  }

  Sequence oldest() const override DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return oldest_;
  }
  Sequence last() const override { return size(); }
  ReadOutcome read(Sequence from, ReadLimits limits, const OnLine& on_line) const override
      DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++reads_;
    if (from < oldest_) return {oldest_, Loss{from, oldest_ - 1, LossReason::expired}};
    Sequence bad = from;
    while (corrupt_.contains(bad)) ++bad;
    if (bad > from) return {bad, Loss{from, bad - 1, LossReason::corrupt}};
    std::size_t bytes = 0;
    Sequence at = from;
    for (; at <= entries_.size() && !corrupt_.contains(at); ++at) {
      const EntryPtr& entry = entries_[static_cast<std::size_t>(at - 1)];
      bytes += entry->body.size();
      if (at > from && (at - from >= limits.entries || bytes > limits.bytes)) break;
      on_line({.sequence = at, .body = entry->body, .topics = {}, .stored_ms = 0});
    }
    return {at, {}};
  }
  Sequence first_since(std::int64_t) const override { return oldest(); }

 private:
  mutable Mutex mutex_;
  std::vector<EntryPtr> entries_ DEVS_GUARDED_BY(mutex_);
  std::set<Sequence> corrupt_ DEVS_GUARDED_BY(mutex_);
  Sequence oldest_ DEVS_GUARDED_BY(mutex_) = 1;
  mutable std::size_t reads_ DEVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace devs
