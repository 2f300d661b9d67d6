#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "trace/metrics.h"

namespace devs {

// Where a reader's next bytes come from.
enum class ReaderState : std::uint8_t { live, ring, disk };
std::string_view name_of(ReaderState state);

// Why a stream was ended from this side (streams 1.3).
enum class Eviction : std::uint8_t { stalled, token_expired, token_revoked, admin };
std::string_view name_of(Eviction reason);

// What the streams of one server count.
struct StreamMetrics {
  explicit StreamMetrics(Metrics& metrics);

  Counter& evictions(Eviction reason) { return *evictions_[static_cast<std::size_t>(reason)]; }
  // Of 503 (too many clients, or the end) and 429 (too many of one principal or address).
  Counter& refused(int status) { return status == 429 ? refused_429_ : refused_503_; }
  // One reader more, or less, is in that state.
  void enter(ReaderState state) { readers_[static_cast<std::size_t>(state)]->add(1); }
  void leave(ReaderState state) { readers_[static_cast<std::size_t>(state)]->add(-1); }

  Counter& opened;
  Counter& resets;
  Counter& skipped_heartbeats;
  Counter& gathers;     // looks at the bus that were put off, to find more
  Counter& deliveries;  // frames of entries and gaps
  Counter& bytes;       // of those

 private:
  Counter& refused_503_;
  Counter& refused_429_;
  std::array<Counter*, 4> evictions_;
  std::array<Gauge*, 3> readers_;
};

}  // namespace devs
