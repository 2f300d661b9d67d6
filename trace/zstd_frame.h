#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "protocol/result.h"

namespace devs {

// One zstd frame (RFC 8878) as the sealed log has them: content size and content
// checksum present, no dictionary.  Contexts are made once per thread.

// Appends the frame of `text`.  Fails when there is no memory for it.
Status append_zstd_frame(std::string& out, std::string_view text, int level);

// Bytes of the frame that `bytes` begins with, whole; 0: none does.
std::size_t zstd_frame_bytes(std::string_view bytes);

// What the frame at the beginning of `bytes` says it expands to; 0: nothing, or it does
// not say.  Not to be believed without a bound.
std::uint64_t zstd_content_bytes(std::string_view bytes);

// Expands exactly one frame into exactly `to`.  False: it is not one, or expands to
// something else, or its checksum does not hold.  Never writes beyond `to`.
bool expand_zstd_frame(std::string_view frame, std::span<char> to);

}  // namespace devs
