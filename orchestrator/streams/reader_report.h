#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "orchestrator/streams/filter.h"
#include "orchestrator/streams/stream_metrics.h"
#include "protocol/ids.h"

namespace devs {

// One open stream as `GET /trace/readers` shows it.  Views are of the stream's own:
// valid until the reactor goes on.
struct ReaderReport {
  std::uint64_t id = 0;
  std::string_view profile;
  std::string_view principal;
  const Filter* filter = nullptr;
  Sequence last_id = 0;                       // newest id sent
  std::uint64_t lag_entries = 0;              // of the whole log, matching or not
  std::uint64_t lag_bytes = 0;                // about, of what came since this server began
  std::chrono::milliseconds lag{};            // age of the oldest entry it has not been given
  std::chrono::milliseconds last_progress{};  // since it last took bytes
  std::chrono::system_clock::time_point connected{};
  std::uint64_t bytes = 0;  // of the body, that left
  ReaderState state = ReaderState::live;
};

// As a JSON object.
void append_reader(std::string& out, const ReaderReport& reader, std::string_view stream_id,
                   std::string_view epoch);

}  // namespace devs
