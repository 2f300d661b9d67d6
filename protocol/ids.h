#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/result.h"

namespace devs {

// Position in the one log.  1 is the first entry ever published; dense.
using Sequence = std::uint64_t;

// Ten lower-case hex digits; changes only when the log directory is new.
using Epoch = std::string;

// The public id of an entry: `<epoch>-<sequence>` (SAOP section 1).
struct EventId {
  Epoch epoch;
  Sequence sequence = 0;
  bool operator==(const EventId&) const = default;
};

std::string encode_event_id(std::string_view epoch, Sequence sequence);
// Refuses whatever is not exactly the grammar: leading zeros, signs, blanks,
// upper case, over 64 bytes, over 2^64-1.
Result<EventId> decode_event_id(std::string_view text);

// `^[A-Za-z0-9._:@-]{1,128}$`, the grammar of every id in an envelope.
bool is_saop_id(std::string_view text);
// `text` with what the grammar forbids replaced by '-', cut to 128; "unknown"
// when nothing is left.
std::string reduce_to_saop_id(std::string_view text);
// Any RFC 9562 UUID, either case.
bool is_uuid(std::string_view text);

// RFC 9562 section 5.7.  Pure: the caller brings the clock and the randomness.
std::string uuid_v7(std::uint64_t unix_ms, const std::array<std::uint8_t, 10>& random);

std::string hex(std::string_view bytes);  // lower case

}  // namespace devs
