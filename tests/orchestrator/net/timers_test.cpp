#include "orchestrator/net/timers.h"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace devs {
namespace {

using namespace std::chrono_literals;
const TimePoint kStart{1h};

TEST_CASE("TimerWheel: a timer fires on the first look at its deadline, never before") {
  TimerWheel wheel(kStart);
  int fired = 0;
  Timer timer([&fired] { ++fired; });
  wheel.set(timer, kStart + 10s);
  CHECK(wheel.advance(kStart + 9'999ms) == 0);
  CHECK(timer.armed());
  CHECK(wheel.advance(kStart + 10s) == 1);
  CHECK(fired == 1);
  CHECK_FALSE(timer.armed());
  CHECK(wheel.advance(kStart + 20s) == 0);
}

TEST_CASE("TimerWheel: a deadline in the past fires on the next look") {
  TimerWheel wheel(kStart);
  wheel.advance(kStart + 5s);
  int fired = 0;
  Timer timer([&fired] { ++fired; });
  wheel.set(timer, kStart + 1s);
  CHECK(wheel.advance(kStart + 5s) == 1);
}

TEST_CASE("TimerWheel: setting again moves, cancelling and dying take back") {
  TimerWheel wheel(kStart);
  int fired = 0;
  Timer moved([&fired] { ++fired; });
  Timer cancelled([&fired] { fired += 100; });
  auto dying = std::make_unique<Timer>([&fired] { fired += 1000; });
  for (Timer* each : {&moved, &cancelled, dying.get()}) wheel.set(*each, kStart + 1s);
  CHECK(wheel.armed() == 3);
  wheel.set(moved, kStart + 3s);
  cancelled.cancel();
  dying.reset();
  CHECK(wheel.armed() == 1);
  wheel.advance(kStart + 2s);
  CHECK(fired == 0);
  wheel.advance(kStart + 3s);
  CHECK(fired == 1);
}

TEST_CASE("TimerWheel: what is due together fires in order of tick") {
  TimerWheel wheel(kStart);
  std::string order;
  Timer late([&order] { order += 'c'; });
  Timer early([&order] { order += 'a'; });
  Timer middle([&order] { order += 'b'; });
  wheel.set(late, kStart + 70s);  // a later round of the same slots
  wheel.set(early, kStart + 1s);
  wheel.set(middle, kStart + 30s);
  wheel.advance(kStart + 100s);
  CHECK(order == "abc");
}

TEST_CASE("TimerWheel: a callback may destroy, move and arm any timer") {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Timer>> timers;
  int fired = 0;
  for (int i = 0; i < 10; ++i)
    timers.push_back(std::make_unique<Timer>([&] {
      ++fired;
      timers.clear();  // itself and all others, due or not
    }));
  for (const auto& timer : timers) wheel.set(*timer, kStart + 1s);
  CHECK(wheel.advance(kStart + 1s) == 1);
  CHECK(fired == 1);
  CHECK(wheel.armed() == 0);

  int again = 0;
  Timer self([] {});
  Timer loops([&] {
    ++again;
    wheel.set(loops, kStart + 1s);
  });
  wheel.set(loops, kStart + 1s);
  wheel.advance(kStart + 2s);
  CHECK(again == 1);  // no endless turn
  wheel.advance(kStart + 2s);
  CHECK(again == 2);
}

TEST_CASE("TimerWheel: next() is never later than the earliest deadline's tick") {
  std::mt19937 random(7);
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<TimePoint> due;
  TimePoint now = kStart;
  std::size_t fired = 0;
  for (int i = 0; i < 500; ++i) {
    const auto after = std::chrono::microseconds(random() % 100'000'000);
    due.push_back(now + after);
    timers.push_back(std::make_unique<Timer>([&, at = now + after] {
      ++fired;
      CHECK(now >= at);
      CHECK(now - at <= 10ms);
    }));
    wheel.set(*timers.back(), now + after);
  }
  while (const auto next = wheel.next()) {
    REQUIRE(*next > now);
    now = *next;
    wheel.advance(now);
  }
  CHECK(fired == 500);
  CHECK_FALSE(wheel.next().has_value());
}

}  // namespace
}  // namespace devs
