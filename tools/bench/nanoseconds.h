#pragma once

#include <ctime>

#include <cstdint>

namespace devs {

// Time as the bench counts it: nanoseconds of the monotonic clock, which all
// processes of a machine share.
using Nanos = std::int64_t;

inline constexpr Nanos kSecond = 1'000'000'000;

inline Nanos nanos_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return Nanos{time.tv_sec} * kSecond + Nanos{time.tv_nsec};
}

inline Nanos now() {
  return nanos_of(CLOCK_MONOTONIC);
}

// Returns at `when`, at once if that has passed.
inline void wait_until(Nanos when) {
  timespec time{};
  time.tv_sec = static_cast<time_t>(when / kSecond);
  time.tv_nsec = static_cast<long>(when % kSecond);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) != 0) {
  }
}

}  // namespace devs
