#pragma once

#include <algorithm>
#include <chrono>

namespace devs {

// How long to wait before a child that ended is started again: doubling, with
// jitter, so that many children of one dead service do not return as one.
// Confined to its owner.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;

  Backoff(Milliseconds first, Milliseconds last) : first_(first), last_(last), next_(first) {}

  // `random` in 0..255 takes up to a quarter off: `exit 1` stays under 10 spawns
  // in its first minute.
  Milliseconds next(unsigned random) {
    const Milliseconds whole = std::min(next_, last_);
    next_ = std::min(whole * 2, last_);
    return whole - whole * std::min(random, 255U) / (4 * 256);
  }
  void reset() { next_ = first_; }

 private:
  const Milliseconds first_;
  const Milliseconds last_;
  Milliseconds next_;
};

}  // namespace devs
