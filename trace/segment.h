#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "protocol/ids.h"
#include "trace/stored_log.h"

namespace devs {

// What is known of a stretch of the log without reading it.
struct SegmentInfo {
  Sequence base = 1;                       // of its first entry
  std::uint64_t count = 0;                 // entries, dense; 0: empty
  std::uint64_t raw_bytes = 0;             // of NDJSON
  std::uint64_t disk_bytes = 0;            // of all its files
  std::int64_t first_ms = 0, last_ms = 0;  // stored_ms of its first and last entry
  // The last sequence given before `base` as its writer knew it.  Below base - 1: the
  // entries in between were never stored (LossReason::recorder).
  Sequence previous_last = 0;
  // Carried for whoever opens the log: calls begun at or after this sequence may
  // have no end in the log, and the largest stamp of ours so far.
  Sequence open_from = 1;
  std::int64_t last_stamp_ns = 0;

  std::uint64_t lost = 0;  // entries declared lost inside, as far as is known unread

  Sequence last() const { return base + count - 1; }
};

// A stretch of the log that does not grow any more: rolled (plain files, waiting to be
// sealed) or sealed (compressed, checksummed).  Immutable, thread-safe.  Its files stay
// readable while somebody holds it, also when retention unlinks them.
class Segment {
 public:
  virtual ~Segment() = default;
  virtual const SegmentInfo& info() const = 0;
  virtual bool sealed() const = 0;

  // As StoredLog::read, within this segment: `from` lies in it, and an outcome's
  // `next` and loss end at most at last() + 1 and last().
  virtual ReadOutcome read(Sequence from, ReadLimits limits,
                           const StoredLog::OnLine& on_line) const = 0;
  // As StoredLog::first_since, within this segment; last() + 1 when all are older.
  virtual Sequence first_since(std::int64_t ms) const = 0;
};
using SegmentPtr = std::shared_ptr<const Segment>;

// What a read from `from` says of entries up to `last` that the disk does not give now:
// no more than was asked for, because the next read may have them.
inline ReadOutcome refused_read(Sequence from, Sequence last, ReadLimits limits) {
  const Sequence asked = std::max<Sequence>(limits.entries, 1);
  const Sequence through = last - from < asked ? last : from + asked - 1;
  return {through + 1, Loss{from, through, LossReason::corrupt}};
}

}  // namespace devs
