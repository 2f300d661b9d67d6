#include "trace/trace_stream_bus.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/trace/bus_kit.h"

namespace devs {
namespace {

// Whether a bell was rung since the last look.
int rings(Bell& bell) {
  return bell.quiet() ? 1 : 0;
}

TEST_CASE("TraceStreamBus: sequences start at one and have no holes") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  for (Sequence expected = 1; expected <= 3; ++expected) {
    auto given = bus.publish(host_draft("x"));
    REQUIRE(given.ok());
    CHECK(*given == expected);
  }
  CHECK(bus.last() == 3);
}

TEST_CASE("TraceStreamBus: the sequence goes on where the log ended") {
  FakeClock clock;
  TraceStreamBus bus({.last = 41}, clock);
  CHECK(bus.head() == 41);
  CHECK(bus.oldest() == 42);
  CHECK(*bus.publish(host_draft("x")) == 42);
  std::vector<EntryPtr> out;
  CHECK(bus.read(41, 1, 1, out) == Read::behind);
}

TEST_CASE("TraceStreamBus: an entry is visible only once it is stored") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  REQUIRE(bus.publish(host_draft("a")).ok());
  REQUIRE(bus.publish(host_draft("b")).ok());
  CHECK(bus.head() == 0);
  std::vector<EntryPtr> out;
  CHECK(bus.read(1, 10, 1000, out) == Read::at_head);
  CHECK(out.empty());
  bus.mark_stored(1);
  CHECK(bus.head() == 1);
  CHECK(bus.read(1, 10, 1000, out) == Read::entries);
  REQUIRE(out.size() == 1);
  CHECK(out[0]->sequence == 1);
  CHECK(out[0]->body == body_of("a"));
}

TEST_CASE("TraceStreamBus: nothing leaves the ring before it is stored") {
  FakeClock clock;
  TraceStreamBus bus({.ring_entries = 2}, clock);
  REQUIRE(bus.publish(host_draft("1")).ok());
  REQUIRE(bus.publish(host_draft("2")).ok());
  const auto refused = bus.publish(host_draft("3"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().code() == Code::resource_exhausted);
  CHECK(contains(refused.status().message(), "2 entries wait"));
  CHECK(contains(refused.status().message(), "of 2"));
  CHECK(bus.last() == 2);

  bus.mark_stored(1);
  CHECK(*bus.publish(host_draft("3")) == 3);
  CHECK(bus.oldest() == 2);
  std::vector<EntryPtr> unstored;
  CHECK(bus.wait_unstored(1, already(), 10, unstored));
  REQUIRE(unstored.size() == 2);
  CHECK(unstored[0]->body == body_of("2"));
  CHECK(unstored[1]->body == body_of("3"));
}

TEST_CASE("TraceStreamBus: unstored bytes are bounded, and the refusal names the numbers") {
  FakeClock clock;
  TraceStreamBus bus({.ring_bytes = 40}, clock);
  REQUIRE(bus.publish(host_draft("0123456789")).ok());  // 21 bytes
  const auto refused = bus.publish(host_draft("0123456789"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().code() == Code::resource_exhausted);
  CHECK(contains(refused.status().message(), "21 bytes wait"));
  CHECK(contains(refused.status().message(), "of 40"));
  bus.mark_stored(1);
  CHECK(bus.publish(host_draft("0123456789")).ok());
  CHECK(bus.oldest() == 2);  // two of them are more than 40 bytes
}

TEST_CASE("TraceStreamBus: stored entries stay until their room is needed") {
  FakeClock clock;
  TraceStreamBus bus({.ring_entries = 3}, clock);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(bus.publish(host_draft("x")).ok());
    bus.mark_stored(bus.last());
  }
  CHECK(bus.oldest() == 3);
  CHECK(read_all(bus, 3).size() == 3);
  std::vector<EntryPtr> out;
  CHECK(bus.read(2, 10, 1000, out) == Read::behind);
  CHECK(out.empty());
}

TEST_CASE("TraceStreamBus: a reader gets what it asked for, and always one") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  for (int i = 0; i < 6; ++i) REQUIRE(bus.publish(host_draft("x")).ok());  // 12 bytes each
  bus.mark_stored(6);
  std::vector<EntryPtr> out;
  CHECK(bus.read(2, 3, 1000, out) == Read::entries);
  REQUIRE(out.size() == 3);
  CHECK(out.front()->sequence == 2);
  CHECK(bus.read(5, 3, 1, out) == Read::entries);  // appended, and one although too large
  REQUIRE(out.size() == 4);
  CHECK(out.back()->sequence == 5);
  out.clear();
  CHECK(bus.read(1, 10, 25, out) == Read::entries);
  CHECK(out.size() == 2);
  CHECK(bus.read(7, 10, 1000, out) == Read::at_head);
  out.clear();
  CHECK(bus.read(0, 1, 1000, out) == Read::entries);  // before the first is the first
  CHECK(out.front()->sequence == 1);
}

