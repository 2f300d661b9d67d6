#include "tools/bench/latency.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

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

std::string Latency::members() const {
  const auto us = [](Nanos duration) { return static_cast<double>(duration) / 1e3; };
  char text[256];
  std::snprintf(text, sizeof text,
                R"("p50_us":%.1f,"p90_us":%.1f,"p99_us":%.1f,"p999_us":%.1f,"max_us":%.1f)",
                us(percentile(0.5)), us(percentile(0.9)), us(percentile(0.99)),
                us(percentile(0.999)), us(max_));
  return text;
}

}  // namespace devs
