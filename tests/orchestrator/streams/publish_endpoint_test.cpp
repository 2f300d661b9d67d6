#include "orchestrator/streams/publish_endpoint.h"

#include <doctest/doctest.h>

#include <string>

#include "orchestrator/streams/idempotency.h"
#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"

using namespace devs;

namespace {

const std::string kSmoke =
    R"({"type":"thought","turn_index":1,"payload":{"analysis":{"reasoning_chain":"smoke-test"}},"timestamp_ns":"0"})";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kNdjson = "application/x-ndjson";

struct Answer {
  int status = 0;
  std::string body, retry_after;
};

Answer post(StreamHouse& house, std::string_view type, const std::string& body,
            const std::string& headers = "") {
  HttpPeer peer(house, HttpPeer::post(house, "/trace/publish", std::string(type), body, headers));
  CHECK(peer.wait_answer());
  return {peer.status(), peer.body(), peer.header("Retry-After")};
}

}  // namespace

TEST_CASE("PublishEndpoint: the minimal envelope is stored, then answered with its id") {
  StreamHouse house;
  const Answer answer = post(house, kJson, kSmoke);
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"accepted":1,"ids":[")" + house.id(1) + R"("]})");
  CHECK(house.flight->last() == 1);
  CHECK(post(house, "application/json; charset=utf-8", kSmoke).status == 200);
  CHECK(post(house, "Application/JSON", kSmoke).status == 200);
}

TEST_CASE("PublishEndpoint: an array is all or nothing, in order") {
  StreamHouse house;
  const Answer answer = post(house, kJson, '[' + thought(1) + ',' + thought(2) + ']');
  CHECK(answer.status == 200);
  CHECK(answer.body ==
        R"({"accepted":2,"ids":[")" + house.id(1) + R"(",")" + house.id(2) + R"("]})");
  const Answer refused = post(house, kJson, '[' + thought(3) + R"(,{"type":""}])");
  CHECK(refused.status == 400);
  CHECK(
      refused.body ==
      R"({"error":"SAOP_REFUSED","errors":[{"index":1,"path":"/type","message":"must not be empty"}]})");
  CHECK(house.bus.last() == 2);
}

TEST_CASE("PublishEndpoint: NDJSON is line by line") {
  StreamHouse house;
  const Answer answer = post(house, kNdjson, thought(1) + "\n\n{\"type\":7}\n" + thought(2) + "\n");
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"accepted":2,"rejected":1,"ids":[")" + house.id(1) + R"(",")" +
                           house.id(2) +
                           R"("],"errors":[{"line":3,"message":"/type: must be a string"}]})");
  const Answer none = post(house, kNdjson, "{\"type\":7}\n");
  CHECK(none.status == 400);
  CHECK(none.body ==
        R"({"error":"SAOP_REFUSED","errors":[{"line":1,"message":"/type: must be a string"}]})");
}

TEST_CASE("PublishEndpoint: what it refuses, and how") {
  StreamHouse house;
  CHECK(post(house, "text/plain", kSmoke).status == 415);
  CHECK(post(house, kJson, "").status == 400);
  CHECK(post(house, kJson, "{\"type\":\"a\",\"type\":\"b\"}").status == 400);
  CHECK(post(house, kJson, R"({"type":"system","payload":{"event":"gap"}})").status == 400);
  CHECK(post(house, kJson, "[" + std::string(4'194'305, ' ') + "]").status == 413);
  std::string many = "[" + thought(0);
  for (std::size_t n = 1; n <= 1000; ++n) many += ',' + thought(n);
  const Answer too_many = post(house, kJson, many + ']');
  CHECK(too_many.status == 413);
  CHECK(too_many.body == R"({"error":"SAOP_TOO_LARGE","limit":1000})");
  CHECK(post(house, kJson, kSmoke, "Idempotency-Key: " + std::string(129, 'k') + "\r\n").status ==
        400);
  CHECK(house.bus.last() == 0);
}

TEST_CASE("PublishEndpoint: an envelope of 4 MiB passes") {
  StreamHouse house;
  const std::string head = R"({"type":"thought","x":")";
  const std::string body = head + std::string(4'194'304 - head.size() - 2, 'x') + "\"}";
  CHECK(post(house, kJson, body).status == 200);
}

