// How long a test waits for what must happen.
#pragma once

#include <chrono>

#include "trace/clock.h"

namespace devs {

// Longer than any of it takes on two loaded cores (threads of low priority get what
// other programs leave), and not for ever.
constexpr std::chrono::seconds kPatience{120};

inline TimePoint soon() {
  return std::chrono::steady_clock::now() + kPatience;
}

}  // namespace devs
