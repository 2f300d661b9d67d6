#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"
#include "tests/support/naive_sse_parser.h"

// `GET /trace/replay` over real sockets, with the clock of the test.

using namespace devs;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kFirstStamp = 1'795'224'245'120'000'000;

// Entry n, a second after the one before.
std::string stamped(std::size_t n, const std::string& type = "thought") {
  return R"({"type":")" + type + R"(","n":)" + std::to_string(n) + R"(,"timestamp_ns":")" +
         std::to_string(kFirstStamp + static_cast<std::int64_t>(n) * 1'000'000'000) + "\"}";
}
std::string end_of(const StreamHouse& house, Sequence from, Sequence to) {
  return "id: " + house.id(to) + "-end\nevent: replay_end\ndata: {\"from\":\"" + house.id(from) +
         "\",\"to\":\"" + house.id(to) + "\"}\n\n";
}

struct Fixture {
  Fixture() {
    for (std::size_t n = 1; n <= 5; ++n) house.publish(stamped(n), "owner:ann");
    if (!house.flush()) std::abort();
    house.turn_some();
  }
  std::string frames(Sequence from, Sequence to) {
    std::string text;
    for (; from <= to; ++from) text += frame(house, from, stamped(from));
    return text;
  }
  // Nothing more comes in a while of turns.
  bool rests_at(HttpPeer& peer, const std::string& body) {
    if (!peer.wait_body(body)) return false;
    house.turn_some(10);
    peer.receive();
    return peer.body() == body;
  }
  int post(const std::string& path, const std::string& body, const std::string& headers = "") {
    HttpPeer peer(house, HttpPeer::post(house, path, "application/json", body, headers));
    return peer.wait_answer() ? peer.status() : 0;
  }
  FakeClock clock;
  StreamHouse house{clock};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "replay: all of it as fast as it goes, then its end") {
  HttpPeer peer(house, HttpPeer::get(house, "/trace/replay?speed=max"));
  REQUIRE(peer.wait([&peer] { return peer.finished(); }));
  CHECK(peer.body() == kFirst + frames(1, 5) + end_of(house, 1, 5));
  CHECK(peer.header("X-Head-Event-Id") == house.id(5));
  REQUIRE(peer.wait([&peer] { return peer.ended(); }));
  CHECK(house.turn_until([this] { return house.hub.readers() == 0; }));
}

TEST_CASE_FIXTURE(Fixture,
                  "replay: from one entry to another, both included, and not what comes later") {
  HttpPeer peer(house, HttpPeer::get(house, "/trace/replay?speed=max&from=" + house.id(2) +
                                                "&to=" + house.id(3)));
  REQUIRE(peer.wait([&peer] { return peer.finished(); }));
  CHECK(peer.body() == kFirst + frames(2, 3) + end_of(house, 2, 3));
  HttpPeer none(house,
                HttpPeer::get(house, "/trace/replay?from=" + house.id(3) + "&to=" + house.id(2)));
  REQUIRE(none.wait([&none] { return none.finished(); }));
  CHECK(none.body() == kFirst + end_of(house, 3, 2));
}

TEST_CASE_FIXTURE(Fixture, "replay: at speed 1 an entry comes as long after the first as it was") {
  HttpPeer peer(house, HttpPeer::get(house, "/trace/replay"));
  REQUIRE(rests_at(peer, kFirst + frames(1, 1)));
  house.publish(stamped(6));  // not of this replay
  clock.advance(990ms);
  REQUIRE(rests_at(peer, kFirst + frames(1, 1)));
  clock.advance(20ms);
  REQUIRE(rests_at(peer, kFirst + frames(1, 2)));
  clock.advance(2s);
  REQUIRE(rests_at(peer, kFirst + frames(1, 4)));
  clock.advance(1s);
  CHECK(peer.wait_body(kFirst + frames(1, 5) + end_of(house, 1, 5)));
}

