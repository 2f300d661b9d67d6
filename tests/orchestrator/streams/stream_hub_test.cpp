#include "orchestrator/streams/stream_hub.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "orchestrator/streams/sse_stream.h"
#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"

using namespace devs;

namespace {

const std::string kFirst = ": connected\n\nretry: 2000\n\n";

std::string frame(const StreamHouse& house, Sequence n, const std::string& body) {
  return "id: " + house.id(n) + "\ndata: " + body + "\n\n";
}

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("[S0.1] StreamHub: head and first frames come before any publish") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(peer.wait_body(kFirst));
  CHECK(peer.head().starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(peer.header("Content-Type") == "text/event-stream");
  CHECK(peer.header("Cache-Control") == "no-cache");
  CHECK(peer.header("Connection") == "keep-alive");
  CHECK(peer.header("X-Accel-Buffering") == "no");
  CHECK(peer.header("X-Content-Type-Options") == "nosniff");
  CHECK(peer.header("Referrer-Policy") == "no-referrer");
  CHECK(peer.header("Transfer-Encoding") == "chunked");
  CHECK(peer.header("X-Head-Event-Id") == house.id(0));
  CHECK(house.hub.readers() == 1);
}

TEST_CASE("[S0.1] StreamHub: X-Head-Event-Id is where a fetch client may resume from") {
  StreamHouse house;
  for (std::size_t n = 1; n <= 3; ++n) house.publish(thought(n));
  REQUIRE(house.flush());
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(peer.wait_body(kFirst));
  CHECK(peer.header("X-Head-Event-Id") == house.id(3));
  house.publish(thought(4));
  CHECK(peer.wait_body(kFirst + frame(house, 4, thought(4))));
}

TEST_CASE("StreamHub: HEAD answers the head alone and takes no slot") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream", "", "HEAD"));
  REQUIRE(peer.wait_head());
  CHECK(peer.status() == 200);
  CHECK(peer.header("Content-Type") == "text/event-stream");
  CHECK(peer.header("X-Head-Event-Id") == house.id(0));
  house.turn_some();
  peer.receive();
  CHECK(peer.body() == "");
  CHECK(house.hub.readers() == 0);
}

TEST_CASE("StreamHub: a peer of HTTP/1.0 gets bare frames") {
  StreamHouse house;
  HttpPeer peer(house, "GET /trace/stream HTTP/1.0\r\nHost: 127.0.0.1:" +
                           std::to_string(house.front.port()) + "\r\n\r\n");
  REQUIRE(peer.wait_body(kFirst));
  CHECK(peer.header("Transfer-Encoding") == "");
  house.publish(thought(1));
  CHECK(peer.wait_body(kFirst + frame(house, 1, thought(1))));
}

TEST_CASE("[S0.2] StreamHub: an envelope arrives as published, within 200 ms") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(peer.wait_body(kFirst));
  const std::string envelope =
      R"({"type":"thought","turn_index":1,"payload":{"analysis":{"reasoning_chain":"smoke-test"}},"timestamp_ns":"0"})";
  const auto before = std::chrono::steady_clock::now();
  house.publish(envelope);
  REQUIRE(peer.wait_body(kFirst + frame(house, 1, envelope)));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(200));
}

