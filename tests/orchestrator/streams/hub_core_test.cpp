#include "orchestrator/streams/hub_core.h"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

#include "tests/orchestrator/streams/stream_desk.h"
#include "tests/support/fake_clock.h"
#include "tests/support/gate.h"

using namespace devs;

namespace {

using Desk = StreamDesk;
using Reader = DeskReader;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kRounds = 1'000;  // each is ten times as slow, and watched
#else
constexpr int kRounds = 10'000;
#endif

}  // namespace

TEST_CASE("HubCore: live readers of one group are sent the same bytes, not copies") {
  Desk desk;
  Reader one(desk, {}), two(desk, {}), filtered(desk, {{"types", "thought"}});
  for (Reader* reader : {&one, &two, &filtered}) CHECK(reader->pull() == SseProvider::Next::idle);
  desk.publish_numbered(10);
  desk.turn(3);
  one.pull();
  two.pull();
  filtered.pull();
  REQUIRE(one.slices.size() == 1);
  REQUIRE(two.slices.size() == 1);
  CHECK(one.slices[0].bytes == two.slices[0].bytes);
  CHECK(one.events.size() == 10);
  CHECK(filtered.events.size() == 10);
  // Two groups, one projection: each entry was encoded once.
  CHECK(desk.metrics.counter("stream_frames_encoded_total").value() == 10);
}

TEST_CASE("HubCore: readers that come back to one place share what was read for the first") {
  Desk desk({.ring = 8});
  desk.publish_numbered(500);
  desk.turn(3);
  Reader first(desk, {after(100)});
  REQUIRE(first.pull_until(400));
  const std::size_t reads = desk.log->reads();
  for (int n = 0; n < 20; ++n) {
    Reader next(desk, {after(100)});
    REQUIRE(next.pull_until(400));
    CHECK(next.is_whole(101));
  }
  CHECK(desk.log->reads() <= reads + 1);
}

TEST_CASE("[SX.2] HubCore: what expired under a reader and what is corrupt is declared, once") {
  Desk desk({.ring = 8});
  desk.publish_numbered(100);
  desk.log->drop_before(41);
  desk.log->corrupt(50);
  desk.log->corrupt(51);
  Reader late(desk, {after(10)});
  REQUIRE(late.pull_until(1 + 9 + 1 + 49));
  CHECK(late.events[0].data ==
        R"({"from":"5f3a9c01d2-11","to":"5f3a9c01d2-40","count":30,"reason":"expired"})");
  CHECK(late.events[10].data ==
        R"({"from":"5f3a9c01d2-50","to":"5f3a9c01d2-51","count":2,"reason":"corrupt"})");
  CHECK(late.is_whole(11));
  CHECK(late.next == 101);

  // Retention passes a reader that is on its way.
  Reader passed(desk, {after(60)});
  passed.pull(1);
  desk.log->drop_before(81);
  REQUIRE(passed.pull_until(21));
  CHECK(passed.is_whole(61));
}

