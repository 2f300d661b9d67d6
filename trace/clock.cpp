#include "trace/clock.h"

namespace devs {
namespace {

class SystemClock final : public Clock {
 public:
  TimePoint steady() const override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::now();
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;  // no state: one is as good as another
  return clock;
}

}  // namespace devs
