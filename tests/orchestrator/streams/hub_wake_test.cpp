#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "orchestrator/streams/hub_core.h"
#include "tests/orchestrator/streams/stream_desk.h"
#include "tests/support/fake_clock.h"
#include "tests/support/patience.h"

// Who is told to come, and when: fairness between groups, and gathering.

using namespace devs;
using namespace std::chrono_literals;

namespace {

// Readers as their connections would drive them: whoever was woken pulls at the end
// of the turn, and nobody else.
struct Crowd {
  Crowd(StreamDesk& desk, std::size_t readers, const DeskReader::Query& query = {}) {
    for (; readers > 0; --readers) members.push_back(std::make_unique<Member>(desk, query));
  }
  void pull_woken() {
    for (const auto& member : members)
      if (!member->stream->link().linked()) member->reader.pull();
  }
  std::size_t events() const {
    std::size_t seen = 0;
    for (const auto& member : members) seen += member->reader.events.size();
    return seen;
  }

  struct Member {
    Member(StreamDesk& desk, const DeskReader::Query& query) : reader(desk, query) {
      reader.pull();
      reader.ask([this](StreamReader* found) { stream = found; });
    }
    DeskReader reader;
    StreamReader* stream = nullptr;
  };
  std::vector<std::unique_ptr<Member>> members;
};

std::uint64_t above_100_ms(Metrics& metrics) {
  const Histogram& lag = metrics.histogram("stream_live_lag_seconds", kSecondsBounds);
  std::uint64_t count = 0;
  for (std::size_t at = 0; at <= lag.bounds().size(); ++at)
    if (at == lag.bounds().size() || lag.bounds()[at] > 0.1) count += lag.in_bucket(at);
  return count;
}

}  // namespace

TEST_CASE(
    "[T25] HubCore: a crowd whose entries come faster than it is woken keeps nobody from his "
    "turn, and nobody is said to wait longer than he did") {
  FakeClock clock;
  StreamDesk desk({.ring = 65'536, .clock = clock});
  Crowd all(desk, 3'000), one(desk, 1, {{"taskId", "t"}});
  int turns_of_one = 0;
  for (int round = 1; round <= 200; ++round) {
    desk.publish(round == 2 ? R"({"type":"thought","task_id":"t"})" : R"({"type":"thought"})");
    desk.turn();
    all.pull_woken();
    one.pull_woken();
    if (one.events() == 0) ++turns_of_one;
    clock.advance(2ms);
  }
  CHECK(one.events() == 1);
  CHECK(turns_of_one <= 6);
  CHECK(above_100_ms(desk.metrics) == 0);
  // And every member of the crowd is up to a turn or two behind, not more.
  CHECK(all.events() >= 3'000 * 190);
}

TEST_CASE("HubCore: a quiet house, and one of few readers, waits for nothing") {
  FakeClock clock;  // stands still: whoever waited would wait for ever
  StreamDesk desk({.clock = clock});
  const Counter& gathers = desk.metrics.counter("stream_gathers_total");
  const Counter& batches = desk.metrics.counter("stream_batches_total");
  Crowd few(desk, 31);
  for (std::uint64_t n = 1; n <= 10; ++n) {
    desk.publish_numbered(1);
    desk.turn();
    CHECK(batches.value() == n);
    few.pull_woken();
  }
  // The first entry after a silence finds many readers, and does not wait either.
  Crowd many(desk, 1'000);
  clock.advance(1ms);
  desk.publish_numbered(1);
  desk.turn();
  CHECK(batches.value() == 11);
  CHECK(gathers.value() == 0);
}

TEST_CASE("HubCore: with many readers, entries gather for 2 us a reader, 1 ms at most") {
  struct Case {
    std::size_t readers;
    Duration gather;
  };
  for (const auto& [readers, gather] :
       {Case{32, 64us}, Case{100, 200us}, Case{500, 1ms}, Case{2'000, 1ms}}) {
    CAPTURE(readers);
    FakeClock clock;
    StreamDesk desk({.clock = clock});
    const Counter& gathers = desk.metrics.counter("stream_gathers_total");
    const Counter& batches = desk.metrics.counter("stream_batches_total");
    Crowd many(desk, readers);
    const auto settle = [&] {
      for (int turns = 0; turns < 5; ++turns) {
        desk.turn();
        many.pull_woken();
      }
    };
    desk.publish_numbered(1);
    settle();
    REQUIRE(batches.value() == 1);
    // So long after the look before, the next one is at once.
    clock.advance(gather);
    desk.publish_numbered(1);
    desk.turn();
    CHECK(batches.value() == 2);
    CHECK(gathers.value() == 0);
    settle();
    // Sooner, it is put off, and what comes meanwhile goes with it.
    clock.advance(gather - 1us);
    desk.publish_numbered(1);
    desk.turn();
    CHECK(gathers.value() == 1);
    CHECK(batches.value() == 2);
    desk.publish_numbered(9);
    const auto deadline = soon();
    while (batches.value() < 3 && std::chrono::steady_clock::now() < deadline)
      desk.reactor.turn(1ms);  // the timer is the kernel's
    settle();
    CHECK(batches.value() == 3);
    CHECK(gathers.value() == 1);
    CHECK(many.events() == readers * 12);
  }
}