TEST_CASE("[S0.3] StreamHub: a heartbeat every 15 s per client, on idle and busy streams") {
  FakeClock clock;
  StreamHouse house(clock);
  HttpPeer early(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(early.wait_body(kFirst));
  clock.advance(std::chrono::seconds(7));
  house.turn_some();
  HttpPeer late(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(late.wait_body(kFirst));

  std::string early_body = kFirst, late_body = kFirst;
  clock.advance(std::chrono::milliseconds(7'900));
  house.turn_some();
  CHECK(early.wait_body(early_body));  // 14.9 s: not yet
  clock.advance(std::chrono::milliseconds(200));
  early_body += ": heartbeat\n\n";
  CHECK(early.wait_body(early_body));
  house.turn_some();
  CHECK(late.wait_body(late_body));
  clock.advance(std::chrono::seconds(7));
  late_body += ": heartbeat\n\n";
  CHECK(late.wait_body(late_body));

  // Busy: an envelope each second does not put a heartbeat off.
  std::size_t n = 0;
  const auto heartbeats = [](const HttpPeer& peer) {
    std::size_t count = 0;
    for (std::size_t at = peer.body().find(": heartbeat"); at != std::string::npos;
         at = peer.body().find(": heartbeat", at + 1))
      ++count;
    return count;
  };
  for (int second = 0; second < 60; ++second) {
    house.publish(thought(++n));
    REQUIRE(early.wait_events(n));
    REQUIRE(late.wait_events(n));
    clock.advance(std::chrono::seconds(1));
    house.turn_some(2);
  }
  CHECK(early.wait([&] { return heartbeats(early) == 5; }));
  CHECK(late.wait([&] { return heartbeats(late) == 5; }));
}

TEST_CASE("[S0.3] StreamHub: heartbeats may be shortened; due behind unsent bytes they are skipped") {
  FakeClock clock;
  StreamHouse house(clock, {.hub = {.heartbeat = std::chrono::seconds(1)}});
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"), 4096);
  REQUIRE(peer.wait_body(kFirst));
  clock.advance(std::chrono::milliseconds(1'010));
  REQUIRE(peer.wait_body(kFirst + ": heartbeat\n\n"));
  // More than the socket takes.
  std::size_t n = 0;
  const Counter& skipped = house.metrics.counter("stream_heartbeats_skipped_total");
  for (; n < 40; ++n)
    house.publish(thought(n, R"(,"x":")" + std::string(1'000'000, 'x') + '"'));
  REQUIRE(house.flush());
  house.turn_some(100);
  for (int second = 0; second < 5; ++second) {
    clock.advance(std::chrono::milliseconds(1'010));
    house.turn_some(3);
  }
  CHECK(skipped.value() == 5);
  CHECK(peer.wait_events(n));
  CHECK(peer.body().find("heartbeat", kFirst.size() + 15) == std::string::npos);
}

TEST_CASE("[S0.4] StreamHub: three clients get everything in order, a stalled one changes nothing") {
  StreamHouse house;
  HttpPeer one(house, HttpPeer::get(house, "/trace/stream"));
  HttpPeer two(house, HttpPeer::get(house, "/trace/stream"));
  HttpPeer three(house, HttpPeer::get(house, "/trace/stream"));
  HttpPeer stalled(house, HttpPeer::get(house, "/trace/stream"), 4096);
  for (HttpPeer* peer : {&one, &two, &three, &stalled}) REQUIRE(peer->wait_body(kFirst));
  std::string expected = kFirst;
  for (std::size_t n = 1; n <= 2000; ++n) {
    const std::string body = thought(n, R"(,"x":")" + std::string(4000, 'x') + '"');
    house.publish(body);
    expected += frame(house, n, body);
    if (n % 100 == 0) house.turn_some(1);
  }
  for (HttpPeer* peer : {&one, &two, &three}) {
    const bool everything = peer->wait_body(expected);
    CHECK(everything);
  }
  const bool late = stalled.wait_body(expected);  // wakes up: misses nothing either
  CHECK(late);
}

TEST_CASE("[S0.5] StreamHub: FIN and RST free reader, timers and descriptors, 1000 times") {
  StreamHouse house;
  const auto cycle = [&house](bool hard) {
    HttpPeer peer(house, HttpPeer::get(house, "/trace/stream?taskId=t-1"));
    REQUIRE(peer.wait_body(kFirst));
    hard ? peer.reset() : peer.close();
    REQUIRE(house.turn_until([&house] { return house.hub.readers() == 0; }));
  };
  cycle(false);
  REQUIRE(house.turn_until([&house] { return house.front.counts().connections == 0; }));
  const std::size_t open = descriptors();
  const std::size_t armed = house.reactor.timers().armed();
  for (int n = 0; n < 1000; ++n) cycle(n % 2 == 0);
  REQUIRE(house.turn_until([&house] { return house.front.counts().connections == 0; }));
  CHECK(descriptors() == open);
  CHECK(house.reactor.timers().armed() == armed);
  house.publish(thought(1));  // nobody is written to
  REQUIRE(house.flush());
  house.turn_some();
}

TEST_CASE("[S0.7] StreamHub: an envelope of one byte too many is announced, the stream lives") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(peer.wait_body(kFirst));
  const auto sized = [](std::size_t bytes) {
    const std::string head = R"({"type":"thought","x":")";
    return head + std::string(bytes - head.size() - 2, 'x') + "\"}";
  };
  for (const std::size_t bytes : {1'048'575U, 1'048'576U, 1'048'577U, 100U})
    house.publish(sized(bytes));
  REQUIRE(peer.wait_events(4));
  CHECK(peer.events[0].data.size() == 1'048'575);
  CHECK(peer.events[1].data.size() == 1'048'576);
  CHECK(peer.events[2].event == "envelope_oversize");
  CHECK(peer.events[2].data == R"({"id":")" + house.id(3) + R"(","bytes":1048577})");
  CHECK(peer.events[3].data == sized(100));
  CHECK(house.log.count("WARN envelope_oversize") == 1);

  HttpPeer whole(house, HttpPeer::get(house, "/trace/envelopes/" + house.id(3)));
  REQUIRE(whole.wait_answer());
  CHECK(whole.status() == 200);
  CHECK(whole.header("X-Event-Id") == house.id(3));
  const bool same = whole.body() == sized(1'048'577);
  CHECK(same);
}

TEST_CASE("[S0.10] StreamHub: what is published is whole lines, in the file within 50 ms") {
  StreamHouse house;
  const auto lines = [&house] {
    std::vector<std::string> found;
    std::ifstream file(house.dir / "trace.log");
    for (std::string line; std::getline(file, line);) found.push_back(line);
    return found;
  };
  const auto before = std::chrono::steady_clock::now();
  house.publish(thought(1));
  REQUIRE(house.turn_until([&] { return lines().size() == 1; }));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(50));
  for (std::size_t n = 2; n <= 3; ++n) house.publish(thought(n));
  REQUIRE(house.flush());
  CHECK(lines() == std::vector<std::string>{thought(1), thought(2), thought(3)});

  std::vector<std::thread> publishers;
  for (std::size_t n = 0; n < 100; ++n)
    publishers.emplace_back([&house, n] { house.publish(thought(n, R"(,"mine":true)")); });
  for (std::thread& each : publishers) each.join();
  REQUIRE(house.flush());
  const auto all = lines();
  CHECK(all.size() == 103);
  for (std::size_t n = 0; n < 100; ++n)
    CHECK(std::count(all.begin(), all.end(), thought(n, R"(,"mine":true)")) == 1);
}

TEST_CASE("[S0.10] StreamHub: five turns are fifteen lines and fifteen events in order") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(peer.wait_body(kFirst));
  std::vector<std::string> published;
  for (int turn = 0; turn < 5; ++turn)
    for (const std::string type : {"thought", "action", "observation"}) {
      std::string body = R"({"type":")" + type + '"';
      if (type != "thought") body += R"(,"tool_call_id":"c-)" + std::to_string(turn) + '"';
      published.push_back(body + '}');
      house.publish(published.back());
    }
  REQUIRE(peer.wait_events(15));
  std::ifstream file(house.dir / "trace.log");
  for (std::size_t n = 0; n < 15; ++n) {
    std::string line;
    CHECK(static_cast<bool>(std::getline(file, line)));
    CHECK(line == published[n]);
    CHECK(peer.events[n].data == published[n]);
    CHECK(peer.events[n].id == house.id(n + 1));
    CHECK(peer.events[n].event == "message");
  }
}

TEST_CASE("[S0.12] StreamHub: raw stream and console side by side") {
  StreamHouse house;
  HttpPeer raw(house, HttpPeer::get(house, "/trace/stream"));
  HttpPeer console(house, HttpPeer::get(house, "/agent-console/stream"));
  REQUIRE(raw.wait_body(kFirst));
  REQUIRE(console.wait_body(kFirst));
  const std::string stamp = R"(,"timestamp_ns":"1")";
  house.publish(thought(1, stamp));
  house.publish(thought(2));
  house.publish(R"({"type":"mine"})");
  house.publish(R"({"type":"system","payload":{"event":"UPSTREAM_UP","server":"s"}})");
  house.publish(R"({"type":"hitl","payload":{"event":"HITL_GATE_REQUIRED"}})");
  house.publish(thought(6, stamp));
  REQUIRE(raw.wait_events(6));
  REQUIRE(console.wait_events(3));
  CHECK(raw.events[3].event == "UPSTREAM_UP");
  CHECK(raw.events[4].event == "HITL_GATE_REQUIRED");
  CHECK(console.events[0].id == house.id(1));
  CHECK(console.events[0].data.find(R"("semantic_class":"thought")") != std::string::npos);
  CHECK(console.events[1].event == "HITL_GATE_REQUIRED");
  CHECK(console.events[1].data == raw.events[4].data);
  CHECK(console.events[2].id == house.id(6));
  CHECK(house.log.count("WARN console_unknown_type") == 1);
  CHECK(house.metrics.counter("console_annotation_errors_total").value() == 1);
}

TEST_CASE("[S0.13] StreamHub: filters mean the same live and in replay") {
  StreamHouse house;
  const std::string targets[] = {"taskId=t", "taskId=t&types=action", "sessionId=s&taskId=t",
                                 "agentId=a", "types=thought,action"};
  const std::size_t matching[] = {3, 1, 1, 2, 5};
  std::vector<std::unique_ptr<HttpPeer>> live;
  for (const std::string& query : targets) {
    live.push_back(std::make_unique<HttpPeer>(house, HttpPeer::get(house, "/trace/stream?" + query)));
    REQUIRE(live.back()->wait_body(kFirst));
  }
  house.publish(R"({"type":"thought","task_id":"t","agent_id":"a"})");
  house.publish(R"({"type":"action","task_id":"t","session_id":"s"})");
  house.publish(R"({"type":"observation","taskId":"t"})");
  house.publish(R"({"type":"thought","task_id":"u","agent_id":"a"})");
  house.publish(R"({"type":"action","session_id":"s"})");
  house.publish(R"({"type":"thought"})");
  REQUIRE(house.flush());
  for (std::size_t at = 0; at < live.size(); ++at) {
    CAPTURE(targets[at]);
    REQUIRE(live[at]->wait_events(matching[at]));
    HttpPeer replay(house, HttpPeer::get(house, "/trace/stream?lastEventId=earliest&" + targets[at]));
    REQUIRE(replay.wait_events(matching[at]));
    house.turn_some(3);
    replay.receive();
    live[at]->receive();
    CHECK(live[at]->events.size() == matching[at]);
    CHECK(replay.body() == live[at]->body());
  }
}

TEST_CASE("[S0.13] StreamHub: bad ids are 400 by name, /stream wants UUIDs") {
  StreamHouse house;
  const auto refused = [&house](const std::string& target, const std::string& field) {
    HttpPeer peer(house, HttpPeer::get(house, target));
    REQUIRE(peer.wait_answer());
    CHECK(peer.status() == 400);
    CHECK(peer.header("Content-Type") == "application/json");
    CHECK(peer.body().starts_with(R"({"error":"BAD_REQUEST","field":")" + field +
                                  R"(","message":")"));
  };
  refused("/trace/stream?taskId=", "taskId");
  refused("/trace/stream?sessionId=a%20b", "sessionId");
  refused("/agent-console/stream?agentId=%22", "agentId");
  refused("/stream?taskId=t-42", "taskId");
  refused("/trace/stream?topics=all", "topics");
  HttpPeer uuid(house, HttpPeer::get(house, "/stream?taskId=019ab3c2-7d10-7a55-9f0e-2b1c5d7e9a01"));
  CHECK(uuid.wait_body(kFirst));
  CHECK(house.hub.readers() == 1);
}

TEST_CASE("[S0.14] StreamHub: every observation on the wire is a valid one") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream?types=observation"));
  REQUIRE(peer.wait_body(kFirst));
  std::size_t count = 0;
  for (const CallStatus status :
       {CallStatus::success, CallStatus::tool_error, CallStatus::validation_failed,
        CallStatus::upstream_unavailable, CallStatus::timeout_exceeded, CallStatus::access_denied,
        CallStatus::unknown_tool, CallStatus::cancelled, CallStatus::abandoned}) {
    ObservationEnvelope observation;
    observation.tool_call_id = "c-" + std::to_string(++count);
    observation.status = status;
    observation.tool_name = "echo";
    observation.stdout_text = "out";
    observation.duration_ms = 1.5;
    REQUIRE(house.bus.publish(draft_of(encode_observation(observation))).ok());
  }
  REQUIRE(peer.wait_events(count));
  for (const SseParser::Event& event : peer.events)
    CHECK(validate_observation(JsonView(event.data)).empty());
}

TEST_CASE("[S0.15] StreamHub: a path is not doubled, a method not swallowed") {
  StreamHouse house;
  HttpPeer doubled(house, HttpPeer::get(house, "/trace/trace/stream"));
  REQUIRE(doubled.wait_answer());
  CHECK(doubled.status() == 404);
  HttpPeer post(house, HttpPeer::post(house, "/trace/stream", "application/json", "{}"));
  REQUIRE(post.wait_answer());
  CHECK(post.status() == 405);
  CHECK(post.header("Allow") == "GET, HEAD, OPTIONS");
}

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

TEST_CASE("[SX.3] StreamHub: a reader that stopped for an hour catches up from the log") {
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

TEST_CASE("[SX.9] StreamHub: caps answer 503 and 429, and slots come back") {
  StreamHouse house(system_clock(),
                    {.hub = {.max_clients = 3, .max_per_principal = 2},
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
    HttpPeer peer(house, HttpPeer::get(house, "/trace/stream",
                                       "Accept-Encoding: " + encoding + "\r\n"));
    REQUIRE(peer.wait_body(kFirst));
    CHECK(peer.header("Content-Encoding") == "");
  }
}

TEST_CASE("[SX.5] StreamHub: goodbye to each reader with its own retry, then the end; resume goes on") {
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
    CHECK(peer->body().ends_with("retry: " + text + "\nevent: goodbye\ndata: {\"reason\":\"shutdown\","
                                 "\"retry_ms\":" + text + ",\"last_id\":\"" + house.id(1) + "\"}\n\n"));
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

TEST_CASE("[SX.2] StreamHub: the resume rules on the wire") {
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

TEST_CASE("SseStream: its bookkeeping fits a budget of 1 KB") {
  CHECK(sizeof(SseStream) + sizeof(StreamHub::Options) < 512);
}
