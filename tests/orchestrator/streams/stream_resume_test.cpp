#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"

// What a reader may count on when it is slow, stopped, cut off, one too many, or
// come back: rules of all streams, over real sockets.

using namespace devs;

TEST_CASE("[SX.4] StreamHub: evicted after 30 s without a byte, not at a byte each second") {
  FakeClock clock;
  StreamHouse house(clock);
  HttpPeer stopped(house, HttpPeer::get(house, "/trace/stream"), 4096);
  HttpPeer slow(house, HttpPeer::get(house, "/trace/stream"), 4096);
  REQUIRE(stopped.wait_body(kFirst));
  REQUIRE(slow.wait_body(kFirst));
  for (std::size_t n = 1; n <= 40; ++n)
    house.publish(thought(n, R"(,"x":")" + std::string(1'000'000, 'x') + '"'));
  REQUIRE(house.flush());
  house.turn_some(100);
  CHECK(house.hub.readers() == 2);
  for (int second = 0; second < 60; ++second) {
    slow.receive(65'536);  // at a window of 4 KB the kernel opens it in such steps
    clock.advance(std::chrono::seconds(1));
    house.turn_some(5);
    if (second == 28) CHECK(house.hub.readers() == 2);
  }
  CHECK(house.hub.readers() == 1);
  CHECK(house.metrics.counter("http_streams_stalled_total").value() == 1);
  CHECK(slow.wait_events(40));
}

TEST_CASE(
    "[SX.4][T28] StreamHub: `evicted` `stalled` ends with the frame that was being sent, and to "
    "come back with its id repeats and loses nothing") {
  int heard = 0;
  for (std::size_t attempt = 0; attempt < 5; ++attempt) {
    FakeClock clock;
    StreamHouse house(clock);
    HttpPeer stopped(house, HttpPeer::get(house, "/trace/stream"), 4096);
    REQUIRE(stopped.wait_body(kFirst));
    const std::string filler = R"(,"x":")" + std::string(900 + 37 * attempt, 'x') + '"';
    for (std::size_t n = 1; n <= 8'000; ++n) house.publish(thought(n, filler));
    REQUIRE(house.flush());
    house.turn_some(100);
    // It takes a little: the socket has some room, not enough to be called writable.
    stopped.receive(4'096 * (1 + attempt));
    house.turn_some(5);
    clock.advance(std::chrono::seconds(31));
    REQUIRE(house.turn_until([&house] { return house.hub.readers() == 0; }));
    REQUIRE(stopped.wait([&stopped] { return stopped.ended(); }));
    if (stopped.events.back().event != "evicted") continue;
    ++heard;
    CHECK(stopped.finished());
    const std::size_t seen = stopped.events.size() - 1;
    CHECK(stopped.events.back().data ==
          R"({"reason":"stalled","last_id":")" + house.id(seen) + "\"}");
    CHECK(stopped.last_event_id() == house.id(seen));
  }
  CHECK(heard > 0);
}

TEST_CASE("[SX.5][T28] StreamHub: a stream is over 1000 ms after its goodbye, blocked or not") {
  FakeClock clock;
  StreamHouse house(clock);
  HttpPeer blocked(house, HttpPeer::get(house, "/trace/stream"), 4096);
  HttpPeer open(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(blocked.wait_body(kFirst));
  REQUIRE(open.wait_body(kFirst));
  for (std::size_t n = 1; n <= 10; ++n)
    house.publish(thought(n, R"(,"x":")" + std::string(1'000'000, 'x') + '"'));
  REQUIRE(house.flush());
  REQUIRE(open.wait_events(10));
  house.hub.goodbye(std::chrono::milliseconds(0));
  REQUIRE(open.wait([&open] { return open.finished(); }));
  CHECK(open.events.back().event == "goodbye");
  house.turn_some();
  CHECK(house.hub.readers() == 1);
  clock.advance(std::chrono::milliseconds(900));
  house.turn_some();
  CHECK(house.hub.readers() == 1);
  clock.advance(std::chrono::milliseconds(100));
  house.turn_some();
  CHECK(house.hub.readers() == 0);
  REQUIRE(blocked.wait([&blocked] { return blocked.ended(); }));
}

TEST_CASE("[SX.3] [D0.3] StreamHub: a reader that stopped for an hour catches up from the log") {
  FakeClock clock;
  StreamHouse house(clock, {.bus = {.ring_entries = 64}});
  std::size_t n = 0;
  std::string last;
  std::vector<SseParser::Event> seen;
  {
    HttpPeer stopped(house, HttpPeer::get(house, "/trace/stream"), 4096);
    REQUIRE(stopped.wait_body(kFirst));
    for (int minute = 0; minute < 60; ++minute) {
      for (int each = 0; each < 40; ++each)
        house.publish(thought(++n, R"(,"x":")" + std::string(10'000, 'x') + '"'));
      REQUIRE(house.flush());
      clock.advance(std::chrono::minutes(1));
      house.turn_some(3);
    }
    REQUIRE(stopped.wait([&] { return stopped.ended(); }));
    seen = stopped.events;
    std::erase_if(seen, [](const SseParser::Event& event) { return event.event == "evicted"; });
    last = stopped.last_event_id();
  }
  CHECK(house.bus.oldest() > 2000);
  CHECK(seen.size() < n);
  HttpPeer again(house, HttpPeer::get(house, "/trace/stream", "Last-Event-ID: " + last + "\r\n"));
  REQUIRE(again.wait([&] { return seen.size() + again.events.size() >= n; }));
  seen.insert(seen.end(), again.events.begin(), again.events.end());
  REQUIRE(seen.size() == n);
  for (std::size_t at = 0; at < n; ++at) CHECK(seen[at].id == house.id(at + 1));
  house.publish(thought(++n));
  CHECK(again.wait([&] { return again.last_event_id() == house.id(n); }));
}

TEST_CASE("[SX.8] StreamHub: before a heartbeat a reader learns how far the log is") {
  FakeClock clock;
  StreamHouse house(clock);
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream?taskId=t"));
  REQUIRE(peer.wait_body(kFirst));
  std::string expected = kFirst;
  clock.advance(std::chrono::milliseconds(15'010));
  expected += ": heartbeat\n\n";  // the log stood still: no id
  REQUIRE(peer.wait_body(expected));

  for (std::size_t n = 1; n <= 10; ++n) house.publish(thought(n));
  REQUIRE(house.flush());
  house.turn_some();
  clock.advance(std::chrono::milliseconds(15'010));
  expected += "id: " + house.id(10) + "\n\n: heartbeat\n\n";
  REQUIRE(peer.wait_body(expected));
  CHECK(peer.events.empty());
  CHECK(peer.last_event_id() == house.id(10));

  const std::string mine = R"({"type":"thought","task_id":"t"})";
  house.publish(mine);
  expected += frame(house, 11, mine);
  REQUIRE(peer.wait_body(expected));
  clock.advance(std::chrono::milliseconds(15'010));
  expected += ": heartbeat\n\n";  // it knows 11 already
  CHECK(peer.wait_body(expected));

  StreamHouse silent(clock, {.hub = {.checkpoint = false}});
  HttpPeer other(silent, HttpPeer::get(silent, "/trace/stream?taskId=t"));
  REQUIRE(other.wait_body(kFirst));
  silent.publish(thought(1));
  REQUIRE(silent.flush());
  silent.turn_some();
  clock.advance(std::chrono::milliseconds(15'010));
  CHECK(other.wait_body(kFirst + ": heartbeat\n\n"));
}

TEST_CASE("[SX.9] [DX.5] StreamHub: caps answer 503 and 429, and slots come back") {
  StreamHouse house(system_clock(), {.hub = {.max_clients = 3, .max_per_principal = 2},
                                     .principal = {"guest", false}});
  auto one = std::make_unique<HttpPeer>(house, HttpPeer::get(house, "/trace/stream"));
  HttpPeer two(house, HttpPeer::get(house, "/agent-console/stream"));
  REQUIRE(one->wait_body(kFirst));
  REQUIRE(two.wait_body(kFirst));
  {
    HttpPeer three(house, HttpPeer::get(house, "/trace/stream"));
    REQUIRE(three.wait_answer());
    CHECK(three.status() == 429);
    CHECK(three.header("Retry-After") == "5");
    CHECK(three.header("Content-Type") == "application/json");
    CHECK(three.body() == R"({"error":"Too many streams","max":2})");
  }
  one = nullptr;
  REQUIRE(house.turn_until([&house] { return house.hub.readers() == 1; }));
  HttpPeer again(house, HttpPeer::get(house, "/trace/stream"));
  CHECK(again.wait_body(kFirst));

  StreamHouse small(system_clock(), {.hub = {.max_clients = 1}});
  HttpPeer only(small, HttpPeer::get(small, "/trace/stream"));
  REQUIRE(only.wait_body(kFirst));
  HttpPeer more(small, HttpPeer::get(small, "/trace/stream"));
  REQUIRE(more.wait_answer());
  CHECK(more.status() == 503);
  CHECK(more.header("Retry-After") == "5");
  CHECK(more.body() == R"({"error":"Too many clients","max":1})");
}

TEST_CASE("[SX.12] StreamHub: no stream is compressed") {
  StreamHouse house;
  for (const std::string encoding : {"gzip", "br", "gzip, deflate, br, zstd", "*"}) {
    HttpPeer peer(house,
                  HttpPeer::get(house, "/trace/stream", "Accept-Encoding: " + encoding + "\r\n"));
    REQUIRE(peer.wait_body(kFirst));
    CHECK(peer.header("Content-Encoding") == "");
  }
}

TEST_CASE(
    "[SX.5] StreamHub: goodbye to each reader with its own retry, then the end; resume goes on") {
  FakeClock clock;
  TempDir dir;
  std::optional<StreamHouse> first;
  first.emplace(clock, StreamHouse::Options{.dir = dir.path()});
  StreamHouse& house = *first;
  std::vector<std::unique_ptr<HttpPeer>> peers;
  for (int n = 0; n < 20; ++n) {
    peers.push_back(std::make_unique<HttpPeer>(house, HttpPeer::get(house, "/trace/stream")));
    REQUIRE(peers.back()->wait_body(kFirst));
  }
  house.publish(thought(1));
  for (const auto& peer : peers) REQUIRE(peer->wait_events(1));
  house.hub.goodbye(std::chrono::seconds(2));
  const auto said = [&peers] {
    std::size_t count = 0;
    for (const auto& peer : peers) {
      peer->receive();
      count += peer->events.size() == 2;
    }
    return count;
  };
  // Spread over the two seconds, each stream ended with its goodbye.
  std::vector<std::size_t> heard;
  for (int tick = 0; tick <= 10; ++tick) {
    for (int fine = 0; fine < 10; ++fine) {
      house.turn_some(2);
      heard.push_back(said());
      clock.advance(std::chrono::milliseconds(20));
    }
  }
  REQUIRE(house.turn_until([&] { return said() == 20; }));
  CHECK(heard[0] <= 2);
  CHECK(heard[50] >= 5);
  CHECK(heard[50] <= 15);
  CHECK(house.turn_until([&house] { return house.hub.readers() == 0; }));

  std::set<std::string> retries;
  for (const auto& peer : peers) {
    REQUIRE(peer->wait([&peer] { return peer->finished() && peer->ended(); }));
    const std::string& data = peer->events[1].data;
    CHECK(peer->events[1].event == "goodbye");
    const JsonView goodbye(data);
    const auto retry = goodbye["retry_ms"].integer().value_or(0);
    CHECK(retry >= 1000);
    CHECK(retry <= 5000);
    retries.insert(std::to_string(retry));
    const std::string text = std::to_string(retry);
    CHECK(peer->body().ends_with("retry: " + text +
                                 "\nevent: goodbye\ndata: {\"reason\":\"shutdown\","
                                 "\"retry_ms\":" +
                                 text + ",\"last_id\":\"" + house.id(1) + "\"}\n\n"));
    CHECK(peer->last_event_id() == house.id(1));
  }
  CHECK(retries.size() > 10);

  HttpPeer late(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(late.wait_answer());
  CHECK(late.status() == 503);
  late.close();

  const std::string last = peers[0]->last_event_id();
  house.publish(thought(2));  // between its goodbye and its return
  REQUIRE(house.flush());
  peers.clear();
  first.reset();
  StreamHouse next(clock, {.dir = dir.path()});
  next.publish(thought(3));
  HttpPeer again(next, HttpPeer::get(next, "/trace/stream", "Last-Event-ID: " + last + "\r\n"));
  CHECK(again.wait_body(kFirst + frame(next, 2, thought(2)) + frame(next, 3, thought(3))));
}

TEST_CASE("[SX.2] [DX.2] StreamHub: the resume rules on the wire") {
  StreamHouse house;
  for (std::size_t n = 1; n <= 3; ++n) house.publish(thought(n));
  REQUIRE(house.flush());
  const std::string two = frame(house, 2, thought(2)), three = frame(house, 3, thought(3));
  const auto body_of = [&house](const std::string& target, const std::string& headers,
                                const std::string& expected) {
    HttpPeer peer(house, HttpPeer::get(house, target, headers));
    CHECK(peer.wait_body(kFirst + expected));
    house.turn_some(2);
    peer.receive();
    CHECK(peer.body() == kFirst + expected);
  };
  const auto reset = [&house](const std::string& reason, const std::string& requested) {
    return "event: reset\ndata: {\"reason\":\"" + reason + "\",\"requested\":\"" + requested +
           "\",\"now\":\"" + house.id(3) + "\"}\n\n";
  };
  const std::string header = "Last-Event-ID: ";
  body_of("/trace/stream", "", "");
  body_of("/trace/stream", header + house.id(1) + "\r\n", two + three);
  body_of("/trace/stream?lastEventId=" + house.id(1), "", two + three);
  body_of("/trace/stream?lastEventId=" + house.id(1), header + house.id(2) + "\r\n", three);
  body_of("/trace/stream?lastEventId=earliest", "", frame(house, 1, thought(1)) + two + three);
  body_of("/trace/stream?lastEventId=latest", "", "");
  body_of("/trace/stream", header + "\r\n", "");
  body_of("/trace/stream", header + "aaaaaaaaaa-12\r\n", reset("epoch", "aaaaaaaaaa-12"));
  body_of("/trace/stream", header + house.id(4) + "\r\n", reset("future", house.id(4)));
  body_of("/trace/stream", header + "nonsense\r\n", reset("malformed", "nonsense"));
  body_of("/trace/stream", header + house.id(1) + "\r\n" + header + house.id(1) + "\r\n",
          reset("malformed", house.id(1)));
}