TEST_CASE("TraceStreamBus: an array enters whole or not at all") {
  FakeClock clock;
  TraceStreamBus bus({.ring_entries = 4}, clock);
  const auto drafts = [](int count) {
    std::vector<Draft> out;
    for (int i = 0; i < count; ++i) out.push_back(host_draft(std::to_string(i)));
    return out;
  };
  CHECK(*bus.publish_all(drafts(3)) == 1);
  const auto refused = bus.publish_all(drafts(2));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().code() == Code::resource_exhausted);
  CHECK(bus.last() == 3);
  CHECK(*bus.publish_all(drafts(1)) == 4);

  auto with_line_end = drafts(2);
  with_line_end[1].body = "{\n}";
  bus.mark_stored(4);
  CHECK(bus.publish_all(std::move(with_line_end)).status().code() == Code::internal);
  CHECK(bus.last() == 4);
}

TEST_CASE("TraceStreamBus: a body with a line end inside is refused, whoever wrote it") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  CHECK(bus.publish({"{\"a\":\n1}", {}, std::nullopt}).status().code() == Code::internal);
  CHECK(bus.publish({"{}", {}, 1}).status().code() == Code::internal);  // no room for a stamp
  CHECK(bus.last() == 0);
}

TEST_CASE("TraceStreamBus: a reserved place is there on a full ring") {
  FakeClock clock;
  TraceStreamBus bus({.ring_entries = 3}, clock);
  auto action = bus.publish_and_reserve(host_draft("action"));
  REQUIRE(action.ok());
  CHECK(action->first == 1);
  REQUIRE(bus.publish(host_draft("x")).ok());
  CHECK(bus.publish(host_draft("y")).status().code() == Code::resource_exhausted);
  CHECK(*bus.publish_reserved(host_draft("last word"), std::move(action->second)) == 3);
  CHECK(bus.publish(host_draft("y")).status().code() == Code::resource_exhausted);
  bus.mark_stored(3);
  CHECK(read_all(bus, 1).back()->body == body_of("last word"));
  CHECK(bus.publish(host_draft("y")).ok());
}

TEST_CASE("TraceStreamBus: a pair is admitted only when both words fit") {
  FakeClock clock;
  TraceStreamBus bus({.ring_entries = 2}, clock);
  REQUIRE(bus.publish(host_draft("x")).ok());
  CHECK(bus.publish_and_reserve(host_draft("a")).status().code() == Code::resource_exhausted);
  CHECK(bus.last() == 1);
  bus.mark_stored(1);
  CHECK(bus.publish_and_reserve(host_draft("a")).ok());
}

TEST_CASE("TraceStreamBus: a reservation that dies gives its place back, once") {
  FakeClock clock;
  TraceStreamBus bus({.ring_entries = 4}, clock);
  {
    auto first = bus.publish_and_reserve(host_draft("1"));
    auto second = bus.publish_and_reserve(host_draft("2"));
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    CHECK_FALSE(bus.publish(host_draft("x")).ok());
    TraceStreamBus::Reservation moved = std::move(first->second);
    moved = std::move(second->second);  // the first one dies here
    CHECK(bus.publish(host_draft("x")).ok());
    CHECK_FALSE(bus.publish(host_draft("x")).ok());
  }
  CHECK(bus.publish(host_draft("x")).ok());
  CHECK_FALSE(bus.publish(host_draft("x")).ok());
}

