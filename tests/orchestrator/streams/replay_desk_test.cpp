#include "orchestrator/streams/replay_desk.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/orchestrator/streams/stream_desk.h"
#include "tests/support/fake_clock.h"
#include "tests/support/patience.h"

// Reading the past while the present suffers, as readers meet it.

using namespace devs;
using namespace std::chrono_literals;

namespace {

std::string entry_of(std::size_t bytes) {
  return R"({"type":"thought","x":")" + std::string(bytes, 'x') + "\"}";
}

// A reader of 10 MB that only the disk has, in a house whose live ones waited for so long.
struct PastReader {
  explicit PastReader(Duration live_wait = 101ms) : live_wait_(live_wait) {}

  const Duration live_wait_;
  FakeClock clock;
  StreamDesk desk{{.ring = 8, .clock = clock}};
  const Counter& rationed = desk.metrics.counter("stream_replay_rationed_total");
  const Counter& fetches = desk.metrics.counter("stream_disk_fetches_total");
  DeskReader reader{late(), {after(0)}};

  void follow_all() {
    reader.ask([](StreamReader* stream) { stream->follow({{TopicKind::all, ""}}); });
  }

 private:
  StreamDesk& late() {
    for (int n = 0; n < 200; ++n) desk.publish(entry_of(50'000));
    desk.turn(10);
    desk.hub->served_after(live_wait_, clock.steady());
    return desk;
  }
};

}  // namespace

TEST_CASE("[T27] ReplayDesk: a house that is late does not encode the ring anew at each pull") {
  FakeClock clock;
  StreamDesk desk({.ring = 1'024, .clock = clock});
  for (int n = 0; n < 500; ++n) desk.publish(entry_of(1'000));
  desk.turn(10);
  desk.hub->served_after(101ms, clock.steady());
  DeskReader one(desk, {after(0)}), two(desk, {after(0)});
  one.pull(16'384);  // first frames, and frames of the ring
  two.pull(16'384);
  REQUIRE(one.slices.size() >= 2);
  const auto batch = one.slices[1].bytes;
  CHECK(two.slices.back().bytes == batch);
  for (int n = 0; n < 4; ++n) {
    one.pull(16'384);
    CHECK(one.slices.front().bytes == batch);
  }
}

TEST_CASE(
    "[T27] ReplayDesk: live readers leave one that reads the past a ration, however well served") {
  PastReader past(1ms);
  const Counter& bytes = past.desk.metrics.counter("stream_delivered_bytes_total");
  // Time stands still: what was saved up is used up, more than where they suffer.
  REQUIRE(past.reader.pull_while([&past] { return past.rationed.value() == 0; }));
  const std::uint64_t used_up = bytes.value();
  CHECK(used_up > 2u << 20U);
  CHECK(used_up < 8u << 20U);
  for (int n = 0; n < 50; ++n) {
    CHECK(past.reader.pull() == SseProvider::Next::idle);
    past.desk.turn();
  }
  CHECK(bytes.value() == used_up);
  // Nobody lives beside it any more.
  past.clock.advance(2s);
  REQUIRE(past.reader.pull_until(200));
}

TEST_CASE(
    "[T27] ReplayDesk: many that read the past together have one ration beside live readers") {
  PastReader past(1ms);
  std::vector<std::unique_ptr<DeskReader>> crowd;
  for (int n = 0; n < 30; ++n)
    crowd.push_back(std::make_unique<DeskReader>(past.desk, DeskReader::Query{after(0)}));
  const Counter& bytes = past.desk.metrics.counter("stream_delivered_bytes_total");
  // Time stands still.  They stand at one place, so one stretch would do for all of them.
  const auto all_pull = [&] {
    for (const auto& reader : crowd) reader->pull();
    past.desk.reactor.turn(1ms);
  };
  for (const auto deadline = soon();
       past.rationed.value() == 0 && std::chrono::steady_clock::now() < deadline;)
    all_pull();
  REQUIRE(past.rationed.value() > 0);
  for (int n = 0; n < 100; ++n) all_pull();
  CHECK(bytes.value() < 12u << 20U);
}

TEST_CASE("[T27] ReplayDesk: whoever changes its topics has the same ration as before") {
  PastReader past;
  // Time stands still: what was saved up is used up.
  REQUIRE(past.reader.pull_while([&past] { return past.rationed.value() == 0; }));
  const std::uint64_t fetched = past.fetches.value(), refused = past.rationed.value();
  for (int n = 0; n < 100; ++n) {
    past.follow_all();
    past.reader.pull();
    past.desk.reactor.turn(1ms);
  }
  CHECK(past.fetches.value() == fetched);
  // It stands in the line once, however often it asked.
  CHECK(past.rationed.value() - refused <= 200);
}

TEST_CASE("[T27] ReplayDesk: what was read for a reader that changed its mind is counted") {
  PastReader past;
  const auto deadline = soon();
  while (past.rationed.value() == 0 && std::chrono::steady_clock::now() < deadline) {
    past.reader.pull();  // asks for a stretch, and does not wait for it
    past.follow_all();
    past.desk.reactor.turn(1ms);
  }
  CHECK(past.rationed.value() > 0);
  CHECK(past.fetches.value() < 20);
}
