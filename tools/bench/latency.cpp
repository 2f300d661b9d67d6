#include "tools/bench/latency.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <utility>

namespace devs {

std::size_t Latency::bucket_of(std::uint64_t value) {
  if (value < kSteps) return static_cast<std::size_t>(value);
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
  return (std::size_t{shift} + 1) * kSteps + static_cast<std::size_t>((value >> shift) - kSteps);
}

std::uint64_t Latency::top_of(std::size_t bucket) {
  if (bucket < kSteps) return bucket;
  const auto shift = bucket / kSteps - 1;
  return ((std::uint64_t{bucket % kSteps} + kSteps + 1) << shift) - 1;
}

void Latency::add(Nanos duration) {
  duration = std::max<Nanos>(duration, 0);
  ++buckets_[bucket_of(static_cast<std::uint64_t>(duration))];
  ++count_;
  max_ = std::max(max_, duration);
}

Nanos Latency::percentile(double share) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min(static_cast<Nanos>(top_of(bucket)), max_);
  }
  return max_;
}

std::string Latency::members(std::string_view prefix) const {
  std::string text;
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, Nanos>>{{"p50", percentile(0.5)},
                                                            {"p90", percentile(0.9)},
                                                            {"p99", percentile(0.99)},
                                                            {"p999", percentile(0.999)},
                                                            {"max", max_}}) {
    char member[64];
    std::snprintf(member, sizeof member, "%s_us\":%.1f", name, static_cast<double>(value) / 1e3);
    text.append(text.empty() ? "\"" : ",\"").append(prefix).append(member);
  }
  return text;
}

}  // namespace devs
