#pragma once

#include <cstddef>
#include <vector>

#include "orchestrator/streams/frame_batch.h"
#include "orchestrator/streams/projection.h"
#include "orchestrator/streams/stream_query.h"
#include "trace/stored_log.h"

namespace devs {

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

}  // namespace devs
