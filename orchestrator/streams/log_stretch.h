#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "orchestrator/streams/filter.h"
#include "orchestrator/streams/frame_batch.h"
#include "orchestrator/streams/projector.h"
#include "orchestrator/streams/stream_group.h"
#include "trace/stored_log.h"

namespace devs {

// Which frames a stretch is read for.
struct StretchRequest {
  Sequence from = 1;
  Sequence through = 0;  // visible when asked; >= from
  StreamView view;
  Filter filter;
  bool stamped = false;  // frames keep their entries' stamps
};

struct Stretch {
  FrameBatchPtr batch;                // covers at least `from`
  std::size_t scanned = 0;            // bytes of log read for it
  std::array<std::size_t, 3> gaps{};  // declared in it, by LossReason
  // What is missing was declared for this very reader.
  bool has_gap() const { return gaps != std::array<std::size_t, 3>{}; }
};

// Reads, filters and encodes the stretch of the log that begins at `from`: some
// hundred KB of frames, or of entries that do not match.  What cannot be had is
// declared by a `gap` frame.  Reads files: for workers.
Stretch read_stretch(const StoredLog& log, Projector& projector, const StretchRequest& wanted);

}  // namespace devs
