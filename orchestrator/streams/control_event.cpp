#include "orchestrator/streams/control_event.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/json.h"
#include "protocol/limits.h"
#include "protocol/sse_frame.h"

namespace devs {

ControlEvent gap_event(std::string_view epoch, Sequence from, Sequence to,
                       std::string_view reason) {
  std::string last = encode_event_id(epoch, to);
  return {.name = "gap",
          .data = fmt::format(R"({{"from":"{}","to":"{}","count":{},"reason":"{}"}})",
                              encode_event_id(epoch, from), last, to - from + 1, reason),
          .id = last};
}

ControlEvent reset_event(std::string_view reason, std::string_view requested,
                         std::string_view now_id) {
  std::string shown(requested.substr(0, kMaxLastEventIdBytes));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return {.name = "reset",
          .data = fmt::format(R"({{"reason":"{}","requested":{},"now":"{}"}})", reason,
                              json_string(shown), now_id)};
}

ControlEvent evicted_event(std::string_view reason, std::string_view last_id) {
  return {.name = "evicted",
          .data = fmt::format(R"({{"reason":"{}","last_id":"{}"}})", reason, last_id)};
}

ControlEvent goodbye_event(unsigned retry_ms, std::string_view last_id) {
  return {.name = "goodbye",
          .data = fmt::format(R"({{"reason":"shutdown","retry_ms":{},"last_id":"{}"}})", retry_ms,
                              last_id),
          .retry_ms = retry_ms};
}

ControlEvent oversize_event(std::string_view id, std::size_t bytes) {
  return {.name = "envelope_oversize",
          .data = fmt::format(R"({{"id":"{}","bytes":{}}})", id, bytes),
          .id = std::string(id)};
}

ControlEvent replay_end_event(std::string_view from_id, std::string_view through_id) {
  return {.name = "replay_end",
          .data = fmt::format(R"({{"from":"{}","to":"{}"}})", from_id, through_id),
          .id = std::string(through_id).append(kSeenToTheEnd)};
}

void append_control_frame(std::string& out, const ControlEvent& event) {
  append_sse_frame(
      out, {.id = event.id, .event = event.name, .data = event.data, .retry_ms = event.retry_ms});
}

void append_checkpoint_frame(std::string& out, std::string_view id) {
  append_sse_frame(out, {.id = id, .event = {}, .data = {}, .retry_ms = 0, .has_data = false});
}

}  // namespace devs
