#pragma once

#include <vector>

#include "tests/trace/trace_kit.h"
#include "trace/trace_stream_bus.h"

namespace devs {

using Read = TraceStreamBus::Read;

inline std::vector<EntryPtr> read_all(const TraceStreamBus& bus, Sequence from) {
  std::vector<EntryPtr> out;
  (void)bus.read(from, 1'000'000, 1u << 30, out);
  return out;
}

}  // namespace devs
