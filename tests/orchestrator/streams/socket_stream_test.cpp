// `/trace/ws` over real sockets: what it says, what it hears, how it ends.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "protocol/json.h"
#include "tests/orchestrator/streams/socket_kit.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

const std::string kAnn = "X-Guest: ann\r\n";

TEST_CASE("[S0.16] SocketStream: greets with the head, then shows each entry as it is") {
  StreamHouse house;
  house.publish(thought(1));
  REQUIRE(house.flush());
  WebSocketWire wire = socket_on(house);
  REQUIRE(wire.opened());
  CHECK(wire.head().header("x-head-event-id") == house.id(1));
  CHECK_FALSE(wire.head().header("x-stream-id").empty());
  CHECK(wire.message() == R"({"type":"connected","id":")" + house.id(1) + R"("})");
  house.publish(thought(2));
  CHECK(wire.message() == entry_message(house, 2, thought(2)));
  WebSocketWire debate = greeted_on(house, "?topics=channel:debates/42");
  const std::string named = R"({"type":"channel","event":"utterance","payload":{}})";
  house.publish(named, "channel:debates/42");
  CHECK(debate.message() == entry_message(house, 3, named, "utterance"));
}

TEST_CASE("[S0.16] SocketStream: the query decides until the first message does") {
  StreamHouse house;
  const auto of = [](const std::string& task) {
    return R"({"type":"thought","task_id":")" + task + "\"}";
  };
  WebSocketWire wire = greeted_on(house, "?taskId=a");
  house.publish(of("b"));
  house.publish(of("a"));
  CHECK(wire.message() == entry_message(house, 2, of("a")));
  wire.text(R"({"subscribe":"b"})");
  CHECK(wire.message() == R"({"type":"subscribed","topics":["task:b"]})");
  house.publish(of("a"));
  house.publish(of("b"));
  CHECK(wire.message() == entry_message(house, 4, of("b")));
  wire.text(R"({"subscribe":"task:a"})");
  CHECK(wire.message() == R"({"type":"subscribed","topics":["task:a","task:b"]})");
  house.publish(of("a"));
  CHECK(wire.message() == entry_message(house, 5, of("a")));
  wire.text(R"({"unsubscribe":"b"})");
  CHECK(wire.message() == R"({"type":"subscribed","topics":["task:a"]})");
  wire.text(R"({"unsubscribe":"a"})");
  CHECK(wire.message() == R"({"type":"subscribed","topics":[]})");
  WebSocketWire other = greeted_on(house);
  house.publish(of("a"));
  house.publish(of("b"));
  for (const Sequence n : {6U, 7U})
    CHECK(other.message() == entry_message(house, n, of(n == 6 ? "a" : "b")));
  wire.text(R"({"subscribe":"*"})");
  CHECK(wire.message() == R"({"type":"subscribed","topics":["all"]})");
  house.publish(of("c"));
  CHECK(wire.message() == entry_message(house, 8, of("c")));
}

TEST_CASE("[S0.16] SocketStream: a first unsubscribe takes from what the query said") {
  StreamHouse house;
  WebSocketWire wire = greeted_on(house, "?topics=task:a,task:b&types=thought");
  wire.text(R"({"unsubscribe":"a"})");
  CHECK(wire.message() == R"({"type":"subscribed","topics":["task:b"]})");
  house.publish(R"({"type":"action","task_id":"b"})");  // the other filters stay
  house.publish(R"({"type":"thought","task_id":"b"})");
  CHECK(wire.message() == entry_message(house, 2, R"({"type":"thought","task_id":"b"})"));
}

TEST_CASE("[S0.16] SocketStream: a request that cannot be is answered, and changes nothing") {
  StreamHouse house;
  WebSocketWire wire = greeted_on(house);
  for (const char* const text : {"{}", R"({"subscribe":7})", R"({"subscribe":"no topic"})"}) {
    wire.text(text);
    const std::string answer = wire.message();
    CHECK(JsonView(answer)["type"].is("error"));
    CHECK(JsonView(answer)["data"]["error"].is("BAD_REQUEST"));
  }
  house.publish(thought(1));
  CHECK(wire.message() == entry_message(house, 1, thought(1)));
  for (int i = 0; i < 16; ++i) {
    wire.text(R"({"subscribe":"t-)" + std::to_string(i) + "\"}");
    CHECK(JsonView(wire.message())["type"].is("subscribed"));
  }
  wire.text(R"({"subscribe":"t-16"})");
  CHECK(JsonView(wire.message())["data"]["field"].is("topics"));
}

