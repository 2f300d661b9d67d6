#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devs {

// RFC 4648 section 4: the standard alphabet, padded.
std::string base64_encode(std::string_view bytes);
// Strict: length a multiple of four, padding only at the end, unused bits zero.
bool is_base64(std::string_view text);
// Nullopt for what is_base64() refuses.
std::optional<std::string> base64_decode(std::string_view text);

// RFC 4648 section 5: the alphabet of URLs and file names, unpadded.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace devs
