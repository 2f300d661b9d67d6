#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/ids.h"
#include "trace/stored_log.h"

namespace devs {

// Bodies in one answer; the page ends early and says, or shows, where the next one begins.
inline constexpr std::size_t kMaxAnswerBodies = 8u << 20u;

// One entry read back from the log, or why it cannot be.
struct ReadBack {
  Sequence sequence = 0;
  std::string body;
  std::int64_t stored_ms = 0;
  std::optional<LossReason> lost;
};

// What the log has of `wanted`, in the order given (ascending or descending), as far
// as `max_bytes` of bodies reach, at least one.  Neighbours are read together.
std::vector<ReadBack> read_back(const StoredLog& log, const std::vector<Sequence>& wanted,
                                std::size_t max_bytes);

}  // namespace devs
