#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/route_table.h"
#include "orchestrator/streams/projection.h"

namespace devs {

// One row per kind of stream.  A sixth system is a sixth row.
//
// In `first` and `heartbeat` stand, for what is known only when they are sent: `<uuid>`
// one of the reader's own, `<clients>` the open streams of this profile, it included,
// `<uptime_s>` whole seconds since the hub began, `<now>` the time.
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
  bool timed = false;          // a stretch of the past at its pace, then the end
  // What it shows: entries on this topic whose name `filter=` admits, and nothing else.
  // Empty: what the parameters of the trace streams say.
  std::string_view topic = {};
  std::size_t max_clients = 0;  // of this profile, beyond the caps of all; 0: no cap
  CorsPolicy cors = CorsPolicy::list;
};

// What the words in brackets stand for, once.
struct FrameWords {
  std::size_t clients = 0;
  std::int64_t uptime_s = 0;
  std::int64_t now_ms = 0;  // wall clock, since 1970
  std::string uuid;
};
std::string fill_frames(std::string_view frames, const FrameWords& words);

// THE table of streams (streams 3.1).
const std::vector<StreamProfile>& stream_profiles();

}  // namespace devs
