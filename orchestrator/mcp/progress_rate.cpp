#include "orchestrator/mcp/progress_rate.h"

#include <algorithm>
#include <chrono>

namespace devs {

bool ProgressRate::grows(std::optional<double> value) {
  if (value && last_ && *value <= *last_) return false;
  if (value) last_ = value;
  return true;
}

bool ProgressRate::take(TimePoint now) {
  const double seconds = std::chrono::duration<double>(now - at_).count();
  allowance_ = std::min(kBurst, allowance_ + seconds * kRefill);
  at_ = now;
  if (allowance_ < 1) return false;
  allowance_ -= 1;
  return true;
}

TimePoint ProgressRate::next() const {
  const std::chrono::duration<double> wait((1 - allowance_) / kRefill);
  return at_ + std::chrono::duration_cast<Duration>(wait) + std::chrono::milliseconds(1);
}

}  // namespace devs
