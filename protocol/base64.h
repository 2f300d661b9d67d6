#pragma once

#include <string>
#include <string_view>

namespace devs {

// RFC 4648 section 4: the standard alphabet, padded.
std::string base64_encode(std::string_view bytes);
// Strict: length a multiple of four, padding only at the end, unused bits zero.
bool is_base64(std::string_view text);

}  // namespace devs
