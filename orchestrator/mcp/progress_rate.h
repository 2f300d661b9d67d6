#pragma once

#include <optional>

#include "trace/clock.h"

namespace devs {

// Which progress of one request may go to its client: values that grow, and at most 20
// messages in any second.  Of what has to wait, the newest is enough.
//
// Guarded by whoever owns it.
class ProgressRate {
 public:
  static constexpr double kBurst = 4;
  static constexpr double kRefill = 16;  // per second

  // False: it says nothing new.
  bool grows(std::optional<double> value);
  // Takes the place of one message, when there is one.
  bool take(TimePoint now);
  // When there will be one; after take() refused.
  TimePoint next() const;

 private:
  std::optional<double> last_;
  double allowance_ = kBurst;  // messages that may go now
  TimePoint at_{};
};

}  // namespace devs
