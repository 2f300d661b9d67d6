#pragma once

#include <chrono>

#include "trace/clock.h"

namespace devs {

// How many log messages of one request may go to its client: a hundred a second, then
// one line that says that the rest of this second is left out (MCP page 4.2).
//
// Guarded by whoever owns it.
class LogRate {
 public:
  static constexpr int kPerSecond = 100;

  enum class Verdict { goes, last, left_out };  // last: in its place the line that says so
  Verdict next(TimePoint now) {
    if (now - begun_ >= std::chrono::seconds(1)) {
      begun_ = now;
      count_ = 0;
    }
    ++count_;
    if (count_ <= kPerSecond) return Verdict::goes;
    return count_ == kPerSecond + 1 ? Verdict::last : Verdict::left_out;
  }

 private:
  TimePoint begun_{};
  int count_ = 0;
};

}  // namespace devs
