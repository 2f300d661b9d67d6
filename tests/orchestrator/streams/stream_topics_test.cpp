#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/orchestrator/streams/stream_house.h"

// Topics and field filters over real sockets, and changing topics of an open stream.

using namespace devs;

namespace {

std::string entry(const std::string& type, const std::string& more) {
  return R"({"type":")" + type + "\"," + more + '}';
}
std::string of_task(const std::string& task, std::size_t n) {
  return entry("thought", R"("task_id":")" + task + R"(","n":)" + std::to_string(n));
}

// What `POST /trace/streams/{id}/topics` answers.
struct Answer {
  int status;
  std::string body;
};
Answer change(StreamHouse& house, const std::string& stream, const std::string& body,
              const std::string& headers = "") {
  HttpPeer peer(house, HttpPeer::post(house, "/trace/streams/" + stream + "/topics",
                                      "application/json", body, headers));
  if (!peer.wait_answer()) return {0, ""};
  return {peer.status(), peer.body()};
}

}  // namespace

TEST_CASE("[S0.13] StreamHub: several topics on one stream, each entry once") {
  StreamHouse house;
  HttpPeer peer(house,
                HttpPeer::get(house, "/trace/stream?topics=task:a,session:s,channel:debates/42"));
  REQUIRE(peer.wait_body(kFirst));
  const std::string both = entry("thought", R"("task_id":"a","session_id":"s")");
  const std::string mine = entry("channel", R"("n":3)"), graph = entry("graph", R"("n":4)");
  house.publish(both);
  house.publish(of_task("b", 2));
  Draft draft = draft_of_published(mine);
  draft.topics = "channel:debates/42";
  REQUIRE(house.bus.publish(std::move(draft)).ok());
  house.publish(graph);
  house.publish(of_task("a", 5));
  CHECK(peer.wait_body(kFirst + frame(house, 1, both) + frame(house, 3, mine) +
                       frame(house, 5, of_task("a", 5))));
}

TEST_CASE("[S0.13] StreamHub: a filter by fields delivers the same set live and replayed") {
  StreamHouse house(system_clock(), {.bus = {.ring_entries = 16}});
  const std::vector<std::string> filters{
      "tool=read_file",          "tool=read_file,echo&status=SUCCESS", "agent=a&min_duration_ms=10",
      "session=s,t&type=action", "topics=task:a,agent:a&tool=echo",    "type=thought&agent=a"};
  const std::vector<std::size_t> matching{100, 50, 25, 50, 100, 0};
  std::vector<std::unique_ptr<HttpPeer>> live;
  for (const std::string& filter : filters) {
    live.push_back(
        std::make_unique<HttpPeer>(house, HttpPeer::get(house, "/trace/stream?" + filter)));
    REQUIRE(live.back()->wait_body(kFirst));
  }
  // Calls of two tools by two agents: half of them slow, half of them failing.
  for (int call = 0; call < 100; ++call) {
    const std::string tool = call % 2 == 0 ? "read_file" : "echo";
    const std::string who = std::string(R"("agent_id":")") + (call % 4 < 2 ? "a" : "b") +
                            R"(","session_id":")" + (call % 2 == 0 ? "s" : "u") +
                            R"(","task_id":")" + (call % 4 == 3 ? "a" : "b") + '"';
    house.publish(
        entry("action", who + R"(,"payload":{"tool_call":{"tool_name":")" + tool + "\"}}"));
    house.publish(entry("observation", who + R"(,"duration_ms":)" + (call % 4 == 0 ? "25" : "2.5") +
                                           R"(,"metadata":{"status":")" +
                                           (call % 4 < 2 ? "SUCCESS" : "TOOL_ERROR") +
                                           R"(","tool_name":")" + tool + "\"}"));
    house.publish(entry("thought", R"("agent_id":"c")"));
    REQUIRE(house.flush());
    if (call % 10 == 0) house.turn_some(3);
  }
  for (std::size_t at = 0; at < filters.size(); ++at) {
    CAPTURE(filters[at]);
    REQUIRE(live[at]->wait_events(matching[at]));
    house.turn_some(5);
    live[at]->receive();
    CHECK(live[at]->events.size() == matching[at]);
    HttpPeer replayed(house,
                      HttpPeer::get(house, "/trace/stream?lastEventId=earliest&" + filters[at]));
    REQUIRE(replayed.wait_events(matching[at]));
    const bool same = replayed.wait_body(live[at]->body());
    CHECK(same);
    HttpPeer timed(house, HttpPeer::get(house, "/trace/replay?speed=max&" + filters[at]));
    REQUIRE(timed.wait([&timed] { return timed.finished(); }));
    CHECK(timed.body().starts_with(live[at]->body()));
    CHECK(timed.events.size() == matching[at] + 1);
  }
}

TEST_CASE("StreamHub: every stream has an id that pages may read") {
  StreamHouse house(system_clock(), {.front = {.origins = {"http://page.example"}}});
  HttpPeer one(house, HttpPeer::get(house, "/trace/stream", "Origin: http://page.example\r\n"));
  HttpPeer two(house, HttpPeer::get(house, "/agent-console/stream"));
  REQUIRE(one.wait_body(kFirst));
  REQUIRE(two.wait_body(kFirst));
  CHECK(one.header("X-Stream-Id") != "");
  CHECK(one.header("X-Stream-Id") != two.header("X-Stream-Id"));
  CHECK(one.header("Access-Control-Expose-Headers") == "X-Head-Event-Id, X-Stream-Id, Retry-After");
}

