#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/orchestrator/mcp/mcp_fixture.h"

namespace devs {
namespace {

// What is left of a chunked body cut anywhere: the payload of its whole chunks and
// of the part of the last one that came.
std::string payload_of(std::string_view body) {
  std::string payload;
  while (!body.empty()) {
    const std::size_t line = body.find("\r\n");
    if (line == std::string_view::npos) break;
    const std::size_t size = std::strtoul(std::string(body.substr(0, line)).c_str(), nullptr, 16);
    payload += body.substr(line + 2, size);
    body.remove_prefix(std::min(body.size(), line + 2 + size + 2));
  }
  return payload;
}

TEST_CASE("[M4] resume: an answer of 20 messages, cut at every byte, each message once") {
  McpFixture fixture;
  const McpClient client = fixture.ready();

  // The answer, and beside it another stream of the session that must not leak in.
  HttpWire wire(fixture.port());
  client.begin_post(wire,
                    rpc("1", "tools/call", call_params("held", "{}", R"({"progressToken":"a"})")));
  REQUIRE(fixture.held->wait_for(0));
  HttpWire beside(fixture.port());
  client.begin_post(beside,
                    rpc("2", "tools/call", call_params("held", "{}", R"({"progressToken":"b"})")));
  REQUIRE(fixture.held->wait_for(1));
  for (int i = 1; i <= 19; ++i) {
    const std::string fields = "{\"progress\":" + std::to_string(i) + "}";
    fixture.held->run(0).progress(fields);
    fixture.held->run(1).progress(fields);
    fixture.advance(std::chrono::milliseconds(70));  // within the rate
  }
  fixture.held->answer("the end", 0);
  CHECK(wire.read_head().status == 200);
  SseWire whole(wire);
  std::vector<std::string> expected;
  while (const auto event = whole.next()) expected.push_back(event->id + " " + event->data);
  REQUIRE(whole.ended());
  REQUIRE(expected.size() == 20);
  const std::string raw = whole.raw();

  // Cut at each byte: whoever saw a prefix comes back with the last id in it.
  std::string last_asked = "none";
  for (std::size_t cut = 0; cut <= raw.size(); ++cut) {
    std::vector<std::string> seen;
    SseParser parser([&seen](const SseParser::Event& event) {
      if (!event.data.empty()) seen.push_back(event.id + " " + event.data);
    });
    REQUIRE(parser.feed(raw.substr(0, cut)).ok());
    const std::string id = parser.last_event_id();
    if (id.empty() || id == last_asked) continue;  // the same bytes would come again
    last_asked = id;
    CAPTURE(cut);
    HttpWire again(fixture.port());
    client.begin_get(again, id);
    REQUIRE(again.read_head().status == 200);
    SseWire rest(again);
    while (const auto event = rest.next()) seen.push_back(event->id + " " + event->data);
    REQUIRE(rest.ended());
    REQUIRE(seen == expected);
  }
  fixture.held->answer("beside", 1);
}

TEST_CASE("[M4] resume: a connection that is really cut, while the call goes on") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  for (std::size_t bytes = 1; bytes < 300; bytes += 37) {
    CAPTURE(bytes);
    const std::size_t index = bytes / 37;
    std::string seen;
    {
      HttpWire wire(fixture.port());
      client.begin_post(wire, rpc(std::to_string(bytes), "tools/call",
                                  call_params("held", "{}", R"({"progressToken":"a"})")));
      REQUIRE(fixture.held->wait_for(index));
      for (int i = 1; i <= 3; ++i) {
        fixture.held->run(index).progress("{\"progress\":" + std::to_string(i) + "}");
      }
      REQUIRE(wire.read_head().status == 200);
      seen = payload_of(wire.read_raw(bytes));
    }
    std::vector<std::string> ids;
    SseParser parser([&ids](const SseParser::Event& event) {
      if (!event.data.empty()) ids.push_back(event.id);
    });
    REQUIRE(parser.feed(seen).ok());
    std::string from = parser.last_event_id();
    if (from.empty()) from = std::to_string(index + 1) + "-0";
    HttpWire again(fixture.port());
    client.begin_get(again, from);
    REQUIRE(again.read_head().status == 200);
    SseWire rest(again);
    while (ids.size() < 3) {
      const auto event = rest.next();
      REQUIRE(event);
      ids.push_back(event->id);
    }
    fixture.held->answer("done", index);  // live again
    const auto response = rest.next();
    REQUIRE(response);
    CHECK(text_of(response->data) == "done");
    CHECK_FALSE(rest.next());
    CHECK(rest.ended());
    const std::string stream = std::to_string(index + 1);
    CHECK(ids == std::vector<std::string>{stream + "-1", stream + "-2", stream + "-3"});
  }
}

TEST_CASE("[M4] polling: a client that is sent away comes back for the answer, however often") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(wire,
                    rpc("1", "tools/call", call_params("held", "{}", R"({"progressToken":"a"})")));
  REQUIRE(fixture.held->wait_for());
  fixture.held->run().let_poll(std::chrono::milliseconds(700));
  fixture.held->run().let_poll(std::chrono::milliseconds(900));  // it goes already
  CHECK(wire.read_head().status == 200);
  SseWire first(wire);
  CHECK_FALSE(first.next());  // no message, and no error either
  CHECK(first.ended());
  CHECK(first.raw() == "id: 1-0\ndata: \n\nretry: 700\n\n");

