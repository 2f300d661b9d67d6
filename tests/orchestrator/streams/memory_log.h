#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "trace/mutex.h"
#include "trace/stored_log.h"

namespace devs {

// A stored log whose oldest entries go, whose records break and whose recorder skips
// when the test says so: what retention and a bad disk do.  Thread-safe.
class MemoryLog final : public StoredLog {
 public:
  void append(EntryPtr entry, std::int64_t stored_ms = 0) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    entries_.push_back({std::move(entry), stored_ms});
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
    oldest_ = std::max(oldest_, oldest);
  }
  void corrupt(Sequence sequence) { lose(sequence, LossReason::corrupt); }
  void never_stored(Sequence sequence) { lose(sequence, LossReason::recorder); }
  // Is it lost to whoever reads the log?
  bool lost(Sequence sequence) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return sequence < oldest_ || lost_.contains(sequence);
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
    if (const auto first = lost_.find(from); first != lost_.end()) {
      Sequence past = from;
      for (auto at = first; at != lost_.end() && at->first == past && at->second == first->second;
           ++at)
        ++past;
      return {past, Loss{from, past - 1, first->second}};
    }
    std::size_t bytes = 0;
    Sequence at = from;
    for (; at <= entries_.size() && !lost_.contains(at); ++at) {
      const Stored& stored = entries_[static_cast<std::size_t>(at - 1)];
      bytes += stored.entry->body.size();
      if (at > from && (at - from >= limits.entries || bytes > limits.bytes)) break;
      on_line({.sequence = at,
               .body = stored.entry->body,
               .topics = stored.entry->topics,
               .stored_ms = stored.ms});
    }
    return {at, {}};
  }
  Sequence first_since(std::int64_t ms) const override DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    Sequence at = oldest_;
    while (at <= entries_.size() && entries_[static_cast<std::size_t>(at - 1)].ms < ms) ++at;
    return at;
  }

 private:
  struct Stored {
    EntryPtr entry;
    std::int64_t ms;
  };

  void lose(Sequence sequence, LossReason reason) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    lost_.emplace(sequence, reason);
  }

  mutable Mutex mutex_;
  std::vector<Stored> entries_ DEVS_GUARDED_BY(mutex_);
  std::map<Sequence, LossReason> lost_ DEVS_GUARDED_BY(mutex_);
  Sequence oldest_ DEVS_GUARDED_BY(mutex_) = 1;
  mutable std::size_t reads_ DEVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace devs
