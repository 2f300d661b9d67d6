#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/route_table.h"

namespace devs {

// One row per kind of stream.  A sixth system is a sixth row.
//
// In `first` and `heartbeat` stand, for what is known only when they are sent: `<uuid>`
// one of the reader's own, `<clients>` the open streams of this profile, it included,
// `<uptime_s>` whole seconds since the hub began, `<now>` and `<now_ms>` the time.
// In `first` and `topic` the parameters of the path stand as there: `{taskId}`.
struct StreamProfile {
  std::string key;         // "T"
  std::string path;        // "/tasks/{taskId}/progress": one pattern of the route table
  std::string projection;  // by its name
  std::string first;       // first frames, before `retry:`
  std::string heartbeat;   // ": heartbeat\n\n"
  std::chrono::milliseconds heartbeat_period{15'000};
  std::string cache_control = "no-cache";
  bool ids_are_uuids = false;  // `/stream` accepts UUIDs only
  Credential credential = Credential::stream;
  bool websocket = false;  // an upgrade (streams 10); its projection is `websocket`
  bool timed = false;      // a stretch of the past at its pace, then the end
  // What it shows: entries on this topic whose name `filter=` admits, and nothing else.
  // `owner:{principal}` is the caller's own.  Empty: what the parameters of the trace
  // streams say.
  std::string topic{};
  bool operators_only = false;  // 403 for whoever is none
  std::size_t max_clients = 0;  // of this profile, beyond the caps of all; 0: no cap
  CorsPolicy cors = CorsPolicy::list;
  // Rows of one path are told apart by `?framing=`; the first one is meant without it.
  std::string framing{};
  std::vector<std::string> ends{};  // names of entries with which the stream ends
};

// What the words in brackets stand for, once.
struct FrameWords {
  std::size_t clients = 0;
  std::int64_t uptime_s = 0;
  std::int64_t now_ms = 0;  // wall clock, since 1970
  std::string uuid;
};
std::string fill_frames(std::string_view frames, const FrameWords& words);

using PathParams = std::vector<std::pair<std::string, std::string>>;
// `{name}` as the parameters say.
std::string fill_params(std::string_view pattern, const PathParams& params);

// THE table of streams (streams 3.1).
const std::vector<StreamProfile>& stream_profiles();

}  // namespace devs
