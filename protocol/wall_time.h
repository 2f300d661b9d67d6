#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace devs {

// `YYYY-MM-DDTHH:MM:SS.mmmZ` (SAOP section 1) of ms since 1970.
std::string iso_of_ms(std::int64_t ms);
// Ms since 1970 of an ISO time in UTC (up to nine decimals, cut to three), or of plain
// decimal ms; nullopt when it is neither.
std::optional<std::int64_t> ms_of_time(std::string_view text);

}  // namespace devs
