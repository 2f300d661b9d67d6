#include "orchestrator/mcp/slow_calls.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/support/fake_clock.h"

namespace devs {
namespace {

using std::chrono::milliseconds;

class Noted final : public SlowCall {
 public:
  void slow() override { ++told; }
  int told = 0;
};

struct SlowFixture {
  FakeClock clock;
  Metrics metrics;
  Reactor reactor{clock, metrics};
  std::shared_ptr<SlowCalls> watch = std::make_shared<SlowCalls>(reactor, milliseconds(2000));

  void turn_after(milliseconds by) {
    clock.advance(by);
    while (reactor.turn(milliseconds(0))) {
    }
  }
  ~SlowFixture() { watch->stop(); }
};

TEST_CASE_FIXTURE(SlowFixture, "SlowCalls: told once, at the time and not before") {
  const auto call = std::make_shared<Noted>();
  watch->add(call);
  turn_after(milliseconds(1999));
  CHECK(call->told == 0);
  turn_after(milliseconds(20));  // the wheel ticks each 10 ms
  CHECK(call->told == 1);
  turn_after(milliseconds(10'000));
  CHECK(call->told == 1);
}

TEST_CASE_FIXTURE(SlowFixture, "SlowCalls: one that left is not told, others are, in turn") {
  std::vector<std::shared_ptr<Noted>> calls;
  for (int i = 0; i < 5; ++i) {
    calls.push_back(std::make_shared<Noted>());
    watch->add(calls.back());
    turn_after(milliseconds(100));
  }
  watch->remove(*calls[0]);
  watch->remove(*calls[2]);
  watch->remove(*calls[4]);
  watch->remove(*calls[4]);
  turn_after(milliseconds(1620));  // 2120 ms after the first
  CHECK(calls[1]->told == 1);
  CHECK(calls[3]->told == 0);
  turn_after(milliseconds(300));
  CHECK(calls[3]->told == 1);
  for (const std::size_t left : {0u, 2u, 4u}) CHECK(calls[left]->told == 0);
}

TEST_CASE_FIXTURE(SlowFixture, "SlowCalls: an empty list sets no timer, a new call does") {
  const auto first = std::make_shared<Noted>();
  watch->add(first);
  turn_after(milliseconds(0));
  watch->remove(*first);
  turn_after(milliseconds(5000));
  CHECK(reactor.timers().armed() == 0);
  const auto second = std::make_shared<Noted>();
  watch->add(second);
  turn_after(milliseconds(0));
  CHECK(reactor.timers().armed() == 1);
  turn_after(milliseconds(2020));
  CHECK(second->told == 1);
  CHECK(first->told == 0);
}

TEST_CASE_FIXTURE(SlowFixture, "SlowCalls: stopped, it tells nobody") {
  const auto call = std::make_shared<Noted>();
  watch->add(call);
  turn_after(milliseconds(0));
  watch->stop();
  watch->add(std::make_shared<Noted>());
  turn_after(milliseconds(5000));
  CHECK(call->told == 0);
  CHECK(reactor.timers().armed() == 0);
}

}  // namespace
}  // namespace devs
