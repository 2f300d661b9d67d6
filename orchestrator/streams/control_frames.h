#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/ids.h"

namespace devs {

// The control events of every stream (streams 1.3), byte by byte.  All append one
// whole frame.
void append_gap_frame(std::string& out, std::string_view epoch, Sequence from, Sequence to,
                      std::string_view reason);
// `requested` is what the client sent: untrusted, cut to 64 bytes.
void append_reset_frame(std::string& out, std::string_view reason, std::string_view requested,
                        std::string_view now_id);
void append_evicted_frame(std::string& out, std::string_view reason, std::string_view last_id);
void append_goodbye_frame(std::string& out, unsigned retry_ms, std::string_view last_id);
void append_oversize_frame(std::string& out, std::string_view id, std::size_t bytes);
// Behind the id of its last entry, this is the id of a replay's end: who comes back
// with it has seen everything, even if by then there is more.
inline constexpr std::string_view kSeenToTheEnd = "-end";
// The end of a replay, as a named event: `through` was its last entry.
void append_replay_end_frame(std::string& out, std::string_view from_id,
                             std::string_view through_id);
// An id alone: the reader's position, stored by clients without raising an event.
void append_checkpoint_frame(std::string& out, std::string_view id);

}  // namespace devs
