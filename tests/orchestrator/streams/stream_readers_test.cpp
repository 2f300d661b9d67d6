#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"

// What operators see of open streams, and do with them.

using namespace devs;

namespace {

std::string list(StreamHouse& house, const std::string& path = "/trace/readers") {
  HttpPeer peer(house, HttpPeer::get(house, path));
  if (!peer.wait_answer() || peer.status() != 200) return "";
  return peer.body();
}
int remove(StreamHouse& house, const std::string& target, const std::string& headers = "") {
  HttpPeer peer(house, HttpPeer::get(house, target, headers, "DELETE"));
  return peer.wait_answer() ? peer.status() : 0;
}
std::int64_t count(StreamHouse& house, const std::string& state) {
  return house.metrics.gauge("stream_readers", "state=\"" + state + '"').value();
}

}  // namespace

TEST_CASE("[T15] StreamHub: operators see every reader, where it stands and since when") {
  FakeClock clock;
  StreamHouse house(clock);
  CHECK(list(house) == "[]");
  HttpPeer one(house,
               HttpPeer::get(house, "/trace/stream?topics=task:a,session:s", "X-Guest: ann\r\n"));
  REQUIRE(one.wait_body(kFirst));
  HttpPeer two(house, HttpPeer::get(house, "/agent-console/stream"));
  REQUIRE(two.wait_body(kFirst));
  const std::string mine = R"({"type":"thought","task_id":"a"})";
  house.publish(mine, "owner:ann");
  REQUIRE(one.wait_body(kFirst + frame(house, 1, mine)));
  clock.advance(std::chrono::milliseconds(1'500));
  const std::string first =
      R"({"reader":")" + one.header("X-Stream-Id") +
      R"(","profile":"T","principal":"ann","topics":["task:a","session:s"],"last_id":")" +
      house.id(1) +
      R"(","lag_entries":0,"lag_bytes":0,"lag_ms":0,"last_progress_ms":1500,"state":"live",)"
      R"("connected_at":"2026-11-21T01:24:05.120Z","bytes":)";
  const std::string text = list(house);
  CHECK(text.substr(0, first.size() + 1) == '[' + first);
  CHECK(text.find(R"(},{"reader":")" + two.header("X-Stream-Id") +
                  R"(","profile":"K","principal":"local","topics":["all"])") != std::string::npos);
  CHECK(list(house, "/api/streams") == text);
  CHECK(count(house, "live") == 2);
}

TEST_CASE("StreamHub: a reader that stopped shows its lag, and is counted where it stands") {
  FakeClock clock;
  StreamHouse house(clock, {.bus = {.ring_entries = 64}});
  HttpPeer stopped(house, HttpPeer::get(house, "/trace/stream"), 4096);
  REQUIRE(stopped.wait_body(kFirst));
  for (std::size_t n = 1; n <= 1'000; ++n) {
    house.publish(thought(n, R"(,"x":")" + std::string(20'000, 'x') + '"'));
    if (n % 50 != 0) continue;
    REQUIRE(house.flush());
    house.turn_some(3);
    clock.advance(std::chrono::milliseconds(100));
  }
  const std::string text = list(house);
  const JsonView reader(std::string_view(text).substr(1, text.size() - 2));
  const auto number = [&reader](std::string_view name) {
    return reader[name].integer().value_or(-1);
  };
  const std::int64_t lag = number("lag_entries");
  CHECK(lag > 500);
  CHECK(lag < 1'000);
  // As many bytes as entries, and as old as the first of them.
  CHECK(number("lag_bytes") > lag * 19'000);
  CHECK(number("lag_bytes") < lag * 22'000);
  CHECK(number("lag_ms") >= lag * 2 - 200);
  CHECK(number("lag_ms") <= lag * 2 + 200);
  CHECK(number("last_progress_ms") > 1'000);
  CHECK(reader["state"].string() == "disk");
  CHECK(count(house, "disk") == 1);
  CHECK(count(house, "live") == 0);
  REQUIRE(stopped.wait_events(1'000));
  CHECK(list(house).find(R"("state":"live")") != std::string::npos);
  CHECK(count(house, "live") == 1);
  stopped.close();
  REQUIRE(house.turn_until([&house] { return house.hub.readers() == 0; }));
  CHECK(count(house, "live") + count(house, "ring") + count(house, "disk") == 0);
}

TEST_CASE("StreamHub: an operator ends a stream, with a word where it fits") {
  StreamHouse house;
  for (const std::string path : {"/trace/readers/", "/api/streams/"}) {
    HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"));
    REQUIRE(peer.wait_body(kFirst));
    const Sequence n = house.publish(thought(1));
    const std::string got = kFirst + frame(house, n, thought(1));
    REQUIRE(peer.wait_body(got));
    const std::string target = path + peer.header("X-Stream-Id");
    CHECK(remove(house, target) == 204);
    REQUIRE(peer.wait([&peer] { return peer.ended(); }));
    CHECK(peer.finished());
    CHECK(peer.body() == got + "event: evicted\ndata: {\"reason\":\"admin\",\"last_id\":\"" +
                             house.id(n) + "\"}\n\n");
    CHECK(remove(house, target) == 404);
  }
  CHECK(house.hub.readers() == 0);
  CHECK(house.metrics.counter("stream_evictions_total", "reason=\"admin\"").value() == 2);
}

TEST_CASE("StreamHub: a reader that takes nothing is ended at once, without a word in mid-frame") {
  StreamHouse house;
  HttpPeer stopped(house, HttpPeer::get(house, "/trace/stream"), 4096);
  REQUIRE(stopped.wait_body(kFirst));
  for (std::size_t n = 1; n <= 20; ++n)
    house.publish(thought(n, R"(,"x":")" + std::string(1'000'000, 'x') + '"'));
  REQUIRE(house.flush());
  house.turn_some(100);
  CHECK(remove(house, "/trace/readers/" + stopped.header("X-Stream-Id")) == 204);
  CHECK(house.hub.readers() == 0);
  REQUIRE(stopped.wait([&stopped] { return stopped.ended(); }));
  CHECK(stopped.body().find("evicted") == std::string::npos);
  CHECK_FALSE(stopped.finished());
}

TEST_CASE("StreamHub: the list and the end are for operators") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream", "X-Guest: ann\r\n"));
  REQUIRE(peer.wait_body(kFirst));
  const std::string target = "/trace/readers/" + peer.header("X-Stream-Id");
  CHECK(remove(house, target, "X-Guest: ann\r\n") == 403);
  HttpPeer asked(house, HttpPeer::get(house, "/trace/readers", "X-Guest: ann\r\n"));
  REQUIRE(asked.wait_answer());
  CHECK(asked.status() == 403);
  CHECK(asked.body() == R"({"error":"FORBIDDEN","reason":"scope"})");
  CHECK(house.hub.readers() == 1);
}

TEST_CASE("StreamHub: a list of many readers is written over several turns, whole") {
  StreamHouse house;
  std::vector<std::unique_ptr<HttpPeer>> peers;
  for (int n = 0; n < 600; ++n) {
    peers.push_back(std::make_unique<HttpPeer>(house, HttpPeer::get(house, "/trace/stream")));
    REQUIRE(peers.back()->wait_head());
  }
  REQUIRE(house.turn_until([&house] { return house.hub.readers() == 600; }));
  const std::string text = list(house);
  CHECK(JsonView(text).size() == 600);
  for (const auto& peer : peers)
    CHECK(text.find('"' + peer->header("X-Stream-Id") + '"') != std::string::npos);
}
