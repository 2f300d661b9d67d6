#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/route_table.h"
#include "orchestrator/streams/projection.h"

namespace devs {

// One row per kind of stream.  A sixth system is a sixth row.
struct StreamProfile {
  std::string_view key;   // "T"
  std::string_view path;  // "/trace/stream"
  Projection projection;
  std::string_view first;      // first frames, before `retry:`
  std::string_view heartbeat;  // ": heartbeat\n\n"
  std::chrono::milliseconds heartbeat_period;
  std::string_view cache_control;
  bool ids_are_uuids = false;  // `/stream` accepts UUIDs only
  Credential credential = Credential::stream;
  bool timed = false;  // a stretch of the past at its pace, then the end
};

// THE table of streams (streams 3.1).
const std::vector<StreamProfile>& stream_profiles();

}  // namespace devs
