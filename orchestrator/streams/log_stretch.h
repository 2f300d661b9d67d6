#pragma once

#include <cstddef>
#include <vector>

#include "orchestrator/streams/frame_batch.h"
#include "orchestrator/streams/projection.h"
#include "orchestrator/streams/stream_query.h"
#include "protocol/status.h"
#include "trace/flight_log.h"

namespace devs {

// What is kept on disk, as readers need it: a flight log, or a test's.
// Thread-safe.
class StoredLog {
 public:
  virtual ~StoredLog() = default;
  virtual Sequence oldest() const = 0;  // first entry kept; 1 when nothing was dropped
  // As FlightLog::read.
  virtual Status read(Sequence from, std::size_t max_entries, std::size_t max_bytes,
                      std::vector<EntryPtr>& out) const = 0;
};

// The flight log as it is today: it keeps everything.
class StoredFlightLog final : public StoredLog {
 public:
  explicit StoredFlightLog(const FlightLog& log) : log_(log) {}
  Sequence oldest() const override { return 1; }
  Status read(Sequence from, std::size_t max_entries, std::size_t max_bytes,
              std::vector<EntryPtr>& out) const override {
    return log_.read(from, max_entries, max_bytes, out);
  }

 private:
  const FlightLog& log_;
};

// Which frames a stretch is read for.
struct StretchRequest {
  Sequence from = 1;
  Sequence through = 0;  // visible when asked; >= from
  Projection projection = Projection::raw;
  bool chunked = true;
  Filter filter;
};

struct Stretch {
  FrameBatchPtr batch;   // covers at least `from`
  bool has_gap = false;  // what is missing was declared for this very reader
};

// Reads, filters and encodes the stretch of the log that begins at `from`: some
// hundred KB of frames, or of entries that do not match.  What cannot be had is
// declared by a `gap` frame.  Reads files: for workers.
Stretch read_stretch(const StoredLog& log, Projector& projector, const StretchRequest& wanted);

// The first entry at or after `from`, up to `through`, that can be read;
// through + 1 when there is none.  Looks a bounded number of entries far.
Sequence next_readable(const StoredLog& log, Sequence from, Sequence through);

}  // namespace devs
