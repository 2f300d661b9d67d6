#include "orchestrator/net/reactor.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/hand_reactor.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

class Pipe {
 public:
  Pipe() { REQUIRE(pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK) == 0); }
  ~Pipe() {
    for (const int end : ends_) close(end);
  }
  int out() const { return ends_[0]; }
  void fill() { REQUIRE(write(ends_[1], "x", 1) == 1); }

 private:
  std::array<int, 2> ends_{};
};

class Noted final : public FdHandler {
 public:
  explicit Noted(MoveFunction<void(std::uint32_t)> what) : what_(std::move(what)) {}
  void on_ready(std::uint32_t events) override { what_(events); }

 private:
  MoveFunction<void(std::uint32_t)> what_;
};

TEST_CASE("Reactor: posted work runs in the order of its thread, and only in a turn") {
  HandReactor reactor;
  std::string order;
  for (char c = 'a'; c <= 'e'; ++c) reactor->post([&order, c] { order += c; });
  CHECK(order.empty());
  CHECK(reactor.turn());
  CHECK(order == "abcde");
  reactor.turn();
  CHECK_FALSE(reactor.turn());
}

TEST_CASE("Reactor: work posted by posted work runs in the next turn") {
  HandReactor reactor;
  int depth = 0;
  reactor->post([&] {
    ++depth;
    reactor->post([&] { ++depth; });
  });
  reactor.turn();
  CHECK(depth == 1);
  reactor.turn();
  CHECK(depth == 2);
}

TEST_CASE("Reactor: a descriptor forgotten in a turn hears nothing more in that turn") {
  HandReactor reactor;
  std::array<Pipe, 2> pipes;
  int heard = 0;
  std::array<std::unique_ptr<Noted>, 2> handlers;
  for (std::size_t i = 0; i < 2; ++i)
    handlers[i] = std::make_unique<Noted>([&, i](std::uint32_t) {
      ++heard;
      const std::size_t other = 1 - i;  // both are ready: whoever is first ends the other
      reactor->forget(pipes[other].out());
      handlers[other].reset();
    });
  for (std::size_t i = 0; i < 2; ++i) {
    reactor->watch(pipes[i].out(), EPOLLIN, *handlers[i]);
    pipes[i].fill();
  }
  reactor.turn();
  CHECK(heard == 1);
}

TEST_CASE("Reactor: a descriptor number taken by another in the same turn gets no stale event") {
  HandReactor reactor;
  Pipe first;
  Pipe second;
  Pipe empty;
  int stale = 0;
  Noted fresh([&stale](std::uint32_t) { ++stale; });
  std::unique_ptr<Noted> a;
  std::unique_ptr<Noted> b;
  bool done = false;
  const auto replace = [&](int ready) {
    if (done) return;
    done = true;
    // The other one's number now means an empty pipe.
    const int victim = ready == first.out() ? second.out() : first.out();
    reactor->forget(victim);
    REQUIRE(dup2(empty.out(), victim) == victim);
    reactor->watch(victim, EPOLLIN, fresh);
  };
  a = std::make_unique<Noted>([&](std::uint32_t) { replace(first.out()); });
  b = std::make_unique<Noted>([&](std::uint32_t) { replace(second.out()); });
  reactor->watch(first.out(), EPOLLIN, *a);
  reactor->watch(second.out(), EPOLLIN, *b);
  first.fill();
  second.fill();
  reactor.turn();
  CHECK(done);
  CHECK(stale == 0);
}

TEST_CASE("Reactor: bells are looked after once however often they rang") {
  HandReactor reactor;
  Bell bell;
  int looks = 0;
  reactor->attach(bell, [&looks] { ++looks; });
  for (int i = 0; i < 10; ++i) bell.ring();
  reactor.turn();
  CHECK(looks == 1);
  reactor->detach(bell);
  bell.ring();
  reactor.turn();
  CHECK(looks == 1);
}

