#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/orchestrator/mcp/mcp_fixture.h"

namespace devs {
namespace {

const std::string kWithToken = R"({"progressToken":"tok"})";

TEST_CASE("[M3] answers: a result that is there first is one JSON body") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  const WireAnswer answer =
      client.post(rpc("1", "tools/call", call_params("echo", R"({"text":"hi"})", kWithToken)));
  CHECK(answer.status == 200);
  CHECK(answer.header("content-type") == "application/json");
  CHECK(answer.body ==
        R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hi"}],)"
        R"("isError":false}})");
}

TEST_CASE("answers: after one that was a stream, its connection takes the next request") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  for (std::size_t i = 0; i < 3; ++i) {
    client.begin_post(wire, rpc("1", "tools/call", call_params("held", "{}", kWithToken)));
    REQUIRE(fixture.held->wait_for(i));
    fixture.held->run(i).progress(R"({"progress":1})");
    REQUIRE(wire.read_head().status == 200);
    SseWire stream(wire);
    fixture.held->answer("done", i);
    while (stream.next()) {
    }
    REQUIRE(stream.ended());
    client.begin_post(wire, rpc("2", "ping"));
    CHECK(wire.read_answer().status == 200);
  }
  CHECK(fixture.eventually([&] { return fixture.counts().streams == 0; }));
  CHECK(fixture.counts().connections == 1);
}

TEST_CASE("[M3] answers: progress makes it a stream, the response is its last message") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("7", "tools/call", call_params("held", "{}", kWithToken)));
  REQUIRE(fixture.held->wait_for());
  fixture.held->run().progress(R"({"progress":1,"total":2,"message":"half"})");
  const WireAnswer head = wire.read_head();
  CHECK(head.status == 200);
  CHECK(head.header("content-type") == "text/event-stream");
  CHECK(head.header("cache-control") == "no-cache");
  CHECK(head.header("x-accel-buffering") == "no");
  SseWire stream(wire);
  const auto progress = stream.next();
  REQUIRE(progress);
  CHECK(stream.raw().starts_with("id: 1-0\ndata: \n\n"));  // priming, from 2025-11-25
  CHECK(progress->id == "1-1");
  CHECK(progress->data == R"({"jsonrpc":"2.0","method":"notifications/progress","params":)"
                          R"({"progressToken":"tok","progress":1,"total":2,"message":"half"}})");
  fixture.held->answer("done");
  const auto response = stream.next();
  REQUIRE(response);
  CHECK(response->id == "1-2");
  CHECK(JsonView(response->data)["id"].text() == "7");
  CHECK(text_of(response->data) == "done");
  CHECK_FALSE(stream.next());
  CHECK(stream.ended());
}

TEST_CASE("[M3] answers: after two seconds it becomes a stream, not before") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire quick(fixture.port());
  client.begin_post(quick, rpc("1", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for(0));
  fixture.advance(std::chrono::milliseconds(1990));
  fixture.held->answer("in time", 0);
  CHECK(quick.read_answer().header("content-type") == "application/json");

  HttpWire slow(fixture.port());
  client.begin_post(slow, rpc("2", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for(1));
  fixture.advance(std::chrono::milliseconds(2020));
  CHECK(slow.read_head().header("content-type") == "text/event-stream");
  fixture.advance(std::chrono::milliseconds(15'020));
  fixture.held->answer("late", 1);
  SseWire stream(slow);
  const auto response = stream.next();
  REQUIRE(response);
  CHECK(text_of(response->data) == "late");
  CHECK(stream.parser().comments() == 1);
}

TEST_CASE("[M4] answers: only 2025-11-25 primes its streams, older ones number them") {
  McpFixture fixture;
  std::size_t index = 0;
  for (const char* revision : {"2024-11-05", "2025-03-26", "2025-06-18"}) {
    CAPTURE(revision);
    const McpClient client = fixture.ready(revision);
    HttpWire wire(fixture.port());
    client.begin_post(wire, rpc("1", "tools/call", call_params("held", "{}", kWithToken)));
    REQUIRE(fixture.held->wait_for(index));
    fixture.held->run(index).progress(R"({"progress":1})");
    fixture.held->answer("done", index);
    ++index;
    CHECK(wire.read_head().header("content-type") == "text/event-stream");
    SseWire stream(wire);
    REQUIRE(stream.next());
    REQUIRE(stream.next());
    CHECK(stream.raw().starts_with("id: 1-1\ndata: {"));
    CHECK(stream.raw().find("data: \n") == std::string::npos);
  }
}

TEST_CASE("answers: without a session a stream has no ids, because nobody could come back") {
  McpFixture fixture;
  const McpClient client = fixture.client();
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("1", "tools/call", call_params("held", "{}", kWithToken)));
  REQUIRE(fixture.held->wait_for());
  fixture.held->run().progress(R"({"progress":1})");
  fixture.held->answer("done");
  CHECK(wire.read_head().status == 200);
  SseWire stream(wire);
  REQUIRE(stream.next());
  REQUIRE(stream.next());
  CHECK_FALSE(stream.next());
  CHECK(stream.raw().find("id:") == std::string::npos);
}

TEST_CASE("answers: a client that takes JSON alone gets JSON at the end") {
  McpFixture fixture;
  McpClient client = fixture.ready();
  client.accept = "application/json";
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("1", "tools/call", call_params("held", "{}", kWithToken)));
  REQUIRE(fixture.held->wait_for());
  fixture.held->run().progress(R"({"progress":1})");
  fixture.advance(std::chrono::seconds(5));
  fixture.held->answer("done");
  const WireAnswer answer = wire.read_answer();
  CHECK(answer.header("content-type") == "application/json");
  CHECK(text_of(answer.body) == "done");
}

TEST_CASE("answers: progress nobody asked for is not told") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("1", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for());
  CHECK_FALSE(fixture.held->run().wants_progress);
  if (fixture.held->run().progress) fixture.held->run().progress(R"({"progress":1})");
  fixture.held->answer("done");
  CHECK(wire.read_answer().header("content-type") == "application/json");
}

