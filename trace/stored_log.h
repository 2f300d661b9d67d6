#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/ids.h"
#include "trace/entry.h"

namespace devs {

// One line of the log as it lies on disk.  Views are valid during the call only.
struct StoredLine {
  Sequence sequence = 0;
  std::string_view body;       // the envelope, verbatim, without its line end
  std::string_view topics;     // those the envelope does not name itself: "owner:u1,..."
  std::int64_t stored_ms = 0;  // wall clock of its commit, ms since 1970; 0: unknown
};

// Why entries that were given a sequence cannot be had any more (streams 1.3).
enum class LossReason { expired, corrupt, recorder };
std::string_view name_of(LossReason reason);

// A run of entries that cannot be had.  from <= through.
struct Loss {
  Sequence from = 0;
  Sequence through = 0;
  LossReason reason = LossReason::corrupt;
};

// How much one read gives: whichever is met first, at least one line when there is one.
struct ReadLimits {
  std::size_t entries = 1024;
  std::size_t bytes = 256 * 1024;  // of bodies
};

// Where a read ended.
struct ReadOutcome {
  Sequence next = 1;         // what to ask for next; no lower than what was asked
  std::optional<Loss> loss;  // begins at `from` of the read: nothing was delivered,
                             // and `next` is loss->through + 1
};

// What the log remembers beside its lines, so that a start needs to read little of it.
struct LogCarry {
  Sequence open_from = 1;          // calls begun at or after it may lack their end
  std::int64_t last_stamp_ns = 0;  // largest stamp of ours
};

// What is kept of the log, for everybody who reads it: streams, queries, exports.
//
// Thread-safe: any number of readers beside the one writer.  Reads files: not for a
// reactor.
class StoredLog {
 public:
  using OnLine = std::function<void(const StoredLine&)>;

  virtual ~StoredLog() = default;

  virtual Sequence oldest() const = 0;  // first entry kept; last()+1 when there is none
  virtual Sequence last() const = 0;    // last entry stored

  // Hands out the whole, verified lines from `from` on, in order, up to `limits`, and
  // stops before a line that is lost.  When the line of `from` itself is lost the
  // outcome says how far, so that a reader can declare it and go on.  Nothing and no
  // loss: `from` is beyond last().
  virtual ReadOutcome read(Sequence from, ReadLimits limits, const OnLine& on_line) const = 0;

  // The first entry stored at or after `ms` (wall clock, ms since 1970); last()+1 when
  // all are older.  In a block that cannot be read, the block's first one.
  virtual Sequence first_since(std::int64_t ms) const = 0;
};

// As read(), but entries with their facts; for readers that keep what they read.
ReadOutcome read_entries(const StoredLog& log, Sequence from, ReadLimits limits,
                         std::vector<EntryPtr>& out);

// The last entry stored at or before `ms`.  What is lost right behind it may be of that
// time too, and counts, so that it is declared.
Sequence last_until(const StoredLog& log, std::int64_t ms);

}  // namespace devs
