// The past and the present on one `/trace/ws`: SYNC_REQUEST, resume by id, batches.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "protocol/json.h"
#include "tests/orchestrator/streams/socket_kit.h"
#include "tests/support/dice.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

void publish_thoughts(StreamHouse& house, Sequence from, Sequence to) {
  for (Sequence n = from; n <= to; ++n) house.publish(thought(n));
}

TEST_CASE("[S0.16] SocketStream: SYNC_REQUEST is answered in pieces of 500, then it is live") {
  // From the ring, and from disk.
  for (const std::size_t ring : {4'096U, 64U}) {
    CAPTURE(ring);
    StreamHouse house(system_clock(), {.bus = {.ring_entries = ring}});
    for (Sequence n = 1; n <= 1'210; ++n) {
      house.publish(thought(n));
      if (n % 50 == 0) REQUIRE(house.flush());
    }
    REQUIRE(house.flush());
    WebSocketWire wire = greeted_on(house), other = greeted_on(house);
    wire.text(sync_request(house.id(10)));
    CHECK(wire.message() == events_message(house, "SYNC_REPLAY", 11, 510));
    CHECK(wire.message() == events_message(house, "SYNC_REPLAY", 511, 1'010));
    CHECK(wire.message() == events_message(house, "SYNC_REPLAY", 1'011, 1'210));
    house.publish(thought(1'211));
    CHECK(wire.message() == entry_message(house, 1'211, thought(1'211)));
    // It was answered to the one that asked.
    CHECK(other.message() == entry_message(house, 1'211, thought(1'211)));
  }
}

TEST_CASE("[S0.16] SocketStream: who missed nothing is told so") {
  StreamHouse house;
  publish_thoughts(house, 1, 3);
  REQUIRE(house.flush());
  WebSocketWire wire = greeted_on(house);
  wire.text(sync_request(house.id(3)));
  CHECK(wire.message() == R"({"type":"SYNC_REPLAY","events":[]})");
  wire.text(R"({"subscribe":"t-none"})");
  wire.message();
  wire.text(sync_request(house.id(0)));  // nothing of that task
  CHECK(wire.message() == R"({"type":"SYNC_REPLAY","events":[]})");
}

TEST_CASE("[S0.16] SocketStream: an id that cannot be is a reset, and the stream goes on") {
  StreamHouse house;
  publish_thoughts(house, 1, 3);
  REQUIRE(house.flush());
  WebSocketWire wire = greeted_on(house);
  const std::vector<std::pair<std::string, std::string>> wrongs{
      {"no id", "malformed"}, {"aaaaaaaaaa-1", "epoch"}, {house.id(99), "future"}};
  for (const auto& [id, reason] : wrongs) {
    wire.text(sync_request(id));
    CHECK(wire.message() == R"({"type":"reset","data":{"reason":")" + reason +
                                R"(","requested":")" + id + R"(","now":")" + house.id(3) +
                                R"("}})");
  }
  house.publish(thought(4));
  CHECK(wire.message() == entry_message(house, 4, thought(4)));
}

TEST_CASE("[S0.16] SocketStream: resumes by an id in the query as every stream does") {
  StreamHouse house;
  publish_thoughts(house, 1, 3);
  REQUIRE(house.flush());
  WebSocketWire wire = greeted_on(house, "?lastEventId=" + house.id(1));
  CHECK(wire.message() == entry_message(house, 2, thought(2)));
  CHECK(wire.message() == entry_message(house, 3, thought(3)));
  WebSocketWire lost = greeted_on(house, "?lastEventId=nonsense");
  CHECK(JsonView(lost.message())["type"].is("reset"));
}

TEST_CASE("[S0.16] SocketStream: topics that change during a replay hold for the rest of it") {
  StreamHouse house;
  const std::string of_a = R"({"type":"thought","task_id":"a"})";
  publish_thoughts(house, 1, 2);
  house.publish(of_a);
  REQUIRE(house.flush());
  WebSocketWire wire = greeted_on(house);
  // One read of the house: the replay was asked for, and nothing of it was sent yet.
  wire.say(client_text(sync_request(house.id(0))) + client_text(R"({"subscribe":"a"})") +
           client_text(sync_request(house.id(0))));
  CHECK(wire.message() == R"({"type":"subscribed","topics":["task:a"]})");
  CHECK(wire.message() ==
        R"({"type":"SYNC_REPLAY","events":[)" + entry_message(house, 3, of_a) + "]}");
}

