#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/ids.h"

namespace devs {

// What a stream says about itself (streams 1.3), before its projection frames it.
struct ControlEvent {
  std::string_view name;
  std::string data;     // a JSON object
  std::string id = {};  // empty: none
  unsigned retry_ms = 0;
};

ControlEvent gap_event(std::string_view epoch, Sequence from, Sequence to, std::string_view reason);
// `requested` is what the client sent: untrusted, cut to 64 bytes.
ControlEvent reset_event(std::string_view reason, std::string_view requested,
                         std::string_view now_id);
ControlEvent evicted_event(std::string_view reason, std::string_view last_id);
ControlEvent goodbye_event(unsigned retry_ms, std::string_view last_id);
ControlEvent oversize_event(std::string_view id, std::size_t bytes);
// Behind the id of its last entry, this is the id of a replay's end: who comes back
// with it has seen everything, even if by then there is more.
inline constexpr std::string_view kSeenToTheEnd = "-end";
// The end of a replay: `through` was its last entry.
ControlEvent replay_end_event(std::string_view from_id, std::string_view through_id);

// As a named event of SSE, byte by byte as streams 1.3 writes it.
void append_control_frame(std::string& out, const ControlEvent& event);
// An id alone: the reader's position, stored by clients without raising an event.
void append_checkpoint_frame(std::string& out, std::string_view id);

}  // namespace devs
