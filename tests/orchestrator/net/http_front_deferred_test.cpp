// Answers that come later: once, in time, to their own request.
#include <doctest/doctest.h>

#include "tests/support/front_routes.h"
#include "tests/support/gate.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

TEST_CASE("HttpFront: a deferred answer comes from any thread, later") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  CHECK(live.until([&] { return live.front().counts().in_hand == 1; }));
  std::move(live.take_kept()).send(json_answer(202, "{}"));
  const RawAnswer answer = client.answer();
  CHECK(answer.status == 202);
  CHECK(answer.body == "{}");
  CHECK(client.ask(get_text("/hello", live.port())).status == 200);
}

TEST_CASE("HttpFront: a deferred answer that does not come is a 504, once, and cancelled") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  live.pass(19s);
  CHECK_FALSE(client.read_some());
  REQUIRE(live.until([&] {  // the 20 s begin when the reactor hears of them
    live.pass(1s);
    return client.read_some();
  }));
  CHECK(client.answer().status == 504);
  CHECK(live.until([&] { return live.gone == 1; }));
  std::move(live.take_kept()).send(json_answer(200, "late"));
  CHECK(client.read_end());
  CHECK(client.buffer().empty());
  CHECK(live.gone == 1);
}

TEST_CASE("HttpFront: a deferred answer that is dropped is a 500, and the connection lives") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  { const DeferredAnswer dropped = live.take_kept(); }
  const RawAnswer answer = client.answer();
  CHECK(answer.status == 500);
  CHECK(answer.body == R"({"error":"INTERNAL","reason":"abandoned"})");
  CHECK(client.ask(get_text("/hello", live.port())).status == 200);
  CHECK(live.gone == 0);
}

TEST_CASE("HttpFront: a late answer never reaches the next request of its connection") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()) + get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  DeferredAnswer first = live.take_kept();
  std::move(first).send(json_answer(200, "one"));
  CHECK(client.answer().body == "one");
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  std::move(live.take_kept()).send(json_answer(200, "two"));
  CHECK(client.answer().body == "two");
}

// A POST whose deferred answer becomes a stream.
void ask_for_stream(LiveFront& live, RawClient& client) {
  client.say(post_text("/later", live.port(), "{}"));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  StreamStart start;
  start.head.type = ContentType::sse;
  start.provider = live.feed().reader(true);
  std::move(live.take_kept()).stream(std::move(start));
}

TEST_CASE("HttpFront: a deferred answer may become a stream, and the connection is kept") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  ask_for_stream(live, client);
  CHECK(client.answer(true).header("content-type") == "text/event-stream");
  live.publish("data: x\n\n", true);
  CHECK(client.read_text("0\r\n\r\n"));
  CHECK(client.take().ends_with("0\r\n\r\n"));
  CHECK(client.ask(get_text("/hello", live.port())).status == 200);
}

TEST_CASE("HttpFront: a stream that is the last answer of its connection says so") {
  LiveFront::Options options;
  options.front.max_requests_per_connection = 1;
  LiveFront live(std::move(options), front_routes);
  RawClient client = live.client();
  ask_for_stream(live, client);
  CHECK(client.answer(true).header("connection") == "close");
  live.publish("data: x\n\n", true);
  CHECK(client.read_end());
  CHECK(client.buffer().ends_with("0\r\n\r\n"));
}

TEST_CASE("HttpFront: an answer may outlive its front") {
  DeferredAnswer orphan;
  CHECK_FALSE(static_cast<bool>(orphan));
  {
    LiveFront live({}, front_routes);
    RawClient client = live.client();
    client.say(get_text("/later", live.port()));
    REQUIRE(live.until([&] { return live.kept() == 1; }));
    orphan = live.take_kept();
  }
  CHECK(static_cast<bool>(orphan));
  std::move(orphan).send(json_answer(200, "{}"));
}

TEST_CASE("HttpFront: where hanging up cancels there are 500 ms to finish") {
  LiveFront live({}, front_routes);
  RawClient quick = live.client();
  quick.say(post_text("/cancel", live.port(), "{}"));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  quick.half_close();
  live.settle();
  live.pass(400ms);
  std::move(live.take_kept()).send(json_answer(200, "done"));
  CHECK(quick.answer().body == "done");

  RawClient slow = live.client();
  slow.say(post_text("/cancel", live.port(), "{}"));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  live.settle();
  slow.half_close();
  REQUIRE(live.until([&] {
    live.pass(100ms);
    return live.front().counts().connections == 0;
  }));
  CHECK(live.until([&] { return live.gone == 1; }));
  CHECK(slow.read_end());
  CHECK(slow.buffer().empty());
  std::move(live.take_kept()).send(json_answer(200, "late"));
  live.settle();
  CHECK(live.count("http_answers_dropped_total", "reason=\"gone\"") == 1);
}

TEST_CASE("HttpFront: who goes while the handler runs: told, and one answer counts as dropped") {
  Gate gate;
  LiveFront live({}, [&gate](LiveFront& here) {
    return std::vector<Route>{{.pattern = "/later", .handler = [&](Exchange& exchange) {
                                 exchange.on_gone([&here] { ++here.gone; });
                                 gate.pass();
                                 here.keep(exchange.defer(20s));
                               }}};
  });
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  CHECK(gate.wait_for_arrival());
  client.hard_close();
  CHECK(live.until([&] { return live.front().counts().connections == 0; }));
  gate.open();
  CHECK(live.until([&] { return live.kept() == 1 && live.gone == 1; }));
  std::move(live.take_kept()).send(json_answer(200, "{}"));
  live.settle();
  CHECK(live.count("http_answers_dropped_total", "reason=\"gone\"") == 1);
}

}  // namespace
}  // namespace devs