TEST_CASE("[S0.16] SocketStream: thoughts of 16 ms come together") {
  FakeClock clock;
  StreamHouse house(clock);
  WebSocketWire wire = greeted_on(house, "?batch=16");
  publish_thoughts(house, 1, 3);
  house.turn_some();
  CHECK_FALSE(wire.raw().read_some());
  clock.advance(std::chrono::milliseconds(15));
  publish_thoughts(house, 4, 4);
  house.turn_some();
  CHECK_FALSE(wire.raw().read_some());
  clock.advance(std::chrono::milliseconds(20));
  CHECK(wire.message() == events_message(house, "THOUGHT_STREAM_BATCH", 1, 4));
  house.publish(thought(5));
  house.turn_some();
  clock.advance(std::chrono::milliseconds(30));
  CHECK(wire.message() == events_message(house, "THOUGHT_STREAM_BATCH", 5, 5));
}

TEST_CASE("[S0.16] SocketStream: what is no thought goes out at once, and what waits before it") {
  FakeClock clock;
  StreamHouse house(clock);
  WebSocketWire wire = greeted_on(house, "?batch=16");
  publish_thoughts(house, 1, 2);
  house.turn_some();
  house.publish(R"({"type":"action"})");
  CHECK(wire.message() == events_message(house, "THOUGHT_STREAM_BATCH", 1, 2));
  CHECK(wire.message() == entry_message(house, 3, R"({"type":"action"})"));
  house.publish(R"({"type":"observation"})");
  CHECK(wire.message() == entry_message(house, 4, R"({"type":"observation"})"));
}

TEST_CASE("[S0.16] SocketStream: a hundred thoughts wait for nothing, nor do large ones") {
  FakeClock clock;
  StreamHouse house(clock);
  WebSocketWire wire = greeted_on(house, "?batch=1000");
  publish_thoughts(house, 1, 250);
  CHECK(wire.message() == events_message(house, "THOUGHT_STREAM_BATCH", 1, 100));
  CHECK(wire.message() == events_message(house, "THOUGHT_STREAM_BATCH", 101, 200));
  house.turn_some();
  CHECK_FALSE(wire.raw().read_some());
  const std::string large = thought(251, R"(,"x":")" + std::string(70'000, 'x') + '"');
  house.publish(large);
  const std::string batch = wire.message();
  std::size_t count = JsonView(batch)["events"].size();
  CHECK(count == 51);
}

TEST_CASE("[S0.16] SocketStream: goodbye comes after what was held back") {
  FakeClock clock;
  StreamHouse house(clock);
  WebSocketWire wire = greeted_on(house, "?batch=1000");
  publish_thoughts(house, 1, 2);
  house.turn_some();
  house.hub.goodbye(std::chrono::milliseconds(0));
  CHECK(wire.message() == events_message(house, "THOUGHT_STREAM_BATCH", 1, 2));
  CHECK(JsonView(wire.message())["data"]["last_id"].is(house.id(2)));
  CHECK(wire.closed_with() == 1001);
}

TEST_CASE("[S0.16] SocketStream: topics that change do not lose what was held back") {
  FakeClock clock;
  StreamHouse house(clock);
  WebSocketWire wire = greeted_on(house, "?batch=1000");
  publish_thoughts(house, 1, 2);
  house.turn_some();
  wire.text(R"({"subscribe":"*"})");
  CHECK(wire.message() == R"({"type":"subscribed","topics":["all"]})");
  house.publish(R"({"type":"action"})");
  CHECK(wire.message() == events_message(house, "THOUGHT_STREAM_BATCH", 1, 2));
}

// Everything after the id asked for, once and in order, whatever is going on meanwhile.
TEST_CASE("[S0.16] [SX.1] SocketStream: random syncs under publishing, with and without batches") {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    CAPTURE(seed);
    Dice dice(seed);
    StreamHouse house(system_clock(), {.bus = {.ring_entries = 32}});
    WebSocketWire wire = greeted_on(house, seed % 2 == 0 ? "?batch=2" : "");
    Sequence published = 0;
    for (int round = 0; round < 30; ++round) {
      for (std::size_t n = dice.below(40); n > 0; --n) {
        ++published;
        house.publish(thought(published));
        REQUIRE(house.flush());
        if (dice.below(8) == 0) house.turn_some(1);
      }
      REQUIRE(house.flush());
      const Sequence since = dice.below(published + 1);
      wire.text(sync_request(house.id(since)));
      // Entries that were on their way come first, then the answer, from `since` on.
      Sequence next = 0;
      while (next <= published) {
        const std::string text = wire.message();
        REQUIRE_FALSE(text.empty());
        const JsonView message(text);
        const bool replay = message["type"].is("SYNC_REPLAY");
        if (next == 0 && !replay) continue;
        if (next == 0) next = since + 1;
        const auto seen = [&](JsonView entry) {
          REQUIRE(entry["id"].is(house.id(next)));
          ++next;
        };
        if (message["events"].present()) {
          message["events"].each_element(seen);
        } else {
          seen(message);
        }
        if (dice.below(3) == 0 && published < 5'000) house.publish(thought(++published));
      }
    }
  }
}

}  // namespace
}  // namespace devs
