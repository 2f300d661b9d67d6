#include "orchestrator/net/http_front.h"

#include <doctest/doctest.h>

#include "tests/support/front_routes.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

TEST_CASE("HttpFront: a kept connection answers one request after the other") {
  LiveFront live({}, front_routes);
  REQUIRE(live.listened().ok());
  RawClient client = live.client();
  for (int i = 0; i < 3; ++i) {
    const RawAnswer hello = client.ask(get_text("/hello", live.port()));
    CHECK(hello.status == 200);
    CHECK(hello.body == R"({"hello":true})");
    CHECK(hello.header("content-type") == "application/json");
    CHECK(hello.header("keep-alive") == "timeout=15");
    const RawAnswer post = client.ask(post_text("/mcp", live.port(), "{\"a\":1}"));
    CHECK(post.status == 200);
    CHECK(post.body == R"({"bytes":7})");
  }
  CHECK_FALSE(client.ended());
}

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

TEST_CASE("HttpFront: a stream sends its head and first frame at once, then what is fed") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/trace/stream", live.port()));
  const RawAnswer head = client.answer(true);
  CHECK(head.status == 200);
  CHECK(head.header("content-type") == "text/event-stream");
  CHECK(head.header("transfer-encoding") == "chunked");
  CHECK(client.read_text(": connected\n\n"));
  CHECK(live.front().counts().streams == 1);
  live.publish("data: 1\n\n");
  live.publish("data: 2\n\n");
  CHECK(client.read_text("9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n"));
  live.publish("data: 3\n\n", true);
  CHECK(client.read_end());
  CHECK(client.buffer().ends_with("9\r\ndata: 3\n\n\r\n0\r\n\r\n"));
  CHECK(live.until([&] { return live.front().counts().connections == 0; }));
  CHECK(live.feed().told().destroyed == 1);
}

}  // namespace
}  // namespace devs
