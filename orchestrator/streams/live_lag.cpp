#include "orchestrator/streams/live_lag.h"

#include <chrono>

namespace devs {
namespace {

constexpr auto kTooLong = std::chrono::milliseconds(100);
// One late turn says that the next will be late too, for about so long.
constexpr auto kRemembered = std::chrono::seconds(1);

}  // namespace

LiveLag::LiveLag(Metrics& metrics)
    : worst_us_(metrics.counter("stream_live_lag_worst_us")),
      hurt_(metrics.counter("stream_live_lag_over_100ms_total")) {}

void LiveLag::saw(Duration lag, TimePoint now) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(lag).count();
  worst_us_.raise(us > 0 ? static_cast<std::uint64_t>(us) : 0);
  if (lag <= kTooLong) return;
  hurt_.add();
  hurts_until_ = now + kRemembered;
}

}  // namespace devs
