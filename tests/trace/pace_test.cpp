#include "trace/pace.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace devs;
using namespace std::chrono_literals;

namespace {

struct Coming {
  // One entry each `apart`, for so long; whether the last one was fast.
  bool each(Duration apart, Duration how_long) {
    bool fast = false;
    for (const TimePoint end = now + how_long; now < end;) fast = pace.fast(1, now += apart);
    return fast;
  }

  Pace pace;
  TimePoint now{1h};
};

}  // namespace

TEST_CASE_FIXTURE(Coming, "Pace: entries are fast after a whole stretch of them") {
  CHECK_FALSE(each(20us, 9ms));
  CHECK(each(20us, 20ms));
}

TEST_CASE_FIXTURE(Coming, "Pace: forty a millisecond are fast, twenty are not") {
  CHECK_FALSE(each(50us, 100ms));
  CHECK(each(25us, 100ms));
  CHECK_FALSE(each(50us, 100ms));
}

TEST_CASE_FIXTURE(Coming, "Pace: one burst is not fast") {
  each(1ms, 100ms);
  CHECK_FALSE(pace.fast(300, now += 1ms));
  CHECK_FALSE(each(1ms, 100ms));
}

TEST_CASE_FIXTURE(Coming, "Pace: what comes after a pause is not fast") {
  REQUIRE(each(20us, 100ms));
  CHECK_FALSE(pace.fast(1, now += 1s));
  CHECK_FALSE(pace.fast(1, now += 1us));
}
