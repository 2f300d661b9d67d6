#include "orchestrator/streams/subscribers.h"

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>

#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/gate.h"

using namespace devs;

namespace {

struct Heard {
  void operator()(const Entry& entry) DEVS_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    sequences.push_back(entry.sequence);
  }
  std::vector<Sequence> all() DEVS_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    return sequences;
  }
  std::size_t size() DEVS_EXCLUDES(mutex) { return all().size(); }

  Mutex mutex;
  std::vector<Sequence> sequences DEVS_GUARDED_BY(mutex);
};

std::vector<Sequence> one_to(Sequence last) {
  std::vector<Sequence> all;
  for (Sequence n = 1; n <= last; ++n) all.push_back(n);
  return all;
}

struct Fixture {
  StreamHouse house;
  Subscribers room{house.bus,     *house.flight, house.reactor,
                   house.workers, house.log,     house.metrics};
  Fixture() = default;
  explicit Fixture(TraceStreamBus::Options bus) : house(system_clock(), with(bus)) {}
  ~Fixture() { house.workers.stop(); }

 private:
  // Not in place: at -O3 GCC 12 sees members of such a temporary uninitialised.
  static StreamHouse::Options with(TraceStreamBus::Options bus) {
    StreamHouse::Options options;
    options.bus = bus;
    return options;
  }
};

}  // namespace

TEST_CASE("[S0.8] Subscribers: each hears everything once, in order") {
  Fixture f;
  Heard one, two;
  auto a = f.room.subscribe([&one](const Entry& entry) { one(entry); });
  auto b = f.room.subscribe([&two](const Entry& entry) { two(entry); });
  for (std::size_t n = 1; n <= 1000; ++n) {
    f.house.publish(thought(n));
    if (n % 50 == 0) f.house.turn_some(1);
  }
  REQUIRE(f.house.turn_until([&] { return one.size() == 1000 && two.size() == 1000; }));
  CHECK(one.all() == one_to(1000));
  CHECK(two.all() == one_to(1000));
  CHECK(a.missed() == 0);
}

TEST_CASE("[S0.8] [D0.4] Subscribers: one that throws goes on, and disturbs nobody") {
  Fixture f;
  Heard calm;
  std::atomic<int> thrown{0};
  auto a = f.room.subscribe([&thrown](const Entry& entry) {
    ++thrown;
    if (entry.sequence % 2 == 0) throw std::runtime_error("no");
    throw 7;
  });
  auto b = f.room.subscribe([&calm](const Entry& entry) { calm(entry); });
  for (std::size_t n = 1; n <= 10; ++n) f.house.publish(thought(n));
  REQUIRE(f.house.turn_until([&] { return calm.size() == 10 && thrown == 10; }));
  CHECK(calm.all() == one_to(10));
  REQUIRE(f.house.turn_until(
      [&] { return f.house.metrics.counter("subscriber_exceptions_total").value() == 10; }));
}

TEST_CASE("[S0.8] Subscribers: unsubscribing, inside the handler or twice, is harmless") {
  Fixture f;
  Heard kept, left;
  std::optional<Subscribers::Subscription> leaving;
  Gate ready;
  leaving.emplace(f.room.subscribe([&](const Entry& entry) {
    ready.pass();
    left(entry);
    leaving->unsubscribe();
  }));
  auto keeping = f.room.subscribe([&kept](const Entry& entry) { kept(entry); });
  for (std::size_t n = 1; n <= 10; ++n) f.house.publish(thought(n));
  ready.open();
  REQUIRE(f.house.turn_until([&] { return kept.size() == 10 && left.size() == 1; }));
  leaving->unsubscribe();
  leaving->unsubscribe();
  keeping.unsubscribe();
  f.house.publish(thought(11));
  REQUIRE(f.house.flush());
  f.house.turn_some();
  CHECK(kept.all() == one_to(10));
  CHECK(left.all() == one_to(1));
  Subscribers::Subscription empty;
  empty.unsubscribe();
}

TEST_CASE("[S0.8] Subscribers: one that publishes hears itself, in order, like the others") {
  Fixture f;
  Heard all;
  auto a = f.room.subscribe([&f](const Entry& entry) {
    if (entry.sequence < 20) f.house.publish(thought(entry.sequence + 1));
  });
  auto b = f.room.subscribe([&all](const Entry& entry) { all(entry); });
  f.house.publish(thought(1));
  REQUIRE(f.house.turn_until([&] { return all.size() == 20; }));
  CHECK(all.all() == one_to(20));
}

TEST_CASE("[S0.8] Subscribers: a slow one falls off the ring and goes on from the log") {
  Fixture f(TraceStreamBus::Options{.ring_entries = 16});
  Heard slow, quick;
  Gate gate;
  auto a = f.room.subscribe([&](const Entry& entry) {
    gate.pass();
    slow(entry);
  });
  auto b = f.room.subscribe([&quick](const Entry& entry) { quick(entry); });
  for (std::size_t n = 1; n <= 200; ++n) {
    f.house.publish(thought(n));
    REQUIRE(f.house.flush());
    f.house.turn_some(1);
  }
  REQUIRE(f.house.turn_until([&] { return quick.size() == 200; }));
  CHECK(slow.size() == 0);
  gate.open();
  REQUIRE(f.house.turn_until([&] { return slow.size() == 200; }));
  CHECK(slow.all() == one_to(200));
  CHECK(quick.all() == one_to(200));
  CHECK(a.missed() == 0);
}