  // What is said meanwhile waits; then it is sent away again.
  REQUIRE(fixture.eventually([&] { return fixture.counts().streams == 0; }));
  fixture.held->run().progress(R"({"progress":1})");
  HttpWire second_wire(fixture.port());
  client.begin_get(second_wire, "1-0");
  REQUIRE(second_wire.read_head().status == 200);
  SseWire second(second_wire);
  const auto progress = second.next();
  REQUIRE(progress);
  CHECK(progress->id == "1-1");
  fixture.held->run().let_poll(std::chrono::milliseconds(-1));
  CHECK_FALSE(second.next());
  CHECK(second.raw().ends_with("retry: 1\n\n"));

  fixture.held->answer("the answer");
  HttpWire third_wire(fixture.port());
  client.begin_get(third_wire, "1-1");
  REQUIRE(third_wire.read_head().status == 200);
  SseWire third(third_wire);
  const auto response = third.next();
  REQUIRE(response);
  CHECK(text_of(response->data) == "the answer");
  CHECK_FALSE(third.next());
}

TEST_CASE("[M4] polling: where a client could not come back, nothing happens") {
  McpFixture fixture;
  std::size_t calls = 0;
  const auto one_body = [&](const McpClient& client) {
    HttpWire wire(fixture.port());
    client.begin_post(wire, rpc("1", "tools/call", call_params("held")));
    REQUIRE(fixture.held->wait_for(calls));
    fixture.held->run(calls).let_poll(std::chrono::milliseconds(1));
    fixture.held->answer("at once", calls++);
    const WireAnswer answer = wire.read_answer();
    CHECK(answer.header("content-type") == "application/json");
    CHECK(text_of(answer.body) == "at once");
  };
  one_body(fixture.ready("2025-06-18"));  // streams without a first event
  one_body(fixture.client());             // no session
  McpClient plain = fixture.ready();
  plain.accept = "application/json";  // no streams
  one_body(plain);
}

TEST_CASE("[M5] resume: an id no longer kept, malformed, foreign or sent twice is 400") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  const McpClient other = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(wire,
                    rpc("1", "tools/call", call_params("held", "{}", R"({"progressToken":1})")));
  REQUIRE(fixture.held->wait_for());
  fixture.held->run().progress(R"({"progress":1})");
  CHECK(wire.read_head().status == 200);
  for (const char* wrong : {"1", "1-", "2-0", "1-9", "x-1", "1-1-1", "0-0", "1-01"}) {
    CAPTURE(wrong);
    CHECK(client.get(wrong).status == 400);
  }
  CHECK(other.get("1-1").status == 400);  // streams belong to their session
  McpClient twice = client;
  twice.more = {{"Last-Event-ID", "1-1"}};
  CHECK(twice.get("1-1").status == 400);
  fixture.held->answer("done");
}

TEST_CASE("[M5] resume: streamed answers of a session are kept within the bound") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  const std::string large(300'000, 'x');
  for (std::size_t i = 0; i < 5; ++i) {
    HttpWire wire(fixture.port());
    client.begin_post(wire,
                      rpc("1", "tools/call", call_params("held", "{}", R"({"progressToken":1})")));
    REQUIRE(fixture.held->wait_for(i));
    fixture.held->run(i).progress(R"({"progress":1})");
    fixture.held->answer(large, i);
    CHECK(wire.read_head().status == 200);
    SseWire stream(wire);
    REQUIRE(stream.next());
    REQUIRE(stream.next());
    CHECK_FALSE(stream.next());
  }
  CHECK(client.get("1-1").status == 400);
  CHECK(client.get("2-1").status == 400);
  HttpWire again(fixture.port());
  client.begin_get(again, "5-1");
  CHECK(again.read_head().status == 200);
  SseWire stream(again);
  const auto response = stream.next();
  REQUIRE(response);
  CHECK(text_of(response->data) == large);
}

}  // namespace
}  // namespace devs
