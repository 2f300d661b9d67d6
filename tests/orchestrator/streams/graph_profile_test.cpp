// The profile TG, `GET /events/stream`: its first frames, heartbeat, cap and filter.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "protocol/json.h"
#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/cpu_time.h"
#include "tests/support/fake_clock.h"
#include "tests/support/patience.h"

using namespace devs;

namespace {

std::string graph_entry(const std::string& event, int n) {
  return R"({"type":"graph","timestamp_ns":"1","event":")" + event + R"(","payload":{"n":)" +
         std::to_string(n) + "}}";
}
std::string graph_frame(const StreamHouse& house, Sequence sequence, const std::string& event,
                        int n) {
  return "id: " + house.id(sequence) + "\nevent: " + event + "\ndata: {\"n\":" + std::to_string(n) +
         "}\n\n";
}
std::string events_of(const HttpPeer& peer) {
  std::string names;
  for (const auto& event : peer.events) names += (names.empty() ? "" : " ") + event.event;
  return names;
}

}  // namespace

TEST_CASE(
    "[S4.1] graph stream: `connected` with an id of its own and the time, then named events") {
  FakeClock clock;
  StreamHouse house(clock);
  HttpPeer peer(house, HttpPeer::get(house, "/events/stream"));
  REQUIRE(peer.wait_events(1));
  CHECK(peer.header("Content-Type") == "text/event-stream");
  CHECK(peer.header("Cache-Control") == "no-cache");
  CHECK(peer.events[0].event == "connected");
  const JsonView connected(peer.events[0].data);
  CHECK(connected["client_id"].string()->size() == 36);
  CHECK(connected["connected_clients"].integer() == 1);
  CHECK(connected["timestamp"].is("2026-11-21T01:24:05.120Z"));
  CHECK(connected.size() == 3);
  CHECK(peer.body().ends_with("}\n\nretry: 2000\n\n"));

  peer.forget_body();
  house.publish(graph_entry("edge_created", 1));
  house.publish(thought(2));
  house.publish(R"({"type":"graph","payload":{"n":3}})");  // has no name
  house.publish(graph_entry("workflow_executed", 4));
  CHECK(peer.wait_body(graph_frame(house, 1, "edge_created", 1) +
                       graph_frame(house, 4, "workflow_executed", 4)));
}

