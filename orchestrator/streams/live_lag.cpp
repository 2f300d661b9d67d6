#include "orchestrator/streams/live_lag.h"

#include <chrono>

namespace devs {
namespace {

constexpr auto kTooLong = std::chrono::milliseconds(100);
// One turn says what the next will be like, for about so long.
constexpr auto kRemembered = std::chrono::seconds(1);

}  // namespace

LiveLag::LiveLag(Metrics& metrics)
    : seconds_(metrics.histogram("stream_live_lag_seconds", kSecondsBounds)) {
}

void LiveLag::saw(Duration lag, TimePoint now) {
  seconds_.observe(std::chrono::duration<double>(lag).count());
  matters_until_ = now + kRemembered;
  if (lag > kTooLong) hurts_until_ = matters_until_;
}

}  // namespace devs
