#pragma once

#include <string>
#include <string_view>

namespace devs {

// A text that may hold URLs, as it may be logged: in their queries the values of `token`,
// `streamToken` and `access_token` are `[redacted]`, the other parameters stay.  Of a
// query that cannot be parsed nothing stays.
std::string redacted(std::string_view text);

}  // namespace devs
