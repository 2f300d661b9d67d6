#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "orchestrator/access/stream_tokens.h"
#include "orchestrator/streams/rights.h"
#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"

// Who sees what: everybody their own, operators all.

using namespace devs;

namespace {

const std::string kAnn = "X-Guest: ann\r\n", kBob = "X-Guest: bob\r\n";

std::string of_task(const std::string& id, int n) {
  return R"({"type":"thought","task_id":")" + id + R"(","n":)" + std::to_string(n) + '}';
}

Principal granted(const std::string& name, bool is_operator, std::vector<std::string> scope) {
  return {.name = name,
          .is_operator = is_operator,
          .grant = std::make_shared<const StreamGrant>(
              StreamGrant{"019a1b2c-3d4e-7f50-8a6b-0c1d2e3f4a5b", 0, std::move(scope)})};
}

Filter on(std::vector<Topic> topics) {
  Filter filter;
  filter.topics = std::move(topics);
  return filter;
}

// "" when it may, with the topics then followed; else the status of the refusal.
std::string verdict(const Principal& who, std::vector<Topic> topics) {
  Filter filter = on(std::move(topics));
  if (const auto refusal = narrow_to_rights(who, filter)) return std::to_string(refusal->status);
  std::string told;
  for (const Topic& topic : filter.topics) told += text_of(topic) + ' ';
  return told + (filter.owner.empty() ? "of anybody" : "of " + filter.owner);
}

const Topic kAll{}, kGraph{TopicKind::graph, {}}, kTask{TopicKind::task, "t-1"},
    kChannel{TopicKind::channel, "debates/42"};

TEST_CASE("[SX.13] rights: operators follow what they name; for others `all` is their own") {
  const Principal boss{.name = "default"}, ann{.name = "ann", .is_operator = false};
  CHECK(verdict(boss, {kAll}) == "all of anybody");
  CHECK(verdict(boss, {kGraph}) == "graph of anybody");
  CHECK(verdict(ann, {kAll}) == "owner:ann of ann");
  CHECK(verdict(ann, {kTask}) == "task:t-1 of ann");
  CHECK(verdict(ann, {kAll, kTask}) == "task:t-1 owner:ann of ann");
  CHECK(verdict(ann, {kGraph}) == "403");
  CHECK(verdict(ann, {kTask, kGraph}) == "403");
}

TEST_CASE("[S1.4] rights: a stream token reaches its topics, and what lies within them") {
  CHECK(verdict(granted("default", true, {"all"}), {kAll}) == "all of anybody");
  CHECK(verdict(granted("default", true, {"all"}), {kTask}) == "task:t-1 of anybody");
  CHECK(verdict(granted("default", true, {"all"}), {kChannel}) == "401");
  CHECK(verdict(granted("default", true, {"all"}), {kGraph}) == "401");
  CHECK(verdict(granted("default", true, {"task:t-1"}), {kTask}) == "task:t-1 of anybody");
  CHECK(verdict(granted("default", true, {"task:t-2"}), {kTask}) == "401");
  CHECK(verdict(granted("default", true, {"task:t-1"}), {kAll}) == "401");
  CHECK(verdict(granted("default", true, {"task:t-1"}), {kTask, kAll}) == "401");
  CHECK(verdict(granted("ann", false, {"owner:ann"}), {kAll}) == "owner:ann of ann");
  CHECK(verdict(granted("ann", false, {"owner:ann"}), {kTask}) == "task:t-1 of ann");
  CHECK(verdict(granted("ann", false, {"owner:bob"}), {kAll}) == "401");
  CHECK(verdict(granted("ann", false, {"task:t-1"}), {kAll}) == "401");
  CHECK(verdict(granted("ann", false, {"channel:debates/42"}), {kChannel}) ==
        "channel:debates/42 of ann");
}

TEST_CASE("[SX.13] [DX.7] StreamHub: everybody without the operator role sees their own, live") {
  StreamHouse house;
  HttpPeer ann(house, HttpPeer::get(house, "/trace/stream", kAnn));
  HttpPeer bob(house, HttpPeer::get(house, "/trace/stream?taskId=a", kBob));
  HttpPeer boss(house, HttpPeer::get(house, "/trace/stream"));
  REQUIRE(ann.wait_body(kFirst));
  REQUIRE(bob.wait_body(kFirst));
  REQUIRE(boss.wait_body(kFirst));
  house.publish(of_task("a", 1), "owner:ann");
  house.publish(of_task("a", 2), "owner:bob");
  house.publish(of_task("a", 3));  // nobody's
  house.publish(of_task("a", 4), "owner:anna");
  house.publish(of_task("b", 5), "owner:bob");
  house.publish(of_task("b", 6), "owner:ann");
  house.publish(of_task("a", 7), "owner:bob");
  std::string all = kFirst;
  for (int n = 1; n <= 7; ++n)
    all += frame(house, static_cast<Sequence>(n), of_task(n == 5 || n == 6 ? "b" : "a", n));
  CHECK(boss.wait_body(all));
  CHECK(
      ann.wait_body(kFirst + frame(house, 1, of_task("a", 1)) + frame(house, 6, of_task("b", 6))));
  CHECK(
      bob.wait_body(kFirst + frame(house, 2, of_task("a", 2)) + frame(house, 7, of_task("a", 7))));
}

TEST_CASE("[SX.13] StreamHub: and the same in replay, from the ring and from the log") {
  StreamHouse house(system_clock(), {.bus = {.ring_entries = 64}});
  std::string anns = kFirst, bobs = kFirst;
  for (int n = 1; n <= 300; ++n) {
    const bool ann = n % 3 == 0;
    const Sequence at = house.publish(of_task("a", n), ann          ? "owner:ann"
                                                       : n % 3 == 1 ? "owner:bob"
                                                                    : "");
    if (n % 50 == 0) REQUIRE(house.flush());  // a ring holds no more than is stored
    if (n % 3 != 2) (ann ? anns : bobs) += frame(house, at, of_task("a", n));
  }
  REQUIRE(house.flush());
  for (const char* target :
       {"/trace/stream?lastEventId=earliest", "/trace/stream?lastEventId=earliest&taskId=a"}) {
    HttpPeer ann(house, HttpPeer::get(house, target, kAnn));
    CHECK(ann.wait_body(anns));
    HttpPeer bob(house, HttpPeer::get(house, target, kBob));
    CHECK(bob.wait_body(bobs));
  }
}

TEST_CASE("[SX.13] StreamHub: topics changed on an open stream stay within its rights") {
  StreamHouse house;
  HttpPeer ann(house, HttpPeer::get(house, "/trace/stream?taskId=a", kAnn));
  REQUIRE(ann.wait_body(kFirst));
  const auto change = [&](const std::string& body) {
    HttpPeer peer(house,
                  HttpPeer::post(house, "/trace/streams/" + ann.header("X-Stream-Id") + "/topics",
                                 "application/json", body, kAnn));
    return peer.wait_answer() ? peer.status() : 0;
  };
  CHECK(change(R"({"topics":["graph"]})") == 403);
  CHECK(change(R"({"topics":["all"]})") == 200);
  CHECK(change(R"({"add":["task:b"]})") == 200);  // beside what it follows already
  house.publish(of_task("b", 1), "owner:bob");
  const Sequence own = house.publish(of_task("c", 2), "owner:ann");
  CHECK(ann.wait_body(kFirst + frame(house, own, of_task("c", 2))));
}

TEST_CASE("[SX.13] TraceEndpoint: the log has a caller's own lines, and another's id is none") {
  StreamHouse house;
  house.publish(of_task("a", 1), "owner:ann");
  house.publish(of_task("a", 2), "owner:bob");
  house.publish(of_task("a", 3));
  house.publish(of_task("a", 4), "owner:ann");
  REQUIRE(house.flush());
  const auto get = [&](const std::string& target, const std::string& who) {
    HttpPeer peer(house, HttpPeer::get(house, target, who));
    return peer.wait_answer() ? std::to_string(peer.status()) + ' ' + peer.body() : "";
  };
  CHECK(get("/trace/log", kAnn) == "200 " + of_task("a", 1) + '\n' + of_task("a", 4) + '\n');
  CHECK(get("/trace/log", kBob) == "200 " + of_task("a", 2) + '\n');
  CHECK(get("/trace/log?limit=1", kAnn) == "200 " + of_task("a", 1) + '\n');
  CHECK(get("/trace/envelopes/" + house.id(1), kAnn) == "200 " + of_task("a", 1));
  CHECK(get("/trace/envelopes/" + house.id(1), "") == "200 " + of_task("a", 1));
  const std::string unknown = get("/trace/envelopes/" + house.id(9), kBob);
  CHECK(unknown.starts_with("404 "));
  for (const Sequence other : {1U, 3U, 4U})
    CHECK(get("/trace/envelopes/" + house.id(other), kBob) == unknown);
}

TEST_CASE("[SX.13] PublishEndpoint: what somebody publishes is theirs") {
  StreamHouse house;
  HttpPeer ann(house, HttpPeer::get(house, "/trace/stream", kAnn));
  REQUIRE(ann.wait_body(kFirst));
  for (const std::string& who : {kBob, kAnn, std::string()}) {
    HttpPeer post(house, HttpPeer::post(house, "/trace/publish", "application/json",
                                        R"({"type":"note"})", who));
    REQUIRE(post.wait_answer());
    REQUIRE(post.status() == 200);
  }
  CHECK(ann.wait_body(kFirst + frame(house, 2, R"({"type":"note"})")));
}

TEST_CASE(
    "[SX.13] [S1.14] StreamHub: a stream whose token was revoked or is too old ends within 30 s") {
  for (const Eviction why : {Eviction::token_revoked, Eviction::token_expired}) {
    FakeClock clock;
    std::optional<Eviction> over;
    StreamHouse::Options options;
    options.principal = granted("default", true, {"all"});
    options.hub.recheck = [&over](const Principal& who) {
      CHECK(who.grant);
      return over;
    };
    StreamHouse house(clock, options);
    HttpPeer peer(house, HttpPeer::get(house, "/trace/stream"));
    HttpPeer ann(house, HttpPeer::get(house, "/trace/stream", kAnn));  // by a bearer
    REQUIRE(peer.wait_body(kFirst));
    REQUIRE(ann.wait_body(kFirst));
    const Sequence n = house.publish(thought(1));
    const std::string got = kFirst + frame(house, n, thought(1));
    REQUIRE(peer.wait_body(got));
    clock.advance(std::chrono::seconds(10));
    house.turn_some();
    CHECK_FALSE(peer.ended());
    over = why;
    clock.advance(std::chrono::seconds(10));
    REQUIRE(peer.wait([&peer] { return peer.ended(); }));
    CHECK(peer.finished());
    const std::string words = "event: evicted\ndata: {\"reason\":\"" + std::string(name_of(why)) +
                              "\",\"last_id\":\"" + house.id(n) + "\"}\n\n";
    CHECK(peer.body().ends_with(words));
    CHECK(house.hub.readers() == 1);
    house.publish(thought(2));
    house.turn_some();
    peer.receive();
    CHECK(peer.body().ends_with(words));
  }
}

}  // namespace
