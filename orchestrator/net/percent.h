#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devs {

int hex_digit(char c);  // -1: not one

// Bytes of `text` with each %XX decoded, once; nullopt when a percent sign is not
// followed by two hex digits.  `plus_is_space` for query strings.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace devs