TEST_CASE("PublishEndpoint: a repeat under one key publishes nothing and hears the same") {
  FakeClock clock;
  StreamHouse house(clock);
  const std::string key = "Idempotency-Key: k-1\r\n";
  const std::string ids = R"({"accepted":1,"ids":[")" + house.id(1) + R"("])";
  CHECK(post(house, kJson, kSmoke, key).body == ids + '}');
  CHECK(post(house, kJson, kSmoke, key).body == ids + R"(,"duplicate":true})");
  CHECK(post(house, kJson, "nonsense", key).body == ids + R"(,"duplicate":true})");
  CHECK(house.bus.last() == 1);
  CHECK(post(house, kJson, kSmoke, "Idempotency-Key: k-2\r\n").status == 200);
  CHECK(house.bus.last() == 2);
  // A refusal publishes nothing, so the key is still good.
  CHECK(post(house, kJson, "{}", "Idempotency-Key: k-3\r\n").status == 400);
  CHECK(post(house, kJson, kSmoke, "Idempotency-Key: k-3\r\n").status == 200);
  clock.advance(std::chrono::minutes(10));
  CHECK(post(house, kJson, kSmoke, key).body ==
        R"({"accepted":1,"ids":[")" + house.id(4) + R"("]})");
}

TEST_CASE("PublishEndpoint: repeats at the same moment publish once") {
  StreamHouse house;
  for (int round = 0; round < 20; ++round) {
    const std::string request =
        HttpPeer::post(house, "/trace/publish", std::string(kJson), kSmoke,
                       "Idempotency-Key: r-" + std::to_string(round) + "\r\n");
    std::vector<std::unique_ptr<HttpPeer>> peers;
    for (int n = 0; n < 8; ++n) peers.push_back(std::make_unique<HttpPeer>(house, request));
    std::size_t duplicates = 0;
    for (const auto& peer : peers) {
      REQUIRE(peer->wait_answer());
      CHECK(peer->status() == 200);
      duplicates += peer->body().ends_with(R"(,"duplicate":true})");
    }
    CHECK(duplicates == 7);
  }
  CHECK(house.bus.last() == 20);
}

TEST_CASE("IdempotencyTable: ten thousand keys, the oldest out first") {
  FakeClock clock;
  IdempotencyTable table(clock);
  DeferredAnswer nobody;
  IdempotencyTable::Published published;
  for (int n = 0; n < 10'000; ++n) {
    CHECK(table.claim(std::to_string(n), nobody, published) == IdempotencyTable::Turn::yours);
    table.settle(std::to_string(n), {1, "a"});
  }
  CHECK(table.claim("0", nobody, published) == IdempotencyTable::Turn::yours);
  table.settle("0", {1, "a"});
  CHECK(table.size() == 10'000);
  CHECK(table.claim("9999", nobody, published) == IdempotencyTable::Turn::repeat);
  clock.advance(std::chrono::minutes(10));
  CHECK(table.claim("x", nobody, published) == IdempotencyTable::Turn::yours);
  CHECK(table.size() == 1);
}

TEST_CASE("PublishEndpoint: a disk that refuses is 503, and what was taken is not lost") {
  StreamHouse house;
  house.disk.refuse_appends({.torn_bytes = 7});
  const std::string key = "Idempotency-Key: k\r\n";
  const Answer first = post(house, kJson, kSmoke, key);
  CHECK(first.status == 503);
  CHECK(first.body == R"({"error":"RECORDER_UNAVAILABLE"})");
  CHECK(first.retry_after == "1");
  const Answer second = post(house, kJson, kSmoke);
  CHECK(second.status == 503);
  CHECK(second.body == R"({"error":"RECORDER_UNAVAILABLE"})");
  house.disk.mend();
  REQUIRE(house.turn_until([&house] { return house.flight->last() == 1; }));
  CHECK(post(house, kJson, kSmoke, key).body ==
        R"({"accepted":1,"ids":[")" + house.id(1) + R"("],"duplicate":true})");
  CHECK(house.bus.last() == 1);
}

TEST_CASE("[T30] PublishEndpoint: where the recorder goes on, a disk that refuses is no refusal") {
  StreamHouse house(system_clock(), {.recorder = {.on_failure = OnFailure::go_on}});
  HttpPeer reader(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(reader.wait_body(kFirst));
  house.disk.refuse_appends({.torn_bytes = 7});
  for (Sequence n = 1; n <= 20; ++n) {
    const Answer answer = post(house, kJson, kSmoke);
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"accepted":1,"ids":[")" + house.id(n) + R"("]})");
  }
  CHECK(reader.wait_events(20));  // live readers see all of it
  CHECK_FALSE(house.bus.recorder_status().ok());
}

