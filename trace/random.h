#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "trace/clock.h"

namespace devs {

// Fills `to` from the kernel's generator (getrandom).  Thread-safe; aborts when
// the kernel refuses, because an id that is not random is worse than none.
void random_bytes(std::span<std::uint8_t> to);

std::string random_hex(std::size_t bytes);    // 2 digits per byte
std::string new_uuid_v7(const Clock& clock);  // RFC 9562 section 5.7

}  // namespace devs
