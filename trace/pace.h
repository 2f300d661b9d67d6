#pragma once

#include <chrono>
#include <cstddef>

#include "trace/clock.h"

namespace devs {

// Whether entries come so fast (one in 25 us or faster) that waking somebody for each
// costs more than it brings.  Judged by whole stretches of 10 ms, so that one burst is
// not fast, and by none older than that, so that what comes after a pause is not either.
//
// Confined to its owner.
class Pace {
 public:
  // `entries` more came by `now`.
  bool fast(std::size_t entries, TimePoint now) {
    entries_ += entries;
    if (const Duration passed = now - since_; passed >= kStretch) {
      fast_ = passed < 2 * kStretch && entries_ >= kFastEntries;
      entries_ = 0;
      since_ = now;
    }
    return fast_;
  }

 private:
  static constexpr std::chrono::milliseconds kStretch{10};
  static constexpr std::size_t kFastEntries = 400;

  TimePoint since_{};
  std::size_t entries_ = 0;
  bool fast_ = false;
};

}  // namespace devs