TEST_CASE("TraceEndpoint: what an answer says of the log besides its body, pages may read") {
  StreamHouse house(system_clock(), {.front = {.origins = {"http://page.example"}}});
  house.publish(thought(1));
  REQUIRE(house.flush());
  const auto exposed = [&house](const std::string& target, const std::string& said) {
    HttpPeer peer(house, HttpPeer::get(house, target, "Origin: http://page.example\r\n"));
    CHECK(peer.wait_answer());
    CHECK(peer.header(said) == house.id(1));
    return peer.header("Access-Control-Expose-Headers");
  };
  CHECK(exposed("/trace/log", "X-Next-Event-Id") == "X-Next-Event-Id, X-Gap, Retry-After");
  CHECK(exposed("/trace/envelopes/" + house.id(1), "X-Event-Id") == "X-Event-Id, Retry-After");
}

TEST_CASE("[T14] StreamHub: topics change where the reader stands, without a loss or a repeat") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream?taskId=a"));
  REQUIRE(peer.wait_body(kFirst));
  const std::string id = peer.header("X-Stream-Id");
  std::string expected = kFirst;
  std::string task = "a";
  Sequence n = 0;
  for (int round = 0; round < 50; ++round) {
    for (int each = 0; each < 4; ++each) {
      house.publish(of_task("a", n + 1));
      house.publish(of_task("b", n + 2));
      expected += frame(house, n + (task == "a" ? 1 : 2), of_task(task, n + (task == "a" ? 1 : 2)));
      n += 2;
    }
    REQUIRE(house.flush());
    REQUIRE(peer.wait_body(expected));
    task = task == "a" ? "b" : "a";
    const std::string topics = R"({"topics":["task:)" + task + "\"]";
    const Answer changed = change(house, id, topics + '}');
    CHECK(changed.status == 200);
    CHECK(changed.body == topics + R"(,"from":")" + house.id(n + 1) + "\"}");
  }
}

TEST_CASE("StreamHub: a reader that is behind changes topics in the middle of the past") {
  StreamHouse house(system_clock(), {.bus = {.ring_entries = 16}});
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream?topics=task:a"), 4096);
  REQUIRE(peer.wait_body(kFirst));
  const std::string id = peer.header("X-Stream-Id");
  const std::string filler = R"(,"x":")" + std::string(20'000, 'x') + '"';
  Sequence n = 0;
  const auto publish_pair = [&] {
    house.publish(entry("thought", R"("task_id":"a")" + filler));
    house.publish(entry("thought", R"("task_id":"b")" + filler));
    n += 2;
    return house.flush();
  };
  while (n < 1'000) REQUIRE(publish_pair());
  house.turn_some(50);  // the socket is full
  const Answer changed = change(house, id, R"({"add":["task:b"],"remove":["task:a"]})");
  REQUIRE(changed.status == 200);
  const Sequence from = decode_event_id(*JsonView(changed.body)["from"].string()).value().sequence;
  CHECK(from > 1);
  CHECK(from < n);
  std::vector<std::string> expected;
  for (Sequence at = 1; at <= n; ++at)
    if ((at % 2 == 1) == (at < from)) expected.push_back(house.id(at));
  REQUIRE(peer.wait_events(expected.size()));
  house.turn_some(5);
  peer.receive();
  REQUIRE(peer.events.size() == expected.size());
  for (std::size_t at = 0; at < expected.size(); ++at) CHECK(peer.events[at].id == expected[at]);
}

TEST_CASE("StreamHub: a change of topics that breaks the grammar is 400 and changes nothing") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream?topics=task:a"));
  REQUIRE(peer.wait_body(kFirst));
  const std::string id = peer.header("X-Stream-Id");
  const auto refused = [&](const std::string& body, const std::string& field) {
    CAPTURE(body);
    const Answer answer = change(house, id, body);
    CHECK(answer.status == 400);
    CHECK(answer.body.starts_with(R"({"error":"BAD_REQUEST","field":")" + field + "\""));
  };
  refused("", "body");
  refused("[]", "body");
  refused("{}", "topics");
  refused(R"({"topics":["task:a"],"add":["task:b"]})", "topics");
  refused(R"({"topics":"task:a"})", "topics");
  refused(R"({"topics":[]})", "topics");
  refused(R"({"topics":[7]})", "topics");
  refused(R"({"topics":["owner:u1"]})", "topics");
  refused(R"({"add":[7]})", "add");
  refused(R"({"remove":"task:a"})", "remove");
  refused(R"({"remove":["task:a"]})", "topics");  // nothing would be left
  std::string many = R"({"add":["all")";
  for (int n = 0; n < 15; ++n) many += ",\"task:t" + std::to_string(n) + '"';
  refused(many + "]}", "topics");  // seventeen
  house.publish(of_task("a", 1));
  CHECK(peer.wait_body(kFirst + frame(house, 1, of_task("a", 1))));
}

TEST_CASE("StreamHub: a stream is there to be changed by its owner and operators alone") {
  StreamHouse house;
  HttpPeer peer(house, HttpPeer::get(house, "/trace/stream?taskId=a", "X-Guest: ann\r\n"));
  REQUIRE(peer.wait_body(kFirst));
  const std::string id = peer.header("X-Stream-Id");
  const std::string body = R"({"topics":["task:b"]})";
  CHECK(change(house, id, body, "X-Guest: bob\r\n").status == 404);
  CHECK(change(house, id, body, "X-Guest: ann\r\n").status == 200);
  CHECK(change(house, id, body).status == 200);
  for (const std::string other : {"x", "0-1", "1"}) CHECK(change(house, other, body).status == 404);
  CHECK(change(house, id + "0", body).status == 404);
  CHECK(change(house, "00000000" + id.substr(8), body).status == 404);
  peer.close();
  REQUIRE(house.turn_until([&house] { return house.hub.readers() == 0; }));
  CHECK(change(house, id, body).status == 404);
}
