#include "orchestrator/mcp/log_rate.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("LogRate: a hundred a second, then one line that says so, then nothing until the next") {
  LogRate rate;
  TimePoint now = TimePoint{} + std::chrono::hours(1);
  for (int second = 0; second < 3; ++second) {
    for (int i = 0; i < 100; ++i) CHECK(rate.next(now) == LogRate::Verdict::goes);
    CHECK(rate.next(now) == LogRate::Verdict::last);
    for (int i = 0; i < 1000; ++i)
      CHECK(rate.next(now + std::chrono::milliseconds(999)) == LogRate::Verdict::left_out);
    now += std::chrono::seconds(1);
  }
}

}  // namespace
}  // namespace devs
