#include <doctest/doctest.h>

#include <stop_token>
#include <string>

#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/support/gate.h"

namespace devs {
namespace {

std::string cancelled(std::string_view id) {
  return rpc("", "notifications/cancelled",
             "{\"requestId\":" + std::string(id) + ",\"reason\":\"enough\"}");
}

// The status of the last observation in the log.
std::string last_status(McpFixture& fixture) {
  std::string status;
  for (const EntryPtr& entry : fixture.house.story()) {
    const JsonView body(entry->body);
    if (body["type"].is("observation")) {
      status = body["metadata"]["status"].string().value_or("");
    }
  }
  return status;
}

TEST_CASE("[M6] cancellation: before a head, a stream that says nothing and ends") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("5", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for());
  CHECK(client.post(cancelled("5")).status == 202);
  const WireAnswer answer = wire.read_answer();
  CHECK(answer.status == 200);
  CHECK(answer.header("content-type") == "text/event-stream");
  CHECK(answer.body.empty());
  CHECK(fixture.held->was_stopped());
  CHECK(last_status(fixture) == "CANCELLED");
  CHECK(client.post(cancelled("5")).status == 202);  // twice is harmless
}

TEST_CASE("[M6] cancellation: an open stream ends without a response, and is not kept") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(
      wire, rpc("\"x\"", "tools/call", call_params("held", "{}", R"({"progressToken":1})")));
  REQUIRE(fixture.held->wait_for());
  fixture.held->run().progress(R"({"progress":1})");
  CHECK(wire.read_head().status == 200);
  SseWire stream(wire);
  REQUIRE(stream.next());
  CHECK(client.post(cancelled("\"x\"")).status == 202);
  CHECK_FALSE(stream.next());
  CHECK(stream.ended());
  CHECK(stream.raw().find("\"result\"") == std::string::npos);
  CHECK(client.get("1-1").status == 400);  // nothing will ever follow
}

TEST_CASE("[M6] cancellation: a client that takes JSON alone gets 202") {
  McpFixture fixture;
  McpClient client = fixture.ready();
  client.accept = "application/json";
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("5", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for());
  CHECK(client.post(cancelled("5")).status == 202);
  const WireAnswer answer = wire.read_answer();
  CHECK(answer.status == 202);
  CHECK(answer.body.empty());
}

TEST_CASE("[M6] cancellation: a prompt is no call of a tool, and ends as one at once") {
  Gate gate;
  std::stop_token stop;
  McpFixture fixture;
  REQUIRE(fixture.endpoint->prompts()
              .add({"slow",
                    prompt_json("slow", "", {}),
                    make_function_tool(
                        {},
                        [&](const ToolRun& run) {
                          stop = run.stop;
                          gate.pass();
                          return text_outcome("late");
                        },
                        fixture.house.workers),
                    {}})
              .ok());
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("5", "prompts/get", R"({"name":"slow"})"));
  REQUIRE(gate.wait_for_arrival());
  CHECK(error_code_of(client.post(rpc("5", "prompts/get", R"({"name":"slow"})"))) == -32600);
  CHECK(client.post(cancelled("5")).status == 202);
  const WireAnswer answer = wire.read_answer();
  CHECK(answer.header("content-type") == "text/event-stream");
  CHECK(answer.body.empty());
  CHECK(stop.stop_requested());
  gate.open();
}

TEST_CASE("[M6] cancellation: only the session's own request, of the same type of id") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  const McpClient other = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("5", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for());
  CHECK(other.post(cancelled("5")).status == 202);
  CHECK(client.post(cancelled("\"5\"")).status == 202);
  CHECK(client.post(cancelled("6")).status == 202);
  CHECK_FALSE(fixture.held->was_stopped());
  CHECK(fixture.house.metrics.counter("mcp_unknown_cancels_total").value() == 3);
  fixture.held->answer("done");
  CHECK(text_of(wire.read_answer().body) == "done");
}

void hang_up(McpFixture& fixture, const McpClient& client) {
  {
    HttpWire wire(fixture.port());
    client.begin_post(wire, rpc("5", "tools/call", call_params("held")));
    REQUIRE(fixture.held->wait_for());
  }
  CHECK(client.post(rpc("6", "ping")).status == 200);
  CHECK_FALSE(fixture.held->was_stopped());
  fixture.held->answer("done");
  REQUIRE(fixture.eventually([&] { return fixture.house.desk.in_flight() == 0; }));
  CHECK(last_status(fixture) == "SUCCESS");
}

TEST_CASE("[M6] cancellation: a client that hangs up does not cancel") {
  McpFixture fixture;
  hang_up(fixture, fixture.ready());
}

TEST_CASE("[M6] cancellation: without a session, the principal and the id say which is meant") {
  McpFixture fixture;
  const McpClient client = fixture.client();
  const auto unknown = [&] {
    return fixture.house.metrics.counter("mcp_unknown_cancels_total").value();
  };
  HttpWire one(fixture.port()), other(fixture.port());
  client.begin_post(one, rpc("5", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for(0));
  CHECK(fixture.ready().post(cancelled("5")).status == 202);  // somebody's session: not his
  CHECK_FALSE(fixture.held->was_stopped(0));
  client.begin_post(other, rpc("5", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for(1));
  CHECK(client.post(cancelled("5")).status == 202);  // which one?
  CHECK_FALSE(fixture.held->was_stopped(0));
  CHECK_FALSE(fixture.held->was_stopped(1));
  CHECK(unknown() == 2);
  fixture.held->answer("done", 1);
  CHECK(text_of(other.read_answer().body) == "done");
  CHECK(client.post(cancelled("5")).status == 202);
  CHECK(one.read_answer().body.empty());
  CHECK(fixture.held->was_stopped(0));
  CHECK(last_status(fixture) == "CANCELLED");
  CHECK(client.post(cancelled("5")).status == 202);
  CHECK(unknown() == 3);
}

TEST_CASE("[M6] cancellation: without a session, hanging up does not cancel either") {
  McpFixture fixture;
  hang_up(fixture, fixture.client());
}

TEST_CASE("[M6] cancellation: a prompt without a session is cancelled as a call is") {
  McpFixture fixture;
  REQUIRE(fixture.endpoint->prompts()
              .add({"held", prompt_json("held", "", {}), fixture.held, {}})
              .ok());
  const McpClient client = fixture.client();
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("\"p\"", "prompts/get", R"({"name":"held"})"));
  REQUIRE(fixture.held->wait_for());
  CHECK(client.post(cancelled("\"p\"")).status == 202);
  CHECK(wire.read_answer().body.empty());
  CHECK(fixture.held->was_stopped());
}

TEST_CASE("[M6] cancellation: racing the answer, there is one end") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  for (std::size_t i = 0; i < 50; ++i) {
    HttpWire wire(fixture.port());
    const std::string id = std::to_string(i);
    client.begin_post(wire, rpc(id, "tools/call", call_params("held")));
    REQUIRE(fixture.held->wait_for(i));
    HttpWire cancelling(fixture.port());
    client.begin_post(cancelling, cancelled(id));
    fixture.held->answer("done", i);
    CHECK(cancelling.read_answer().status == 202);
    const WireAnswer answer = wire.read_answer();
    CHECK(answer.status == 200);
    CHECK((answer.body.empty() || text_of(answer.body) == "done"));
  }
  CHECK(fixture.eventually([&] { return fixture.house.desk.in_flight() == 0; }));
}

}  // namespace
}  // namespace devs