TEST_CASE("[S4.7] graph stream: a heartbeat every 30 s says who is there and for how long") {
  FakeClock clock;
  StreamHouse house(clock);
  HttpPeer one(house, HttpPeer::get(house, "/events/stream"));
  REQUIRE(one.wait_events(1));
  HttpPeer two(house, HttpPeer::get(house, "/events/stream"));
  REQUIRE(two.wait_events(1));
  CHECK(JsonView(two.events[0].data)["connected_clients"].integer() == 2);
  clock.advance(std::chrono::seconds(29));
  house.turn_some();
  one.receive();
  CHECK(one.events.size() == 1);
  clock.advance(std::chrono::milliseconds(1'500));
  REQUIRE(one.wait_events(2));
  CHECK(one.events[1].event == "heartbeat");
  const JsonView beat(one.events[1].data);
  CHECK(beat["connected_clients"].integer() == 2);
  CHECK(beat["uptime_seconds"].integer() == 30);
  CHECK(beat["timestamp"].is("2026-11-21T01:24:35.620Z"));
  CHECK(beat.size() == 3);
}

TEST_CASE(
    "[S4.8] [D4.4] graph stream: client 101 is refused, and a place is free after close and RST") {
  StreamHouse house;
  std::vector<std::unique_ptr<HttpPeer>> peers;
  for (int n = 0; n < 100; ++n)
    peers.push_back(std::make_unique<HttpPeer>(house, HttpPeer::get(house, "/events/stream")));
  for (auto& peer : peers) REQUIRE(peer->wait_events(1));
  CHECK(house.hub.readers_of("TG") == 100);
  const auto refused = [&house] {
    HttpPeer peer(house, HttpPeer::get(house, "/events/stream"));
    REQUIRE(peer.wait_answer());
    if (peer.status() != 503) return false;
    CHECK(peer.body() == R"({"error":"Too many clients","max":100})");
    CHECK(peer.header("Retry-After") == "5");
    CHECK(peer.header("Content-Type") == "application/json");
    return true;
  };
  CHECK(refused());
  // Other profiles do not know this cap, and HEAD takes no place.
  HttpPeer other(house, HttpPeer::get(house, "/trace/stream"));
  CHECK(other.wait_head());
  CHECK(other.status() == 200);
  HttpPeer head(house, HttpPeer::get(house, "/events/stream", "", "HEAD"));
  REQUIRE(head.wait_head());
  CHECK(head.status() == 200);

  peers.back()->close();
  REQUIRE(house.turn_until([&house] { return house.hub.readers_of("TG") == 99; }));
  peers.back() = std::make_unique<HttpPeer>(house, HttpPeer::get(house, "/events/stream"));
  REQUIRE(peers.back()->wait_events(1));
  CHECK(refused());
  peers.front()->reset();
  REQUIRE(house.turn_until([&house] { return house.hub.readers_of("TG") == 99; }));
  HttpPeer last(house, HttpPeer::get(house, "/events/stream"));
  REQUIRE(last.wait_events(1));
  CHECK(JsonView(last.events[0].data)["connected_clients"].integer() == 100);
}

TEST_CASE("[S4.10] graph stream: a filter names events, exactly or by what they begin with") {
  StreamHouse house;
  HttpPeer edges(house, HttpPeer::get(house, "/events/stream?filter=edge.*"));
  HttpPeer two(house, HttpPeer::get(house, "/events/stream?filter=edge_created,metrics_updated"));
  HttpPeer dag(house, HttpPeer::get(house, "/events/stream?filter=dag.*"));
  HttpPeer all(house, HttpPeer::get(house, "/events/stream?taskId=!!"));  // not of this stream
  for (HttpPeer* peer : {&edges, &two, &dag, &all}) REQUIRE(peer->wait_events(1));
  for (const char* name : {"edge_created", "edge_updated", "metrics_updated", "dag", "dag.x",
                           "dag_y", "dagger", "edge"})
    house.publish(graph_entry(name, 1));
  REQUIRE(all.wait_events(9));
  REQUIRE(edges.wait_events(4));
  REQUIRE(two.wait_events(3));
  REQUIRE(dag.wait_events(4));
  CHECK(events_of(edges) == "connected edge_created edge_updated edge");
  CHECK(events_of(two) == "connected edge_created metrics_updated");
  CHECK(events_of(dag) == "connected dag dag.x dag_y");

  for (const char* bad : {"", "a,,b"}) {
    HttpPeer peer(house, HttpPeer::get(house, std::string("/events/stream?filter=") + bad));
    REQUIRE(peer.wait_answer());
    CHECK(peer.status() == 400);
    CHECK(JsonView(peer.body())["field"].is("filter"));
  }
}

TEST_CASE("[S4.10] graph stream: the filter means the same in replay, and a client resumes by id") {
  StreamHouse house;
  for (int n = 1; n <= 3; ++n) {
    house.publish(graph_entry("edge_created", n));
    house.publish(graph_entry("workflow_executed", n));
  }
  REQUIRE(house.flush());
  HttpPeer peer(house, HttpPeer::get(house, "/events/stream?filter=edge_created",
                                     "Last-Event-ID: " + house.id(1) + "\r\n"));
  REQUIRE(peer.wait_events(3));
  CHECK(events_of(peer) == "connected edge_created edge_created");
  CHECK(peer.last_event_id() == house.id(5));
}

// How soon it is on the clock, `tools/bench/run P1` measures; this is what the server adds,
// whatever else the machine does.
TEST_CASE("[S4.11] graph stream: a client is soon connected, an event soon at a hundred of them") {
  StreamHouse house;
  std::vector<std::unique_ptr<HttpPeer>> peers;
  std::vector<double> connects;
  for (int n = 0; n < 100; ++n) {
    const auto begin = std::chrono::steady_clock::now();
    peers.push_back(std::make_unique<HttpPeer>(house, HttpPeer::get(house, "/events/stream")));
    REQUIRE(peers.back()->wait_events(1));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    connects.push_back(took.count());
  }
  std::nth_element(connects.begin(), connects.begin() + 50, connects.end());

  double quickest = 1e9;
  for (std::size_t round = 0; round < 20; ++round) {
    double ms = 0;
    const auto counted = [&ms](const auto& work) {
      const double begin = cpu_ms();
      work();
      ms += cpu_ms() - begin;
    };
    counted([&] { house.publish(graph_entry("edge_created", static_cast<int>(round))); });
    const auto told = [&] {
      for (const auto& peer : peers) peer->receive(4096);
      return std::all_of(peers.begin(), peers.end(),
                         [&](const auto& peer) { return peer->events.size() == 2 + round; });
    };
    for (const TimePoint deadline = soon(); !told() && std::chrono::steady_clock::now() < deadline;)
      counted([&] { house.turn_some(); });
    REQUIRE(told());
    quickest = std::min(quickest, ms);
  }
  MESSAGE("connected within ", connects[50], " ms, an event at 100 clients for ", quickest, " ms");
  CHECK(connects[50] < 50);
  CHECK(quickest < 10);
}

TEST_CASE("[S4.12] [D4.1] graph stream: one that reads nothing delays nobody") {
  StreamHouse house;
  HttpPeer stalled(house, HttpPeer::get(house, "/events/stream"), 4096);
  HttpPeer reading(house, HttpPeer::get(house, "/events/stream"));
  REQUIRE(reading.wait_events(1));
  const std::string padding(2'000, 'x');
  for (int n = 0; n < 3'000; ++n)
    house.publish(R"({"type":"graph","event":"edge_updated","payload":{"x":")" + padding +
                  R"("}})");
  CHECK(reading.wait_events(3'001));
}

TEST_CASE("graph stream: its topic is what it is, and is not changed") {
  StreamHouse house(system_clock(), {.principal = {"local", true}});
  HttpPeer peer(house, HttpPeer::get(house, "/events/stream"));
  REQUIRE(peer.wait_events(1));
  HttpPeer change(house,
                  HttpPeer::post(house, "/trace/streams/" + peer.header("X-Stream-Id") + "/topics",
                                 "application/json", R"({"topics":["all"]})"));
  REQUIRE(change.wait_answer());
  CHECK(change.status() == 409);
}
