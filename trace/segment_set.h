#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "trace/mutex.h"
#include "trace/segment.h"

namespace devs {

// The segments of one log, oldest first, none overlapping.  Readers take the list as it
// stands and are not disturbed by what is sealed or dropped meanwhile.
//
// Thread-safe.  Reads no file.
class SegmentSet {
 public:
  using List = std::vector<SegmentPtr>;

  std::shared_ptr<const List> list() const DEVS_EXCLUDES(mutex_);
  // All of them at once: what open() found.  REQUIRES: in order, none overlapping.
  void assign(List segments) DEVS_EXCLUDES(mutex_);
  // REQUIRES: begins after the last one ends.
  void push_back(SegmentPtr segment) DEVS_EXCLUDES(mutex_);
  // The sealed form of the one with the same base.
  void replace(SegmentPtr segment) DEVS_EXCLUDES(mutex_);
  void remove(Sequence base) DEVS_EXCLUDES(mutex_);

  // Everything up to here was dropped by retention on purpose: missing entries at or
  // below it are `expired`, missing ones above it `corrupt`.
  Sequence expired_through() const DEVS_EXCLUDES(mutex_);
  void set_expired_through(Sequence sequence) DEVS_EXCLUDES(mutex_);

  // Reads within the segments, up to entry `end` (exclusive), declaring what lies
  // between them.  As StoredLog::read.  `previous_last` is what the file that begins at
  // `end` says was given before it (SegmentInfo::previous_last).
  ReadOutcome read(Sequence from, Sequence end, Sequence previous_last, ReadLimits limits,
                   const StoredLog::OnLine& on_line) const DEVS_EXCLUDES(mutex_);
  Sequence first_since(std::int64_t ms) const DEVS_EXCLUDES(mutex_);  // 0: none of these

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const List> list_ DEVS_GUARDED_BY(mutex_) = std::make_shared<List>();
  Sequence expired_through_ DEVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace devs
