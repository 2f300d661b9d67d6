#pragma once

#include <cstdint>
#include <string_view>

namespace devs {

// CRC-32C (Castagnoli, RFC 3720 B.4).  `so_far` is the result over what came before, so
// that crc32c(b, crc32c(a)) == crc32c(ab).  The CPU's instruction where it has one.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t so_far = 0);

// The same by tables, on any CPU.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t so_far = 0);

}  // namespace devs
