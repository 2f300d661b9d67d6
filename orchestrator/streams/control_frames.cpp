#include "orchestrator/streams/control_frames.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/json.h"
#include "protocol/limits.h"
#include "protocol/sse_frame.h"

namespace devs {

void append_gap_frame(std::string& out, std::string_view epoch, Sequence from, Sequence to,
                      std::string_view reason) {
  const std::string last = encode_event_id(epoch, to);
  const std::string data = fmt::format(R"({{"from":"{}","to":"{}","count":{},"reason":"{}"}})",
                                       encode_event_id(epoch, from), last, to - from + 1, reason);
  append_sse_frame(out, {.id = last, .event = "gap", .data = data});
}

void append_reset_frame(std::string& out, std::string_view reason, std::string_view requested,
                        std::string_view now_id) {
  std::string shown(requested.substr(0, kMaxLastEventIdBytes));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  const std::string data = fmt::format(R"({{"reason":"{}","requested":{},"now":"{}"}})", reason,
                                       json_string(shown), now_id);
  append_sse_frame(out, {.id = {}, .event = "reset", .data = data});
}

void append_evicted_frame(std::string& out, std::string_view reason, std::string_view last_id) {
  const std::string data = fmt::format(R"({{"reason":"{}","last_id":"{}"}})", reason, last_id);
  append_sse_frame(out, {.id = {}, .event = "evicted", .data = data});
}

void append_goodbye_frame(std::string& out, unsigned retry_ms, std::string_view last_id) {
  const std::string data =
      fmt::format(R"({{"reason":"shutdown","retry_ms":{},"last_id":"{}"}})", retry_ms, last_id);
  append_sse_frame(out, {.id = {}, .event = "goodbye", .data = data, .retry_ms = retry_ms});
}

void append_oversize_frame(std::string& out, std::string_view id, std::size_t bytes) {
  const std::string data = fmt::format(R"({{"id":"{}","bytes":{}}})", id, bytes);
  append_sse_frame(out, {.id = id, .event = "envelope_oversize", .data = data});
}

void append_replay_end_frame(std::string& out, std::string_view from_id,
                             std::string_view through_id) {
  const std::string data = fmt::format(R"({{"from":"{}","to":"{}"}})", from_id, through_id);
  const std::string id = std::string(through_id).append(kSeenToTheEnd);
  append_sse_frame(out, {.id = id, .event = "replay_end", .data = data});
}

void append_checkpoint_frame(std::string& out, std::string_view id) {
  append_sse_frame(out, {.id = id, .event = {}, .data = {}, .retry_ms = 0, .has_data = false});
}

}  // namespace devs
