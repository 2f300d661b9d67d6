#include "orchestrator/streams/timed_replay.h"

#include <doctest/doctest.h>

#include "tests/support/hand_reactor.h"

using namespace devs;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kFirst = 1'795'224'245'120'000'000;
constexpr std::int64_t kMs = 1'000'000;

struct Fixture {
  explicit Fixture(TimedReplay::Options options)
      : replay(options, reactor.get(), [this] { ++wakes; }) {}
  bool leaves(std::int64_t stamp) {
    if (!replay.may_leave(stamp)) return false;
    replay.left(stamp);
    return true;
  }
  HandReactor reactor;
  int wakes = 0;
  TimedReplay replay;
};

}  // namespace

TEST_CASE("TimedReplay: frames leave as far apart as their stamps") {
  Fixture f({.through = 9});
  CHECK(f.leaves(kFirst));
  CHECK_FALSE(f.leaves(kFirst + 1'000 * kMs));
  f.reactor.pass(999ms);
  CHECK_FALSE(f.leaves(kFirst + 1'000 * kMs));
  CHECK(f.wakes == 0);
  f.reactor.pass(20ms);
  CHECK(f.wakes == 1);
  CHECK(f.leaves(kFirst + 1'000 * kMs));
  // 19 ms late: the next one is due by the plan, not by its neighbour.
  f.reactor.pass(482ms);
  CHECK(f.leaves(kFirst + 1'500 * kMs));
}

TEST_CASE("TimedReplay: ten times as fast") {
  Fixture f({.through = 9, .speed = 10});
  CHECK(f.leaves(kFirst));
  CHECK_FALSE(f.leaves(kFirst + 1'000 * kMs));
  f.reactor.pass(100ms);
  CHECK(f.leaves(kFirst + 1'000 * kMs));
}

TEST_CASE("TimedReplay: no stamp and a step back cost no time, and are not made up for twice") {
  Fixture f({.through = 9});
  CHECK(f.leaves(0));
  CHECK(f.leaves(kFirst));
  CHECK(f.leaves(0));
  CHECK(f.leaves(kFirst - 500 * kMs));
  CHECK(f.leaves(kFirst));
  CHECK_FALSE(f.leaves(kFirst + 100 * kMs));
  f.reactor.pass(100ms);
  CHECK(f.leaves(kFirst + 100 * kMs));
}

TEST_CASE("TimedReplay: a silence of years is an hour") {
  Fixture f({.through = 9});
  CHECK(f.leaves(1));
  CHECK_FALSE(f.leaves(kFirst));
  f.reactor.pass(1h);
  CHECK(f.leaves(kFirst));
  CHECK_FALSE(f.leaves(kFirst + 10 * kMs));
  f.reactor.pass(10ms);
  CHECK(f.leaves(kFirst + 10 * kMs));
}

TEST_CASE("TimedReplay: max waits for nothing") {
  Fixture f({.through = 9, .speed = 0});
  CHECK_FALSE(f.replay.paced());
  CHECK(f.leaves(kFirst));
  CHECK(f.leaves(kFirst + 3'600'000 * kMs));
}

TEST_CASE("TimedReplay: with steps each frame waits for its permission") {
  Fixture f({.through = 9, .step = true});
  CHECK_FALSE(f.leaves(kFirst));
  f.replay.grant(2);
  CHECK(f.wakes == 1);
  CHECK(f.leaves(kFirst));
  CHECK(f.leaves(kFirst + 3'600'000 * kMs));
  CHECK_FALSE(f.leaves(0));
}