TEST_CASE("Reactor: a ring before it sleeps is not slept through, nor one during the look") {
  HandReactor reactor;
  Bell bell;
  bell.ring();  // before anybody listens
  int looks = 0;
  reactor->attach(bell, [&] {
    if (++looks == 1) bell.ring();
  });
  reactor.turn();
  reactor.turn();
  CHECK(looks == 2);
  reactor.turn();
  CHECK(looks == 2);
}

TEST_CASE("Reactor: a bell may die while it is attached, or live on when the reactor is gone") {
  Bell survivor;
  {
    HandReactor reactor;
    int looks = 0;
    {
      Bell bell;
      reactor->attach(bell, [&looks] { ++looks; });
      bell.ring();
    }
    reactor->attach(survivor, [] {});
    reactor.turn();
    CHECK(looks == 1);
  }
  survivor.ring();
  CHECK(survivor.rang());
}

TEST_CASE("Reactor: rings of other threads wake a reactor that sleeps") {
  Metrics metrics;
  Reactor reactor(system_clock(), metrics);
  Bell bell;
  constexpr int kRings = 2000;
  std::atomic<int> seen{0};
  int looks = 0;
  reactor.attach(bell, [&] {
    seen = ++looks;
    if (looks == kRings) reactor.stop();
  });
  std::thread ringer([&] {
    for (int i = 0; i < kRings; ++i) {
      bell.ring();
      while (seen.load() <= i) std::this_thread::yield();  // each ring is its own wake-up
    }
  });
  reactor.run();
  ringer.join();
  CHECK(looks == kRings);
}

TEST_CASE("Reactor: timers fire in a turn, by its clock") {
  HandReactor reactor;
  int fired = 0;
  Timer timer([&fired] { ++fired; });
  reactor->timers().set(timer, reactor->now() + 10s);
  reactor.turn();
  CHECK(fired == 0);
  reactor.pass(10s);
  CHECK(fired == 1);
}

TEST_CASE("Reactor: what turns end with comes after events, timers and work") {
  struct End final : Reactor::TurnEnd {
    explicit End(std::string& into) : order(into) {}
    bool on_turn_end() override {
      order += 'e';
      return more-- > 0;
    }
    std::string& order;
    int more = 1;
  };
  HandReactor reactor;
  std::string order;
  End end(order);
  reactor->at_turn_end(end);
  Timer timer([&order] { order += 't'; });
  reactor->timers().set(timer, reactor->now());
  reactor->post([&order] { order += 'p'; });
  reactor.turn();
  CHECK(order == "tpe");
  CHECK(reactor->turn(1'000ms));  // "more": does not wait
  CHECK(order == "tpee");
  reactor->forget(end);
  reactor.turn();
  CHECK(order == "tpee");
}

TEST_CASE("Reactor: run() does what was posted before stop(), then returns") {
  Metrics metrics;
  Reactor reactor(system_clock(), metrics);
  int ran = 0;
  std::jthread thread([&reactor] { reactor.run(); });
  for (int i = 0; i < 100; ++i) reactor.post([&ran] { ++ran; });
  reactor.stop();
  reactor.stop();
  thread.join();
  CHECK(ran == 100);
}

TEST_CASE("Reactor: a stop before the start is not lost") {
  Metrics metrics;
  Reactor reactor(system_clock(), metrics);
  reactor.stop();
  reactor.run();
  CHECK(true);
}

TEST_CASE("Reactor: work that was never run is destroyed, not run") {
  auto alive = std::make_shared<int>(1);
  bool ran = false;
  {
    HandReactor reactor;
    reactor->post([alive, &ran] { ran = true; });
    CHECK(alive.use_count() == 2);
  }
  CHECK_FALSE(ran);
  CHECK(alive.use_count() == 1);
}

TEST_CASE("Reactor: the longest turn is a metric") {
  HandReactor reactor;
  reactor->post([&reactor] { reactor.clock().advance(7ms); });
  reactor.turn();
  CHECK(reactor.metrics().counter("reactor_longest_turn_us").value() == 7'000);
}

}  // namespace
}  // namespace devs
