#pragma once

#include <chrono>

namespace devs {

using Duration = std::chrono::steady_clock::duration;
using TimePoint = std::chrono::steady_clock::time_point;

// Where time comes from.  Passed in, so that tests bring their own.
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint steady() const = 0;                            // deadlines and durations
  virtual std::chrono::system_clock::time_point wall() const = 0;  // stamps for people
};

// The machine's clocks.
const Clock& system_clock();

}  // namespace devs