TEST_CASE("TraceStreamBus: reserved bodies may pass the bytes, and go when stored") {
  FakeClock clock;
  TraceStreamBus bus({.ring_bytes = 30}, clock);
  auto action = bus.publish_and_reserve(host_draft("a"));
  REQUIRE(action.ok());
  REQUIRE(bus.publish_reserved(host_draft(std::string(50, 'x')), std::move(action->second)).ok());
  CHECK(bus.publish(host_draft("y")).status().code() == Code::resource_exhausted);
  bus.mark_stored(2);
  CHECK(bus.head() == 2);
  CHECK(bus.oldest() == 3);  // too large to be remembered; the log has it
  CHECK(bus.publish(host_draft("y")).ok());
}

TEST_CASE("TraceStreamBus: stamps are 19 digits and grow although the clock stands still") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  for (int i = 0; i < 3; ++i) REQUIRE(bus.publish(our_draft()).ok());
  bus.mark_stored(3);
  const auto entries = read_all(bus, 1);
  CHECK(entries[0]->body == R"({"timestamp_ns":"1795224245120000000"})");
  CHECK(entries[1]->body == R"({"timestamp_ns":"1795224245120000001"})");
  CHECK(entries[2]->body == R"({"timestamp_ns":"1795224245120000002"})");
}

TEST_CASE("TraceStreamBus: stamps follow the steady clock and ignore a wall clock set back") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  REQUIRE(bus.publish(our_draft()).ok());
  clock.set_wall(FakeClock::Wall{});  // 1970
  clock.advance(std::chrono::nanoseconds(1500));
  REQUIRE(bus.publish(our_draft()).ok());
  bus.mark_stored(2);
  const auto entries = read_all(bus, 1);
  CHECK(stamp_of(*entries[1]) == stamp_of(*entries[0]) + 1500);
}

TEST_CASE("TraceStreamBus: a bell rings once per batch, per failure, healing and the close") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  Bell bell;
  bus.attach(bell);
  for (int i = 0; i < 5; ++i) REQUIRE(bus.publish(host_draft("x")).ok());
  CHECK(rings(bell) == 0);  // published is not visible
  bus.mark_stored(4);
  CHECK(rings(bell) == 1);
  bus.mark_stored(3);  // nothing new
  CHECK(rings(bell) == 0);
  bus.fail(Status(Code::unavailable, "disk full"));
  CHECK(rings(bell) == 1);
  bus.heal();
  CHECK(rings(bell) == 1);
  bus.close();
  bus.close();
  CHECK(rings(bell) == 1);
  bus.mark_stored(5);
  CHECK(rings(bell) == 1);
}

TEST_CASE("TraceStreamBus: a failed recorder refuses new stories and keeps the begun ones") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  auto action = bus.publish_and_reserve(host_draft("action"));
  REQUIRE(action.ok());
  bus.fail(Status(Code::data_loss, "disk full"));
  CHECK(bus.recorder_status().message() == "disk full");
  const auto refused = bus.publish(host_draft("x"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().code() == Code::unavailable);
  CHECK(refused.status().message() == "disk full");
  CHECK_FALSE(bus.publish_and_reserve(host_draft("x")).ok());
  CHECK(bus.publish_reserved(host_draft("end"), std::move(action->second)).ok());
  bus.heal();
  CHECK(bus.recorder_status().ok());
  CHECK(bus.publish(host_draft("x")).ok());
}