TEST_CASE("PublishEndpoint: a ring full of what the disk has not taken is 503 with Retry-After") {
  Gate gate;
  StreamHouse house(system_clock(), {.bus = {.ring_entries = 4}});
  house.disk.hold_appends(&gate);
  for (std::size_t n = 1; n <= 4; ++n) house.publish(thought(n));
  const Answer answer = post(house, kJson, kSmoke);
  CHECK(answer.status == 503);
  CHECK(answer.body == R"({"error":"TRACE_FULL"})");
  CHECK(answer.retry_after == "1");
  gate.open();
  CHECK(house.flush());
}

TEST_CASE("PublishEndpoint: leniency is counted") {
  StreamHouse house;
  const auto count = [&house](std::string_view name, std::string_view labels = {}) {
    return house.metrics.counter(name, labels).value();
  };
  CHECK(post(house, kJson, R"({"type":"thought","agent_id":"a b"})").status == 200);
  CHECK(count("saop_incomplete_total", R"(member="turn_index")") == 1);
  CHECK(count("saop_incomplete_total", R"(member="payload")") == 1);
  CHECK(count("saop_incomplete_total", R"(member="timestamp_ns")") == 1);
  CHECK(count("saop_bad_id_total") == 1);
  CHECK(post(house, kJson, R"({"type":"observation","tool_call_id":"c"})").status == 200);
  CHECK(count("saop_orphan_total") == 1);
  CHECK(count("saop_bad_observation_total") == 1);
  CHECK(post(house, kJson,
             R"([{"type":"action","tool_call_id":"d"},{"type":"action","tool_call_id":"d"}])")
            .status == 200);
  CHECK(count("saop_duplicate_call_total") == 1);
  CHECK(post(house, kJson, R"({"type":"observation","tool_call_id":"d"})").status == 200);
  CHECK(count("saop_duplicate_call_total") == 1);
  CHECK(post(house, kJson, R"({"type":"observation","tool_call_id":"d"})").status == 200);
  CHECK(count("saop_duplicate_call_total") == 2);
}

TEST_CASE("TraceEndpoint: the log in pieces, each naming where the next begins") {
  StreamHouse house(system_clock(), {.bus = {.ring_entries = 2}});
  std::string all;
  for (std::size_t n = 1; n <= 5; ++n) {
    house.publish(thought(n));
    all += thought(n) + '\n';
    REQUIRE(house.flush());
  }
  const auto get = [&house](const std::string& target) {
    auto peer = std::make_unique<HttpPeer>(house, HttpPeer::get(house, target));
    CHECK(peer->wait_answer());
    return peer;
  };
  const auto whole = get("/trace/log");
  CHECK(whole->status() == 200);
  CHECK(whole->header("Content-Type") == "application/x-ndjson");
  CHECK(whole->body() == all);
  CHECK(whole->header("X-Next-Event-Id") == house.id(5));
  const auto two = get("/trace/log?limit=2&lastEventId=" + house.id(1));
  CHECK(two->body() == thought(2) + '\n' + thought(3) + '\n');
  CHECK(two->header("X-Next-Event-Id") == house.id(3));
  const auto end = get("/trace/log?lastEventId=" + house.id(5));
  CHECK(end->status() == 200);
  CHECK(end->body() == "");
  CHECK(end->header("X-Next-Event-Id") == house.id(5));
  for (const std::string bad :
       {"limit=0", "limit=x", "limit=-1", "lastEventId=x", "lastEventId=aaaaaaaaaa-1"})
    CHECK(get("/trace/log?" + bad)->status() == 400);
  CHECK(get("/trace/log?limit=99999999999999999999")->status() == 200);

  const auto one = get("/trace/envelopes/" + house.id(1));  // from disk
  CHECK(one->status() == 200);
  CHECK(one->header("Content-Type") == "application/json");
  CHECK(one->header("X-Event-Id") == house.id(1));
  CHECK(one->body() == thought(1));
  CHECK(get("/trace/envelopes/" + house.id(5))->body() == thought(5));  // from the ring
  for (const std::string& gone :
       {house.id(6), house.id(0), std::string("x"), std::string("aaaaaaaaaa-1")})
    CHECK(get("/trace/envelopes/" + gone)->status() == 404);
}
