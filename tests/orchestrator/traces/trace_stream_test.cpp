// The profile EX, `GET /api/analytics/traces/stream`.

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/traces/trace_projection.h"
#include "tests/orchestrator/query/spans_kit.h"
#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

const std::string kRoute = "/api/analytics/traces/stream";
const std::string kGreeting =
    "data: "
    "{\"type\":\"connected\",\"timestamp\":\"2026-11-21T01:24:05.120Z\",\"message\":\"Connected "
    "to trace stream\"}\n\n"
    "data: "
    "{\"type\":\"subscribed\",\"timestamp\":\"2026-11-21T01:24:05.120Z\",\"message\":\"Subscribed "
    "to trace changes\"}\n\n"
    "retry: 2000\n\n";

StreamHouse::Options with_rows() {
  StreamHouse::Options options;
  options.projections = [](const Clock& clock) {
    std::vector<std::shared_ptr<const Projection>> rooms;
    rooms.push_back(std::make_shared<TraceProjection>(clock));
    return rooms;
  };
  return options;
}

struct House {
  FakeClock clock;
  StreamHouse house{clock, with_rows()};

  std::unique_ptr<HttpPeer> reader(const std::string& guest = {}, const std::string& query = {}) {
    auto peer = std::make_unique<HttpPeer>(
        house,
        HttpPeer::get(house, kRoute + query, guest.empty() ? "" : "X-Guest: " + guest + "\r\n"));
    REQUIRE(peer->wait_events(2));
    return peer;
  }
};

std::string frame_of(const StreamHouse& house, Sequence n, const std::string& body,
                     std::string_view topics) {
  bool opens = false;
  const std::string row = row_of(body, topics, house.id(n), &opens);
  return "id: " + house.id(n) + "\ndata: {\"type\":\"" + (opens ? "trace" : "trace_update") +
         "\",\"timestamp\":null,\"data\":" + row + "}\n\n";
}

TEST_CASE("[S2.2] trace stream: connected, subscribed, then rows of calls as they come") {
  House live;
  const auto peer = live.reader();
  CHECK(peer->header("Content-Type") == "text/event-stream");
  CHECK(peer->header("Cache-Control") == "no-cache, no-transform");
  CHECK(peer->wait_body(kGreeting));
  peer->forget_body();
  const TestCall call{.id = "c-1"};
  live.house.publish(action_of(call));
  live.house.publish(R"({"type":"system","payload":{"event":"UPSTREAM_UP","server":"x"}})");
  live.house.publish(observation_of(call));
  CHECK(peer->wait_body(frame_of(live.house, 1, action_of(call), "") +
                        frame_of(live.house, 3, observation_of(call), "")));
}

TEST_CASE("[S2.2] trace stream: a ping every 30 s, on idle and busy streams") {
  House live;
  const auto idle = live.reader("ann"), busy = live.reader("bob");
  idle->forget_body();
  busy->forget_body();
  for (int second = 0; second < 29; ++second) {
    live.clock.advance(std::chrono::seconds(1));
    live.house.publish(action_of({.id = "c-" + std::to_string(second)}), "owner:bob");
    live.house.turn_some(4);
  }
  REQUIRE(busy->wait_events(2 + 29));
  idle->receive();
  CHECK(idle->events.size() == 2);
  live.clock.advance(std::chrono::seconds(1));
  REQUIRE(idle->wait_events(3));
  REQUIRE(busy->wait_events(2 + 30));
  const std::string ping = R"({"type":"ping","timestamp":"2026-11-21T01:24:35.120Z"})";
  CHECK(idle->events.back().data == ping);
  CHECK(busy->events.back().data == ping);
}

TEST_CASE("[S2.3] trace stream: rows of its owner alone; in an open house every row") {
  House live;
  const auto ann = live.reader("ann"), open = live.reader();
  live.house.publish(action_of({.id = "c-bob"}), "owner:bob");
  live.house.publish(action_of({.id = "c-open"}));
  live.house.publish(action_of({.id = "c-ann"}), "owner:ann");
  REQUIRE(open->wait_events(5));
  REQUIRE(ann->wait_events(3));
  ann->receive();
  CHECK(ann->events.size() == 3);
  CHECK(ann->events.back().data.find(R"("id":"c-ann")") != std::string::npos);
  CHECK(ann->events.back().data.find(R"("user_id":"ann")") != std::string::npos);
  // And in replay.
  const auto again = live.reader("ann", "?lastEventId=earliest");
  REQUIRE(again->wait_events(3));
  CHECK(again->events.back().data == ann->events.back().data);
}

TEST_CASE("[S2.4] trace stream: replayed frames equal live ones, byte for byte") {
  House live;
  const auto peer = live.reader("ann");
  REQUIRE(peer->wait_body(kGreeting));
  const TestCall call{.id = "c-1", .thought = "h-1", .status = "TOOL_ERROR", .err = "no"};
  for (
      const std::string& body :
      {thought_of(call, "look first"), action_of(call), observation_of(call),
       sent(sent_columns("tr-1", "sp-1")),
       sent(sent_columns("tr-1", "sp-1", R"(,"cost_usd":1)"), true),
       std::string(
           R"({"type":"lifecycle","task_id":"t-1","timestamp_ns":"1","payload":{"event":"TASK_STARTED"}})"),
       std::string(
           R"({"type":"lifecycle","task_id":"t-1","timestamp_ns":"2","payload":{"event":"TASK_FAILED"}})")})
    live.house.publish(body, "owner:ann");
  REQUIRE(peer->wait_events(2 + 7));
  REQUIRE(live.house.flush());
  live.clock.advance(std::chrono::seconds(5));
  const auto replay = live.reader("ann", "?lastEventId=earliest");
  REQUIRE(replay->wait_events(2 + 7));
  const auto rows = [](const HttpPeer& one) { return one.body().substr(one.body().find("id: ")); };
  CHECK(rows(*replay) == rows(*peer));
  const auto rest = live.reader("ann", "?lastEventId=" + live.house.id(2));
  REQUIRE(rest->wait_events(2 + 5));
  CHECK(rows(*rest) == rows(*peer).substr(rows(*peer).find("id: " + live.house.id(3))));
}

TEST_CASE("[S2.2] trace stream: a resume nobody can serve is told in the wrapper") {
  House live;
  const auto peer = live.reader({}, "?lastEventId=aaaaaaaaaa-12");
  REQUIRE(peer->wait_events(3));
  CHECK(peer->events.back().event == "message");
  CHECK(JsonView(peer->events.back().data)["type"].is("reset"));
  CHECK(JsonView(peer->events.back().data)["data"]["reason"].is("epoch"));
}

}  // namespace
}  // namespace devs
