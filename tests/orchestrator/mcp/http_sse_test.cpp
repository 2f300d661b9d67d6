#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/mcp/mcp_fixture.h"

namespace devs {
namespace {

// A client of the transport of 2024-11-05: one stream, and a place to POST to.
struct SseClient {
  explicit SseClient(McpFixture& fixture) : port(fixture.port()), wire(port), stream(wire) {
    wire.send(http_request("GET", port, {{"Accept", "text/event-stream"}}, {}, "/sse"));
    REQUIRE(wire.read_head().status == 200);
    const auto first = stream.next();
    REQUIRE(first);
    REQUIRE(first->event == "endpoint");
    endpoint = first->data;
  }
  int post(std::string_view body, std::string_view path = {}) const {
    HttpWire to(port);
    to.send(http_request("POST", port, {{"Content-Type", "application/json"}}, body,
                         path.empty() ? std::string_view(endpoint) : path));
    return to.read_answer().status;
  }
  std::string next() {
    const auto event = stream.next();
    return event ? event->data : "(the end)";
  }
  std::string ask(std::string_view body) {
    CHECK(post(body) == 202);
    return next();
  }

  const std::uint16_t port;
  HttpWire wire;
  SseWire stream;
  std::string endpoint;
};

McpSetup switched_on() {
  McpSetup setup;
  setup.mcp.http_sse = true;
  return setup;
}

TEST_CASE("[M10] HTTP+SSE: the first event says where to POST, answers come on the stream") {
  McpFixture fixture(switched_on());
  SseClient client(fixture);
  CHECK(client.endpoint.starts_with("/messages?session="));
  const std::string hello = client.ask(rpc("0", "initialize",
                                           R"({"protocolVersion":"2024-11-05","capabilities":{},)"
                                           R"("clientInfo":{"name":"old","version":"1"}})"));
  CHECK(JsonView(hello)["result"]["protocolVersion"].is("2024-11-05"));
  CHECK(text_of(client.ask(rpc("1", "tools/call", call_params("echo", R"({"text":"hi"})")))) ==
        "hi");
  CHECK(error_code_of(client.ask("junk")) == -32700);
  REQUIRE(fixture.house.tools.add(std::make_shared<HeldTool>("another")).ok());
  CHECK(client.next().find("notifications/tools/list_changed") != std::string::npos);
  fixture.endpoint->close();
  CHECK(client.next() == "(the end)");
}

TEST_CASE("[M10] HTTP+SSE: who hangs up has left, and its calls are stopped") {
  McpFixture fixture(switched_on());
  std::string endpoint;
  {
    SseClient client(fixture);
    endpoint = client.endpoint;
    CHECK(client.post(rpc("0", "initialize",
                          R"({"protocolVersion":"2024-11-05","capabilities":{},)"
                          R"("clientInfo":{"name":"old","version":"1"}})")) == 202);
    CHECK(client.post(rpc("1", "tools/call", call_params("held"))) == 202);
    REQUIRE(fixture.held->wait_for());
    CHECK(fixture.endpoint->sessions() == 1);
  }
  CHECK(fixture.eventually([&] { return fixture.held->was_stopped(); }));
  CHECK(fixture.endpoint->sessions() == 0);
  const SseClient other(fixture);
  CHECK(other.post(rpc("1", "ping"), endpoint) == 404);
  CHECK(other.post(rpc("1", "ping"), "/messages") == 404);
  CHECK(other.post(rpc("1", "ping"), "/messages?session=0") == 404);
}

TEST_CASE("[M10] HTTP+SSE: who hangs up without having said initialize has left as well") {
  McpFixture fixture(switched_on());
  {
    SseClient client(fixture);
    CHECK(client.post(rpc("1", "tools/call", call_params("held"))) == 202);
    REQUIRE(fixture.held->wait_for());
  }
  CHECK(fixture.eventually([&] { return fixture.held->was_stopped(); }));
}

TEST_CASE("[M10] HTTP+SSE: not there unless switched on, and as many clients as sessions") {
  {
    McpFixture fixture;
    HttpWire wire(fixture.port());
    wire.send(http_request("GET", fixture.port(), {{"Accept", "text/event-stream"}}, {}, "/sse"));
    CHECK(wire.read_answer().status == 404);
  }
  McpSetup setup = switched_on();
  setup.mcp.max_sessions_per_principal = 1;
  McpFixture fixture(setup);
  const SseClient first(fixture);
  HttpWire wire(fixture.port());
  wire.send(http_request("GET", fixture.port(), {{"Accept", "text/event-stream"}}, {}, "/sse"));
  CHECK(wire.read_answer().status == 503);
  HttpWire foreign(fixture.port());
  foreign.send(
      http_request("POST", fixture.port(),
                   {{"Content-Type", "application/json"}, {"Origin", "http://evil.example"}},
                   rpc("1", "ping"), first.endpoint));
  CHECK(foreign.read_answer().status == 403);
}

}  // namespace
}  // namespace devs