TEST_CASE("[S0.16] SocketStream: rights are those of every stream") {
  StreamHouse house(system_clock(), {.principal = {"default", true}});
  WebSocketWire ann = greeted_on(house, "", kAnn);
  ann.text(R"({"subscribe":"graph"})");
  CHECK(ann.message() == R"({"type":"error","data":{"error":"FORBIDDEN","reason":"scope"}})");
  ann.text(R"({"subscribe":"*"})");
  CHECK(ann.message() == R"({"type":"subscribed","topics":["all"]})");
  house.publish(thought(1));
  house.publish(thought(2), "owner:ann");
  CHECK(ann.message() == entry_message(house, 2, thought(2)));
}

TEST_CASE("[S0.16] SocketStream: what is no message of ours ends it with its code") {
  StreamHouse house;
  const std::vector<std::pair<std::string, int>> wrongs{
      {client_text("hello"), 1007},
      {client_text("[1]"), 1007},
      {client_text("\xff"), 1007},
      {client_frame({.payload = "{}", .masked = false}), 1002},
      {client_frame({.first = 0x82, .payload = "{}"}), 1003},
      {client_text(std::string(65'537, ' ')), 1009},
  };
  for (const auto& [bytes, code] : wrongs) {
    WebSocketWire wire = greeted_on(house);
    wire.say(bytes);
    CHECK(wire.closed_with() == code);
    CHECK(wire.raw().read_end());
  }
  WebSocketWire wire = greeted_on(house);
  wire.text("{" + std::string(65'534, ' ') + "}");  // as long as it may be
  CHECK(JsonView(wire.message())["type"].is("error"));
  CHECK(house.turn_until([&house] { return house.hub.readers() == 1; }));
}

TEST_CASE("[S0.16] SocketStream: who closes is answered, and its place is free") {
  StreamHouse house;
  WebSocketWire wire = greeted_on(house);
  house.publish(thought(1));
  wire.message();
  wire.say(client_close(1000));
  CHECK(wire.closed_with() == 1000);
  CHECK(wire.raw().read_end());
  CHECK(house.turn_until([&house] { return house.hub.readers() == 0; }));
}

TEST_CASE("[S0.16] StreamHub: a socket is refused before it is one") {
  StreamHouse house(system_clock(), {.hub = {.max_clients = 1}});
  CHECK(socket_on(house, "?taskId=no/id").head().status == 400);
  CHECK(socket_on(house, "?batch=0").head().status == 400);
  CHECK(socket_on(house, "?batch=1001").head().status == 400);
  CHECK(socket_on(house, "?batch=16x").head().status == 400);
  CHECK(socket_on(house, "", "Origin: https://evil.example\r\n").head().status == 403);
  HttpPeer plain(house, HttpPeer::get(house, "/trace/ws"));
  REQUIRE(plain.wait_answer());
  CHECK(plain.status() == 426);
  WebSocketWire one = greeted_on(house);
  const WebSocketWire two = socket_on(house);
  CHECK(two.head().status == 503);
  CHECK(two.head().header("retry-after") == "5");
}

TEST_CASE("[S0.16] SocketStream: a ping every 15 s, and 30 s without a pong are the end") {
  FakeClock clock;
  StreamHouse house(clock);
  WebSocketWire good = greeted_on(house), dead = greeted_on(house);
  for (int beat = 1; beat <= 2; ++beat) {
    clock.advance(std::chrono::seconds(15));
    for (WebSocketWire* wire : {&good, &dead}) {
      const auto ping = wire->frame();
      REQUIRE(ping);
      CHECK(ping->opcode == 9);
      CHECK(ping->payload.empty());
    }
    good.say(client_frame({.first = 0x8a}));
    house.turn_some();
  }
  clock.advance(std::chrono::seconds(15));
  CHECK(dead.message() ==
        R"({"type":"evicted","data":{"reason":"stalled","last_id":")" + house.id(0) + R"("}})");
  CHECK(dead.closed_with() == 1013);
  const auto ping = good.frame();
  REQUIRE(ping);
  CHECK(ping->opcode == 9);
  // The dead one does not answer the close either.
  clock.advance(std::chrono::seconds(1));
  CHECK(house.turn_until([&house] { return house.hub.readers() == 1; }));
}

TEST_CASE("[S0.16] SocketStream: a client's ping is answered between two entries") {
  StreamHouse house;
  WebSocketWire wire = greeted_on(house);
  wire.say(client_frame({.first = 0x89, .payload = "here?"}));
  const auto pong = wire.frame();
  REQUIRE(pong);
  CHECK(pong->opcode == 10);
  CHECK(pong->payload == "here?");
}

TEST_CASE(
    "[S0.16] StreamHub: goodbye to a socket is a message, 1001, and within a second the end") {
  FakeClock clock;
  StreamHouse house(clock);
  WebSocketWire polite = greeted_on(house), mute = greeted_on(house);
  house.publish(thought(1));
  for (WebSocketWire* wire : {&polite, &mute})
    CHECK(wire->message() == entry_message(house, 1, thought(1)));
  house.hub.goodbye(std::chrono::milliseconds(0));
  for (WebSocketWire* wire : {&polite, &mute}) {
    const std::string words = wire->message();
    CHECK(JsonView(words)["type"].is("goodbye"));
    CHECK(JsonView(words)["data"]["last_id"].is(house.id(1)));
    CHECK(wire->closed_with() == 1001);
  }
  CHECK(house.hub.readers() == 2);
  polite.say(client_close(1001));
  CHECK(polite.raw().read_end());
  CHECK(house.turn_until([&house] { return house.hub.readers() == 1; }));
  clock.advance(std::chrono::milliseconds(1000));
  CHECK(mute.raw().read_end());
  CHECK(house.turn_until([&house] { return house.hub.readers() == 0; }));
}

TEST_CASE("[S0.16] [SX.13] StreamHub: a socket whose token is over ends with 1008 within 30 s") {
  for (const Eviction why : {Eviction::token_revoked, Eviction::token_expired}) {
    FakeClock clock;
    std::optional<Eviction> over;
    StreamHouse::Options options;
    options.principal = {"default", true};
    options.principal.grant = std::make_shared<const StreamGrant>(
        StreamGrant{"019a1b2c-3d4e-7f50-8a6b-0c1d2e3f4a5b", 0, {"all"}});
    options.hub.recheck = [&over](const Principal&) { return over; };
    StreamHouse house(clock, options);
    WebSocketWire wire = greeted_on(house);
    wire.text(R"({"subscribe":"graph"})");
    CHECK(wire.message() == R"({"type":"error","data":{"error":"UNAUTHORIZED","reason":)"
                            R"("stream_token_scope"}})");
    over = why;
    clock.advance(std::chrono::seconds(10));
    CHECK(wire.message() == R"({"type":"evicted","data":{"reason":")" + std::string(name_of(why)) +
                                R"(","last_id":")" + house.id(0) + R"("}})");
    CHECK(wire.closed_with() == 1008);
    wire.say(client_close(1008));
    CHECK(house.turn_until([&house] { return house.hub.readers() == 0; }));
  }
}

TEST_CASE("[S0.16] StreamHub: an operator sees a socket, changes its topics and ends it") {
  StreamHouse house(system_clock(), {.principal = {"default", true}});
  WebSocketWire wire = greeted_on(house);
  const std::string id = wire.head().header("x-stream-id");
  HttpPeer change(house, HttpPeer::post(house, "/trace/streams/" + id + "/topics",
                                        "application/json", R"({"topics":["task:a"]})"));
  REQUIRE(change.wait_answer());
  CHECK(change.status() == 200);
  house.publish(thought(1));
  house.publish(R"({"type":"thought","task_id":"a"})");
  CHECK(wire.message() == entry_message(house, 2, R"({"type":"thought","task_id":"a"})"));
  wire.text(R"({"unsubscribe":"a"})");
  CHECK(wire.message() == R"({"type":"subscribed","topics":[]})");
  HttpPeer list(house, HttpPeer::get(house, "/trace/readers"));
  REQUIRE(list.wait_answer());
  CHECK(list.body().find(R"("profile":"WS")") != std::string::npos);
  CHECK(list.body().find(R"("topics":[])") != std::string::npos);
  HttpPeer evict(house, HttpPeer::get(house, "/trace/readers/" + id, "", "DELETE"));
  REQUIRE(evict.wait_answer());
  CHECK(evict.status() == 204);
  CHECK(JsonView(wire.message())["data"]["reason"].is("admin"));
  CHECK(wire.closed_with() == 1008);
}

TEST_CASE(
    "[S0.16] StreamHub: frames for one stream alone are of event streams; a socket takes none") {
  StreamHouse house;
  WebSocketWire wire = greeted_on(house);
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(peer.wait_body(kFirst));
  const std::string hint = "event: hint\ndata: {}\n\n";
  const auto takes = [&](const std::string& stream) {
    std::optional<bool> told;
    house.hub.put(stream, hint, [&told](bool taken) { told = taken; });
    REQUIRE(house.turn_until([&told] { return told.has_value(); }));
    return *told;
  };
  CHECK(takes(peer.header("X-Stream-Id")));
  CHECK(peer.wait_body(kFirst + hint));
  CHECK_FALSE(takes(wire.head().header("x-stream-id")));
  house.publish(thought(1));
  CHECK(wire.message() == entry_message(house, 1, thought(1)));
}

TEST_CASE("[S0.16] SocketStream: who takes nothing for 30 s is stalled, others do not notice") {
  FakeClock clock;
  StreamHouse house(clock);
  WebSocketWire stalled = greeted_on(house, "", "", 4'096), other = greeted_on(house);
  constexpr std::size_t kCount = 3'000;
  const std::string more = R"(,"x":")" + std::string(4'000, 'x') + '"';
  for (std::size_t n = 1; n <= kCount; ++n) {
    house.publish(thought(n, more));
    CHECK(other.message() == entry_message(house, n, thought(n, more)));
  }
  clock.advance(std::chrono::seconds(31));
  CHECK(house.turn_until([&house] { return house.hub.readers() == 1; }));
  CHECK(house.metrics.counter("stream_evictions_total", R"(reason="stalled")").value() == 1);
}

TEST_CASE("[S0.16] SocketStream: a slow reader misses nothing") {
  StreamHouse house(system_clock(), {.bus = {.ring_entries = 64}});
  WebSocketWire slow = greeted_on(house, "", "", 4'096);
  constexpr std::size_t kCount = 2'000;
  const std::string more = R"(,"x":")" + std::string(2'000, 'x') + '"';
  for (std::size_t n = 1; n <= kCount; ++n) {
    house.publish(thought(n, more));
    if (n % 50 == 0) REQUIRE(house.flush());
    if (n % 100 == 0) house.turn_some(1);
  }
  const int wide = 1 << 20;
  ::setsockopt(slow.raw().fd(), SOL_SOCKET, SO_RCVBUF, &wide, sizeof wide);
  std::size_t right = 0;
  for (std::size_t n = 1; n <= kCount; ++n)
    if (slow.message() == entry_message(house, n, thought(n, more))) ++right;
  CHECK(right == kCount);
}

TEST_CASE("[S0.16] SocketStream: who asks for ever and reads nothing is let go") {
  StreamHouse house;
  WebSocketWire wire = greeted_on(house, "", "", 4'096);
  std::string asked;
  for (int i = 0; i < 1'000; ++i) asked += client_text("{}");
  for (int i = 0; i < 200 && house.hub.readers() == 1; ++i) {
    // As much as the house takes: what it does not read any more stays here.
    ::send(wire.raw().fd(), asked.data(), asked.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    house.turn_some(1);
  }
  const int wide = 1 << 20;
  ::setsockopt(wire.raw().fd(), SOL_SOCKET, SO_RCVBUF, &wide, sizeof wide);
  CHECK(wire.closed_with() > 0);
}

TEST_CASE("[S0.16] StreamHub: sockets that want the same share its frames, encoded once") {
  StreamHouse house;
  std::vector<WebSocketWire> wires;
  for (int i = 0; i < 20; ++i) wires.push_back(greeted_on(house, i % 2 == 0 ? "" : "?batch=1"));
  const auto encoded = [&house] {
    return house.metrics.counter("stream_frames_encoded_total").value();
  };
  const auto before = encoded();
  for (std::size_t n = 1; n <= 10; ++n) house.publish(R"({"type":"action"})");
  for (WebSocketWire& wire : wires)
    for (Sequence n = 1; n <= 10; ++n)
      CHECK(wire.message() == entry_message(house, n, R"({"type":"action"})"));
  CHECK(encoded() - before == 10);
}

}  // namespace
}  // namespace devs