TEST_CASE("[M3] answers: three calls at once are answered each on its own stream") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  std::vector<std::unique_ptr<HttpWire>> wires;
  for (std::size_t i = 0; i < 3; ++i) {
    wires.push_back(std::make_unique<HttpWire>(fixture.port()));
    const std::string id = std::to_string(10 + i);
    client.begin_post(*wires[i], rpc(id, "tools/call",
                                     call_params("held", "{}", "{\"progressToken\":" + id + "}")));
    REQUIRE(fixture.held->wait_for(i));
  }
  for (const std::size_t i : {2u, 0u, 1u}) {
    fixture.held->run(i).progress("{\"progress\":" + std::to_string(i + 1) + "}");
  }
  for (const std::size_t i : {1u, 2u, 0u}) fixture.held->answer("r" + std::to_string(i), i);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(wires[i]->read_head().status == 200);
    SseWire stream(*wires[i]);
    const auto progress = stream.next();
    REQUIRE(progress);
    CHECK(JsonView(progress->data)["params"]["progressToken"].integer() ==
          static_cast<std::int64_t>(10 + i));
    const auto response = stream.next();
    REQUIRE(response);
    CHECK(JsonView(response->data)["id"].integer() == static_cast<std::int64_t>(10 + i));
    CHECK(text_of(response->data) == "r" + std::to_string(i));
    CHECK_FALSE(stream.next());
  }
}

TEST_CASE("answers: a flood of progress is 20 a second, the newest is not lost") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("1", "tools/call", call_params("held", "{}", kWithToken)));
  REQUIRE(fixture.held->wait_for());
  const ToolRun run = fixture.held->run();
  for (int i = 1; i <= 1000; ++i) run.progress("{\"progress\":" + std::to_string(i) + "}");
  CHECK(wire.read_head().status == 200);
  SseWire stream(wire);
  std::vector<std::int64_t> seen;
  auto next = [&] {
    const auto event = stream.next();
    REQUIRE(event);
    seen.push_back(JsonView(event->data)["params"]["progress"].integer().value_or(-1));
  };
  for (int i = 0; i < 4; ++i) next();  // the burst; time stands still
  fixture.advance(std::chrono::milliseconds(100));
  next();  // what was held, by itself, at its time
  CHECK(seen == std::vector<std::int64_t>{1, 2, 3, 4, 1000});
  fixture.held->answer("done");
  REQUIRE(stream.next());
  CHECK_FALSE(stream.next());
}

TEST_CASE("answers: an id that is in flight is -32600, after its answer it is free") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire first(fixture.port());
  client.begin_post(first, rpc("\"a\"", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for());
  for (const char* same : {"\"a\"", R"("\u0061")"}) {
    const WireAnswer second = client.post(rpc(same, "tools/call", call_params("held")));
    CHECK(second.status == 400);
    CHECK(error_code_of(second) == -32600);
  }
  const McpClient other = fixture.ready();  // another session has ids of its own
  CHECK(other.post(rpc("\"a\"", "tools/call", call_params("echo", R"({"text":"x"})"))).status ==
        200);
  fixture.held->answer("done");
  CHECK(text_of(first.read_answer().body) == "done");
  CHECK(client.post(rpc("\"a\"", "tools/call", call_params("echo", R"({"text":"x"})"))).status ==
        200);
}

TEST_CASE("answers: many clients with the same ids each get their own") {
  McpFixture fixture;
  std::vector<McpClient> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(fixture.ready());
  std::vector<std::unique_ptr<HttpWire>> wires;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    wires.push_back(std::make_unique<HttpWire>(fixture.port()));
    clients[i].begin_post(*wires[i], rpc("1", "tools/call", call_params("held")));
    REQUIRE(fixture.held->wait_for(i));
  }
  for (std::size_t i = clients.size(); i-- > 0;) {
    fixture.held->answer("for " + std::to_string(i), i);
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    CHECK(text_of(wires[i]->read_answer().body) == "for " + std::to_string(i));
  }
}

}  // namespace
}  // namespace devs
