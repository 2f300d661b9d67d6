#include "orchestrator/streams/farewell.h"

#include <algorithm>
#include <array>
#include <utility>

#include "trace/random.h"

namespace devs {
namespace {

constexpr auto kTick = std::chrono::milliseconds(20);

std::uint64_t seed() {
  std::array<std::uint8_t, 8> bytes{};
  random_bytes(bytes);
  std::uint64_t seed = 0;
  for (const std::uint8_t byte : bytes) seed = seed << 8U | byte;
  return seed | 1U;
}

}  // namespace

Farewell::Farewell(Reactor& reactor, Part part)
    : reactor_(reactor), part_(std::move(part)), tick_([this] { say(); }), dice_(seed()) {
}

void Farewell::begin(std::vector<std::uint64_t> readers, std::chrono::milliseconds spread) {
  if (std::exchange(begun_, true)) return;
  left_ = std::move(readers);
  total_ = left_.size();
  spread_ms_ = static_cast<std::size_t>(std::max<std::int64_t>(0, spread.count()));
  over_by_ = reactor_.now() + spread;
  say();
}

void Farewell::say() {
  const TimePoint now = reactor_.now();
  const auto left_ms = static_cast<std::size_t>(
      std::max<Duration::rep>(0, (over_by_ - now) / std::chrono::milliseconds(1)));
  const std::size_t still_here = spread_ms_ == 0 ? 0 : total_ * left_ms / spread_ms_;
  while (left_.size() > still_here) {
    const std::uint64_t reader = left_.back();
    left_.pop_back();
    part_(reader, retry_ms());
  }
  if (!left_.empty()) reactor_.timers().set(tick_, now + kTick);
}

unsigned Farewell::retry_ms() {
  dice_ ^= dice_ << 13U;
  dice_ ^= dice_ >> 7U;
  dice_ ^= dice_ << 17U;
  return 1000 + static_cast<unsigned>(dice_ % 4001);
}

}  // namespace devs
