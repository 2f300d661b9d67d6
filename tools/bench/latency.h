#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/bench/nanoseconds.h"

namespace devs {

// A histogram of durations: 64 steps per power of two, so a percentile is right
// within 1.6 %.  Fixed memory, no allocation per sample.
//
// Confined to its thread.
class Latency {
 public:
  void add(Nanos duration);
  std::uint64_t count() const { return count_; }
  Nanos max() const { return max_; }
  // The duration that `share` (0..1) of all samples do not pass; 0 when empty.
  Nanos percentile(double share) const;

  // `"p50_us":1.2,"p90_us":...` to p99.9 and max: members of a JSON object, each name
  // behind `prefix`.
  std::string members(std::string_view prefix = "") const;

 private:
  static constexpr unsigned kStepBits = 6;
  static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t top_of(std::size_t bucket);

  std::array<std::uint64_t, kSteps*(64 - kStepBits + 1)> buckets_{};
  std::uint64_t count_ = 0;
  Nanos max_ = 0;
};

}  // namespace devs
