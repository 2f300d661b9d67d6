#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "protocol/result.h"

namespace devs {

// A secret of this house: random, never built in, never shown.
using SecretKey = std::array<std::uint8_t, 32>;

// The key of a file, made (0600) when there is none.  data_loss: not 32 bytes, or
// readable by others; the message names the file and the way out, never the key.
Result<SecretKey> open_key_file(const std::filesystem::path& file);

}  // namespace devs
