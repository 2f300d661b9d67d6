#pragma once

#include <vector>

#include "trace/stored_log.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// What a reader on a worker gets from `from` on.
struct VisibleEntries {
  std::vector<EntryPtr> entries;  // in order; none of them later than the bus's head
  Sequence missed_through = 0;    // 0, or: what lies from `from` through it cannot be had
};

// The next visible entries, from the ring, or past the ring from the log.  Reads files:
// not for a reactor.
VisibleEntries visible_entries(const TraceStreamBus& bus, const StoredLog& log, Sequence from,
                               ReadLimits limits);

}  // namespace devs