TEST_CASE_FIXTURE(Fixture,
                  "replay: at speed 10 ten times as fast, with heartbeats while it waits") {
  house.publish(stamped(505));
  REQUIRE(house.flush());
  HttpPeer peer(house, HttpPeer::get(house, "/trace/replay?speed=10&from=" + house.id(5)));
  REQUIRE(rests_at(peer, kFirst + frames(5, 5)));
  clock.advance(15'010ms);
  REQUIRE(rests_at(peer, kFirst + frames(5, 5) + ": heartbeat\n\n"));
  clock.advance(35s);
  REQUIRE(peer.wait([&peer] { return peer.finished(); }));
  CHECK(peer.body().find(frame(house, 6, stamped(505)) + end_of(house, 5, 6)) != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "replay: step by step, as many as are asked for") {
  HttpPeer peer(
      house, HttpPeer::get(house, "/trace/replay?step=1&from=" + house.id(2), "X-Guest: ann\r\n"));
  REQUIRE(rests_at(peer, kFirst));
  const std::string path = "/trace/streams/" + peer.header("X-Stream-Id") + "/step";
  CHECK(post(path, "") == 200);
  REQUIRE(rests_at(peer, kFirst + frames(2, 2)));
  CHECK(post(path, R"({"count":2})", "X-Guest: ann\r\n") == 200);
  REQUIRE(rests_at(peer, kFirst + frames(2, 4)));
  CHECK(post(path, "{}", "X-Guest: bob\r\n") == 404);
  for (const std::string bad : {"[]", "7", R"({"count":0})", R"({"count":-1})", R"({"count":"1"})",
                                R"({"count":100001})", R"({"count":1.5})", "{"})
    CHECK(post(path, bad) == 400);
  CHECK(post("/trace/streams/none/step", "{}") == 404);
  REQUIRE(rests_at(peer, kFirst + frames(2, 4)));
  CHECK(post(path, "{}") == 200);
  CHECK(peer.wait_body(kFirst + frames(2, 5) + end_of(house, 2, 5)));

  HttpPeer live(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(live.wait_body(kFirst));
  CHECK(post("/trace/streams/" + live.header("X-Stream-Id") + "/step", "{}") == 409);
}

TEST_CASE_FIXTURE(Fixture, "replay: topics may change on the way") {
  HttpPeer peer(house, HttpPeer::get(house, "/trace/replay?step=1"));
  REQUIRE(peer.wait_body(kFirst));
  const std::string path = "/trace/streams/" + peer.header("X-Stream-Id");
  CHECK(post(path + "/step", R"({"count":2})") == 200);
  REQUIRE(rests_at(peer, kFirst + frames(1, 2)));
  CHECK(post(path + "/topics", R"({"topics":["task:none"]})") == 200);
  CHECK(peer.wait_body(kFirst + frames(1, 2) + end_of(house, 1, 5)));
}

TEST_CASE_FIXTURE(
    Fixture,
    "replay: a client that comes back by itself goes on, and is told to stay away at the end") {
  const std::string target = "/trace/replay?speed=max&from=" + house.id(2) + "&to=" + house.id(4);
  const auto after = [this](Sequence n) { return "Last-Event-ID: " + house.id(n) + "\r\n"; };
  HttpPeer on(house, HttpPeer::get(house, target, after(3)));
  REQUIRE(on.wait([&on] { return on.finished(); }));
  CHECK(on.body() == kFirst + frames(4, 4) + end_of(house, 2, 4));
  HttpPeer before(house, HttpPeer::get(house, target, after(1)));
  REQUIRE(before.wait([&before] { return before.finished(); }));
  CHECK(before.body() == kFirst + frames(2, 4) + end_of(house, 2, 4));
  HttpPeer seen(house, HttpPeer::get(house, target, after(4)));
  REQUIRE(seen.wait_answer());
  CHECK(seen.status() == 204);
  HttpPeer lost(house, HttpPeer::get(house, target, "Last-Event-ID: aaaaaaaaaa-3\r\n"));
  REQUIRE(lost.wait([&lost] { return lost.finished(); }));
  CHECK(lost.events[0].event == "reset");
  CHECK(lost.body().ends_with(frames(2, 4) + end_of(house, 2, 4)));
}

TEST_CASE_FIXTURE(
    Fixture,
    "[T28] replay: whoever has seen the end is told to stay away, however the log has grown") {
  const std::string target = "/trace/replay?speed=max";
  HttpPeer peer(house, HttpPeer::get(house, target));
  REQUIRE(peer.wait([&peer] { return peer.finished(); }));
  const std::string last = peer.last_event_id();
  const std::string before_end = peer.events[4].id;
  house.publish(stamped(6));
  REQUIRE(house.flush());
  // What an EventSource does by itself: the same URL, with the last id it saw.
  HttpPeer again(house, HttpPeer::get(house, target, "Last-Event-ID: " + last + "\r\n"));
  REQUIRE(again.wait_answer());
  CHECK(again.status() == 204);
  HttpPeer by_query(house, HttpPeer::get(house, target + "&lastEventId=" + last));
  REQUIRE(by_query.wait_answer());
  CHECK(by_query.status() == 204);
  // Cut off ahead of the end, it goes on to the end.
  HttpPeer cut(house, HttpPeer::get(house, target, "Last-Event-ID: " + before_end + "\r\n"));
  REQUIRE(cut.wait([&cut] { return cut.finished(); }));
  CHECK(cut.body() == kFirst + frames(6, 6) + end_of(house, 1, 6));
  // And any other stream goes on behind it: the end of a replay is a place in the log.
  HttpPeer live(house, HttpPeer::get(house, "/trace/stream", "Last-Event-ID: " + last + "\r\n"));
  CHECK(live.wait_body(kFirst + frames(6, 6)));
}

TEST_CASE_FIXTURE(
    Fixture, "[SX.11] replay: every frame parses with two parsers at every split of its bytes") {
  house.publish(R"({"type":"system","payload":{"event":"UPSTREAM_UP"}})");
  house.publish(R"({"type":"thought","x":")" + std::string(1'048'600, 'x') + "\"}");
  house.publish(R"({"type":"thought","text":"a\r\n\u0000 \ud83d\ude00 data: id: event:"})");
  REQUIRE(house.flush());
  HttpPeer peer(house, HttpPeer::get(house, "/trace/replay?speed=max&from=" + house.id(4),
                                     "Last-Event-ID: x\r\n"));
  REQUIRE(peer.wait([&peer] { return peer.finished(); }));
  std::string bytes = peer.body();
  bytes += "event: evicted\ndata: {\"reason\":\"stalled\",\"last_id\":\"" + house.id(9) + "\"}\n\n";
  bytes += "id: " + house.id(9) + "\n\n: heartbeat\n\n";
  NaiveSseParser naive;
  naive.feed(bytes);
  const auto expected = naive.events();
  REQUIRE(expected.size() == 8);
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    std::vector<NaiveSseParser::Event> events;
    SseParser parser([&events](const SseParser::Event& event) {
      events.push_back({event.id, event.event, event.data});
    });
    REQUIRE(parser.feed(std::string_view(bytes).substr(0, split)).ok());
    NaiveSseParser half;
    half.feed(std::string_view(bytes).substr(0, split));
    REQUIRE(events == half.events());
    REQUIRE(parser.feed(std::string_view(bytes).substr(split)).ok());
    REQUIRE(events == expected);
  }
}