TEST_CASE("TraceStreamBus: after the close nobody publishes, and what is there is drained") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  auto action = bus.publish_and_reserve(host_draft("action"));
  REQUIRE(action.ok());
  bus.close();
  CHECK(bus.closed());
  CHECK(bus.publish(host_draft("x")).status().code() == Code::unavailable);
  CHECK(bus.publish_reserved(host_draft("x"), std::move(action->second)).status().code() ==
        Code::unavailable);
  std::vector<EntryPtr> out;
  CHECK(bus.wait_unstored(0, soon(), 10, out));
  CHECK(out.size() == 1);
  bus.mark_stored(1);
  CHECK_FALSE(bus.wait_unstored(1, soon(), 10, out));
  CHECK(read_all(bus, 1).size() == 1);
}

TEST_CASE("TraceStreamBus: the recorder waits until its deadline and gets at most a batch") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  std::vector<EntryPtr> out;
  CHECK(bus.wait_unstored(0, already(), 10, out));  // the deadline, not the end
  CHECK(out.empty());
  for (int i = 0; i < 5; ++i) REQUIRE(bus.publish(host_draft("x")).ok());
  CHECK(bus.wait_unstored(0, soon(), 2, out));
  REQUIRE(out.size() == 2);
  CHECK(out[0]->sequence == 1);
  out.clear();
  CHECK(bus.wait_unstored(2, soon(), 10, out));
  REQUIRE(out.size() == 3);
  CHECK(out[0]->sequence == 3);
  bus.mark_stored(4);
  out.clear();
  CHECK(bus.wait_unstored(0, soon(), 10, out));  // what is stored is not handed out again
  REQUIRE(out.size() == 1);
  CHECK(out[0]->sequence == 5);
}

TEST_CASE("[T32] TraceStreamBus: how long the oldest waits for the disk is told at any moment") {
  FakeClock clock;
  TraceStreamBus bus({.ring_entries = 3, .last = 7}, clock);
  CHECK(bus.report().oldest_unstored == Duration::zero());
  REQUIRE(bus.publish(host_draft("a")).ok());
  clock.advance(std::chrono::seconds(2));
  REQUIRE(bus.publish(host_draft("b")).ok());
  clock.advance(std::chrono::seconds(3));
  TraceStreamBus::Report now = bus.report();
  CHECK(now.unstored_entries == 2);
  CHECK(now.unstored_bytes == body_of("a").size() + body_of("b").size());
  CHECK(now.oldest_unstored == std::chrono::seconds(5));
  CHECK(now.room.ok());
  REQUIRE(bus.publish(host_draft("c")).ok());
  CHECK(bus.report().room.code() == Code::resource_exhausted);
  CHECK_FALSE(bus.publish(host_draft("d")).ok());

  bus.mark_stored(8);
  now = bus.report();
  CHECK(now.oldest_unstored == std::chrono::seconds(3));  // that of b
  CHECK(now.room.ok());
  CHECK(now.refused_full == 1);
  bus.mark_stored(10);
  bus.fail(Status(Code::unavailable, "EROFS"));
  CHECK_FALSE(bus.publish(host_draft("e")).ok());
  bus.close();
  CHECK_FALSE(bus.publish(host_draft("f")).ok());
  now = bus.report();
  CHECK(now.unstored_entries == 0);
  CHECK(now.unstored_bytes == 0);
  CHECK(now.oldest_unstored == Duration::zero());
  CHECK(now.ring_entries == 3);
  CHECK(now.ring_bytes == 3 * body_of("a").size());
  CHECK(now.published == 3);
  CHECK(now.refused_full == 1);
  CHECK(now.refused_unavailable == 2);
}

TEST_CASE("TraceStreamBus: a publish and a close wake the recorder") {
  FakeClock clock;
  TraceStreamBus bus({}, clock);
  std::vector<EntryPtr> out;
  bool more = false, end = true;
  {
    std::jthread recorder([&] {
      more = bus.wait_unstored(0, soon(), 10, out);
      end = !bus.wait_unstored(1, soon(), 10, out);
    });
    REQUIRE(bus.publish(host_draft("x")).ok());
    bus.close();
  }
  CHECK(more);
  CHECK(out.size() == 1);
  CHECK(end);
}

}  // namespace
}  // namespace devs
