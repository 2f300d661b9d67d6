#include "orchestrator/streams/replay_toll.h"

#include <algorithm>
#include <chrono>

#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::size_t kBytesPerSecond = 256 * kMiB;
constexpr std::size_t kReaderBytesPerSecond = 64 * kMiB;
// Unused time is kept for so long: timers come in steps of 10 ms.
constexpr auto kBurst = std::chrono::milliseconds(20);

void charge_to(TimePoint& open, std::size_t bytes, std::size_t rate, TimePoint now) {
  const std::chrono::nanoseconds cost(bytes * 1'000'000'000 / rate);
  open = std::max(open, now - kBurst) + cost;
}

}  // namespace

TimePoint ReplayToll::open_to(std::uint64_t reader) const {
  const auto known = readers_.find(reader);
  return known == readers_.end() ? all_ : std::max(all_, known->second);
}

void ReplayToll::charge(std::uint64_t reader, std::size_t bytes, TimePoint now) {
  charge_to(all_, bytes, kBytesPerSecond, now);
  charge_to(readers_[reader], bytes, kReaderBytesPerSecond, now);
}

void ReplayToll::clear() {
  all_ = {};
  readers_.clear();
}

}  // namespace devs
