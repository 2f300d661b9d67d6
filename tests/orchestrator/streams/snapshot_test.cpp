#include "orchestrator/streams/snapshot.h"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "orchestrator/streams/subscribers.h"
#include "tests/orchestrator/streams/stream_desk.h"

using namespace devs;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kRounds = 1'000;
#else
constexpr int kRounds = 10'000;
#endif

// Each entry in its place makes another number: a missed, doubled or swapped one shows.
std::uint64_t with(std::uint64_t state, std::uint64_t n) {
  return (state ^ n) * 0x9e3779b97f4a7c15U;
}
void fold(std::uint64_t& state, const Entry& entry) {
  state = with(state, static_cast<std::uint64_t>(JsonView(entry.body)["n"].integer().value_or(0)));
}

}  // namespace

TEST_CASE("Snapshot: an entry is folded once, whoever brings it") {
  Snapshot<std::uint64_t> snapshot(7, 2);
  const auto bring = [&snapshot](Sequence n) {
    Entry entry;
    entry.sequence = n;
    snapshot.apply(entry, [](std::uint64_t& state, const Entry&) { ++state; });
  };
  for (const Sequence n : {1U, 2U, 3U, 3U, 5U, 4U}) bring(n);
  CHECK(snapshot.take().state == 9);
  CHECK(snapshot.take().applied == 5);
}

TEST_CASE(
    "[SX.6] StreamHub: a snapshot and the stream after it make the whole, under concurrent "
    "publish") {
  StreamDesk desk({.ring = 32});
  Snapshot<std::uint64_t> snapshot;
  Subscribers subscribers(desk.bus, *desk.log, desk.reactor, desk.workers, desk.lines,
                          desk.metrics);
  const auto following =
      subscribers.subscribe([&snapshot](const Entry& entry) { snapshot.apply(entry, fold); });
  std::atomic<bool> stop{false};
  std::atomic<Sequence> reached{0};  // the publisher keeps just ahead
  std::thread publisher([&] {
    while (!stop) {
      if (desk.bus.last() < reached + 40) {
        desk.publish_numbered(1);
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::vector<std::uint64_t> whole{0};  // the fold of the first n
  std::mt19937 dice(11);
  bool equal = true;
  int rounds = 0;
  for (; rounds < kRounds && equal; ++rounds) {
    desk.turn();  // the fold goes on
    const auto [state, applied] = snapshot.take();
    DeskReader reader(desk, {}, {.opener = [applied](const Exchange&, StreamOpening& opening) {
                        opening.applied = applied;
                        opening.frames = ": snapshot\n\n";
                        return std::optional<HttpAnswer>();
                      }});
    const std::size_t wanted = dice() % 4;
    reached = applied;
    equal = reader.pull_until(wanted) && reader.is_whole(applied + 1);
    std::uint64_t mine = state;
    for (const SseParser::Event& event : reader.events)
      mine =
          with(mine, static_cast<std::uint64_t>(JsonView(event.data)["n"].integer().value_or(0)));
    while (whole.size() < reader.next) whole.push_back(with(whole.back(), whole.size()));
    equal = equal && mine == whole[static_cast<std::size_t>(reader.next - 1)];
  }
  stop = true;
  publisher.join();
  CHECK(rounds == kRounds);
  CHECK(equal);
  CHECK(snapshot.take().applied > 0);
  desk.workers.stop();  // before what its work refers to
}