TEST_CASE("HubCore: at most four fetches run at once, and a reader that left is nobody's harm") {
  Desk desk({.ring = 8});
  desk.publish_numbered(2'000);
  desk.turn(5);
  std::vector<std::unique_ptr<Reader>> readers;
  for (Sequence n = 0; n < 50; ++n)
    readers.push_back(std::make_unique<Reader>(desk, Reader::Query{after(n * 30)}));
  for (const auto& reader : readers) reader->pull();
  CHECK(desk.metrics.counter("stream_disk_fetches_total").value() == 4);
  for (std::size_t n = 0; n < readers.size(); n += 2) readers[n] = nullptr;
  for (std::size_t n = 1; n < readers.size(); n += 2) {
    REQUIRE(readers[n]->pull_until(2'000 - n * 30));
    CHECK(readers[n]->is_whole(n * 30 + 1));
  }
  CHECK(desk.hub->readers() == 25);
}

TEST_CASE("HubCore: workers that have no room are asked again") {
  Desk desk({.ring = 8, .queue = 1});
  desk.publish_numbered(100);
  Gate gate;
  for (int n = 1; n <= 2; ++n) {
    CHECK(desk.workers.try_submit([&gate] { gate.pass(); }).ok());
    CHECK(gate.wait_for_arrival(n));
  }
  CHECK(desk.workers.try_submit([] {}).ok());  // the queue is full
  Reader late(desk, {after(0)});
  CHECK(late.pull() == SseProvider::Next::idle);
  CHECK(desk.metrics.counter("stream_disk_fetches_total").value() == 0);
  gate.open();
  REQUIRE(late.pull_until(100));
  CHECK(late.is_whole(1));
}

TEST_CASE("HubCore: a filter that passes over a whole ring takes turns, and arrives") {
  Desk desk({.ring = 65'536});
  desk.publish(R"({"type":"action"})");
  desk.publish_numbered(20'000);
  desk.publish(R"({"type":"action"})");
  Reader reader(desk, {after(0), {"types", "action"}});
  int pulls = 0;
  while (reader.events.size() < 2) {
    REQUIRE(++pulls < 100);
    reader.pull();
    desk.turn();
  }
  CHECK(pulls > 2);
}

TEST_CASE("HubCore: a hub lapped by a whole ring loses nothing for its readers") {
  Desk desk({.ring = 16});
  Reader live(desk, {}), quiet(desk, {{"taskId", "t"}});
  live.pull();
  quiet.pull();
  desk.publish(R"({"type":"thought","task_id":"t","n":1})");
  desk.publish_numbered(99);  // no turn in between
  REQUIRE(live.pull_until(100));
  CHECK(live.is_whole(1));
  REQUIRE(quiet.pull_until(1));
  desk.publish_numbered(1);
  REQUIRE(live.pull_until(101));
  CHECK(live.is_whole(1));
}

TEST_CASE("HubCore: more than the live window holds comes from the ring, without a seam") {
  Desk desk({.ring = 65'536});
  Reader slow(desk, {});
  slow.pull();
  for (std::size_t n = 1; n <= 300; ++n) {
    desk.publish(R"({"type":"thought","n":)" + std::to_string(n) + R"(,"x":")" +
                 std::string(40'000, 'x') + "\"}");
    desk.turn(2);
  }
  REQUIRE(slow.pull_until(300));  // 12 MB, of which the window keeps 4
  CHECK(slow.is_whole(1));
}

TEST_CASE("HubCore: from disk to ring to live under concurrent publish, 10 000 rounds") {
  Desk desk({.ring = 8});
  desk.publish_numbered(100);
  std::atomic<bool> stop{false};
  // The publisher is the recorder too; it keeps just ahead of the readers.
  std::atomic<Sequence> reached{100};
  std::thread publisher([&] {
    while (!stop) {
      if (desk.bus.last() < reached + 40) {
        desk.publish_numbered(1);
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::mt19937 dice(7);
  bool whole = true;
  int rounds = 0;
  for (; rounds < kRounds && whole; ++rounds) {
    const Sequence head = desk.bus.head();
    const Sequence from = head - std::min<Sequence>(head, dice() % 40);
    Reader reader(desk, {after(from)});
    const std::size_t wanted = static_cast<std::size_t>(head - from) + dice() % 4;
    reached = head;
    whole = reader.pull_until(wanted) && reader.is_whole(from + 1);
  }
  stop = true;
  publisher.join();
  CHECK(rounds == kRounds);
  CHECK(whole);
}

TEST_CASE("[SX.7] HubCore: retention passes a reader: one gap, right numbers") {
  Desk desk({.ring = 8});
  for (int n = 1; n <= 1'000; ++n)
    desk.publish(R"({"type":"thought","n":)" + std::to_string(n) + R"(,"x":")" +
                 std::string(5'000, 'x') + "\"}");
  Reader reader(desk, {after(0)});
  REQUIRE(reader.pull_until(1));
  const std::size_t seen = reader.events.size();
  // What was fetched already is still its own; behind it, all but the newest is gone.
  desk.log->drop_before(901);
  REQUIRE(reader.pull_while([&reader] { return reader.is_whole(1) && reader.next != 1'001; }));
  CHECK(reader.next == 1'001);
  CHECK(seen < 100);
  std::size_t gaps = 0;
  for (const SseParser::Event& event : reader.events) gaps += event.event == "gap";
  CHECK(gaps == 1);

  // One that is cut off comes back behind it.
  Reader again(desk, {after(499)});
  REQUIRE(again.pull_until(101));
  CHECK(again.events[0].data ==
        R"({"from":"5f3a9c01d2-500","to":"5f3a9c01d2-900","count":401,"reason":"expired"})");
  CHECK(again.is_whole(500));
  CHECK(again.next == 1'001);
  CHECK(desk.metrics.counter("stream_gaps_total", "reason=\"expired\"").value() == 1 + gaps);
}

TEST_CASE(
    "HubCore: what the recorder gave up is live for those who follow, and a gap for who comes "
    "later") {
  Desk desk({.ring = 4});
  Reader live(desk, {});
  live.pull();
  for (int n = 1; n <= 10; ++n) {
    desk.publish_numbered(1);
    if (3 <= n && n <= 5) desk.log->never_stored(static_cast<Sequence>(n));
    desk.turn(2);
  }
  REQUIRE(live.pull_until(10));
  CHECK(live.is_whole(1));
  Reader late(desk, {after(0), {"type", "thought"}});  // of another group
  REQUIRE(late.pull_until(8));
  CHECK(late.events[2].data ==
        R"({"from":"5f3a9c01d2-3","to":"5f3a9c01d2-5","count":3,"reason":"recorder"})");
  CHECK(late.is_whole(1));
}

TEST_CASE("HubCore: publishing costs the readers that match, not those there are") {
  Desk desk;
  std::vector<std::unique_ptr<Reader>> readers;
  for (int n = 0; n < 1'000; ++n)
    readers.push_back(
        std::make_unique<Reader>(desk, Reader::Query{{"taskId", "t" + std::to_string(n)}}));
  for (const auto& reader : readers) reader->pull();
  desk.publish(R"({"type":"thought","task_id":"t7"})");
  desk.turn(3);
  CHECK(desk.metrics.counter("stream_batches_total").value() == 1);
  CHECK(desk.metrics.counter("stream_frames_encoded_total").value() == 1);
  for (const auto& reader : readers) reader->pull();
  CHECK(readers[7]->events.size() == 1);
  CHECK(desk.metrics.counter("stream_deliveries_total").value() == 1);
}

TEST_CASE("HubCore: while live readers wait too long, whoever reads the past is rationed") {
  FakeClock clock;
  Desk desk({.ring = 8, .clock = clock});
  const std::string filler = R"({"type":"thought","x":")" + std::string(50'000, 'x') + "\"}";
  constexpr std::size_t kEntries = 200;  // 10 MB
  for (std::size_t n = 0; n < kEntries; ++n) desk.publish(filler);
  desk.turn(10);
  const Counter& rationed = desk.metrics.counter("stream_replay_rationed_total");
  const Counter& bytes = desk.metrics.counter("stream_delivered_bytes_total");
  desk.hub->served_after(std::chrono::milliseconds(101), clock.steady());
  Reader reader(desk, {after(0)});
  // Time stands still: what was saved up is used up, and then it waits.
  REQUIRE(reader.pull_while([&rationed] { return rationed.value() == 0; }));
  CHECK(bytes.value() > 0);
  CHECK(bytes.value() <= 2u << 20U);
  const std::uint64_t used_up = bytes.value();
  for (int n = 0; n < 50; ++n) {
    CHECK(reader.pull() == SseProvider::Next::idle);
    desk.turn();
  }
  CHECK(bytes.value() == used_up);
  // A little time, a little more; and when nobody suffers any more, all of it.
  clock.advance(std::chrono::milliseconds(50));
  REQUIRE(reader.pull_while([&] { return bytes.value() == used_up; }));
  clock.advance(std::chrono::seconds(2));
  REQUIRE(reader.pull_until(kEntries));
}
