#include "orchestrator/streams/stream_hub.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "orchestrator/streams/sse_stream.h"
#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"

using namespace devs;

namespace {

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

TEST_CASE(
    "[S0.3] StreamHub: heartbeats may be shortened; due behind unsent bytes they are skipped") {
  FakeClock clock;
  StreamHouse house(clock, {.hub = {.heartbeat = std::chrono::seconds(1)}});
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"), 4096);
  REQUIRE(peer.wait_body(kFirst));
  clock.advance(std::chrono::milliseconds(1'010));
  REQUIRE(peer.wait_body(kFirst + ": heartbeat\n\n"));
  // More than the socket takes.
  std::size_t n = 0;
  const Counter& skipped = house.metrics.counter("stream_heartbeats_skipped_total");
  for (; n < 40; ++n) house.publish(thought(n, R"(,"x":")" + std::string(1'000'000, 'x') + '"'));
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

TEST_CASE(
    "[S0.4] StreamHub: three clients get everything in order, a stalled one changes nothing") {
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

TEST_CASE("[S0.5] [D0.11] StreamHub: FIN and RST free reader, timers and descriptors, 1000 times") {
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

TEST_CASE("[S0.7] [D0.2] StreamHub: an envelope of one byte too many is announced, the stream lives") {
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
    live.push_back(
        std::make_unique<HttpPeer>(house, HttpPeer::get(house, "/trace/stream?" + query)));
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
    HttpPeer replay(house,
                    HttpPeer::get(house, "/trace/stream?lastEventId=earliest&" + targets[at]));
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
  refused("/trace/stream?topics=all,owner:u1", "topics");
  refused("/trace/stream?min_duration_ms=-1", "min_duration_ms");
  refused("/trace/replay?speed=2", "speed");
  refused("/stream?topics=task:t-42", "topics");
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

TEST_CASE("[S0.15] [D0.6] StreamHub: a path is not doubled, a method not swallowed") {
  StreamHouse house;
  HttpPeer doubled(house, HttpPeer::get(house, "/trace/trace/stream"));
  REQUIRE(doubled.wait_answer());
  CHECK(doubled.status() == 404);
  HttpPeer post(house, HttpPeer::post(house, "/trace/stream", "application/json", "{}"));
  REQUIRE(post.wait_answer());
  CHECK(post.status() == 405);
  CHECK(post.header("Allow") == "GET, HEAD, OPTIONS");
}

TEST_CASE("SseStream: its bookkeeping fits a budget of 1 KB") {
  CHECK(sizeof(SseStream) + sizeof(StreamHub::Options) < 512);
}
