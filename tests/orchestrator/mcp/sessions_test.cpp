#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/orchestrator/mcp/mcp_fixture.h"

namespace devs {
namespace {

const std::string kEcho = rpc("1", "tools/call", call_params("echo", R"({"text":"hi"})"));

TEST_CASE("[M2] sessions: DELETE is 204, then everything is 404") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  CHECK(client.post(rpc("1", "ping")).status == 200);
  CHECK(client.del().status == 204);
  for (const WireAnswer& answer : {client.del(), client.get(), client.post(rpc("9", "ping")),
                                   client.post(rpc("", "notifications/initialized"))}) {
    CHECK(answer.status == 404);
    CHECK(error_code_of(answer) == -32001);
  }
  CHECK(JsonView(client.post(rpc("9", "ping")).body)["id"].text() == "9");
  CHECK(fixture.endpoint->sessions() == 0);
}

TEST_CASE("[M2] sessions: an id nobody was given is 404") {
  McpFixture fixture;
  McpClient client = fixture.ready();
  const std::string mine = client.session;
  for (const std::string& other : {std::string(32, '0'), mine.substr(0, 31), mine + "0",
                                   std::string("x"), std::string(8000, 'a')}) {
    client.session = other;
    CHECK(client.post(rpc("1", "ping")).status == 404);
    CHECK(client.get().status == 404);
    CHECK(client.del().status == 404);
  }
  client.session = mine;
  CHECK(client.post(rpc("1", "ping")).status == 200);
}

TEST_CASE("[M2] sessions: two ids in one request are none") {
  McpFixture fixture;
  McpClient client = fixture.ready();
  client.more = {{"Mcp-Session-Id", client.session}};
  CHECK(client.post(rpc("1", "ping")).status == 404);
}

TEST_CASE("[M2] sessions: a second initialize is 400 and the session lives") {
  McpFixture fixture;
  McpClient client = fixture.ready();
  const std::string mine = client.session;
  const WireAnswer again = client.initialize();
  CHECK(again.status == 400);
  CHECK(error_code_of(again) == -32600);
  client.session = mine;
  CHECK(client.post(rpc("1", "ping")).status == 200);
  CHECK(fixture.endpoint->sessions() == 1);
}

TEST_CASE(
    "[M2] sessions: without an id POST is served or refused, GET and DELETE are "
    "refused") {
  McpFixture serving;
  const McpClient served = serving.client();
  CHECK(text_of(served.post(kEcho).body) == "hi");
  CHECK(served.post(rpc("2", "tools/list")).status == 200);
  CHECK(served.get().status == 400);
  CHECK(served.del().status == 400);

  McpFixture strict({.mcp = {.sessionless = false}});
  McpClient refused = strict.client();
  for (const WireAnswer& answer :
       {refused.post(kEcho), refused.post(rpc("", "notifications/initialized")), refused.get(),
        refused.del()}) {
    CHECK(answer.status == 400);
    CHECK(error_code_of(answer) == -32000);
  }
  CHECK(refused.initialize().status == 200);
  CHECK(refused.post(kEcho).status == 200);
}

TEST_CASE("[M2] sessions: with authentication, nothing is said without the token") {
  const std::string token = "f3a9c01d2b7e4455";
  McpFixture fixture({.access = {.enabled = true, .bearer_token = token}});
  McpClient client = fixture.client();
  CHECK(client.initialize().status == 401);
  client.token = token;
  CHECK(client.initialize().status == 200);
  CHECK(client.post(kEcho).status == 200);
  // The id alone proves nothing, and identity is not the connection's.
  HttpWire wire(fixture.port());
  client.begin_post(wire, kEcho);
  CHECK(wire.read_answer().status == 200);
  client.token.clear();
  client.begin_post(wire, kEcho);
  const WireAnswer refused = wire.read_answer();
  CHECK(refused.status == 401);
  CHECK(refused.header("www-authenticate") == "Bearer realm=\"mcp-orchestrator\"");
}

TEST_CASE(
    "[M2] sessions: half an hour without a request ends one, a call or a stream keeps "
    "it") {
  McpFixture fixture;
  const McpClient plain = fixture.ready();
  const McpClient calling = fixture.ready();
  const McpClient watching = fixture.ready();
  HttpWire call(fixture.port());
  calling.begin_post(call, rpc("1", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for());
  HttpWire stream(fixture.port());
  watching.begin_get(stream);
  CHECK(stream.read_head().status == 200);

  // In steps, so that the call's own deadline is not what is tested here.
  fixture.advance(std::chrono::minutes(29));
  CHECK(fixture.endpoint->sessions() == 3);
  CHECK(plain.post(rpc("1", "ping")).status == 200);  // a use begins the half hour again
  fixture.advance(std::chrono::minutes(29));
  CHECK(fixture.endpoint->sessions() >= 2);
  fixture.advance(std::chrono::minutes(2));
  CHECK(fixture.eventually([&] { return fixture.endpoint->sessions() <= 2; }));
  CHECK(plain.post(rpc("1", "ping")).status == 404);
  CHECK(watching.post(rpc("1", "ping")).status == 200);
}

TEST_CASE("[M2] [M39] sessions: full of busy ones, a newcomer is 503, an idle one makes room") {
  McpFixture fixture({.mcp = {.max_sessions = 2}});
  const McpClient busy = fixture.ready();
  HttpWire call(fixture.port());
  busy.begin_post(call, rpc("1", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for());
  const McpClient idle = fixture.ready();
  const McpClient third = fixture.ready();
  CHECK(idle.post(rpc("1", "ping")).status == 404);

  HttpWire stream(fixture.port());
  third.begin_get(stream);
  CHECK(stream.read_head().status == 200);
  McpClient fourth = fixture.client();
  const WireAnswer refused = fourth.initialize();
  CHECK(refused.status == 503);
  CHECK_FALSE(refused.header("retry-after").empty());
  CHECK(error_code_of(refused) == -32603);
  fixture.held->answer("done");
  CHECK(text_of(call.read_answer().body) == "done");
  CHECK(fourth.initialize().status == 200);
}

TEST_CASE("[M3] sessions: one standalone stream, the second GET is 409 and the first lives") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire first(fixture.port());
  client.begin_get(first);
  const WireAnswer head = first.read_head();
  CHECK(head.status == 200);
  CHECK(head.header("content-type") == "text/event-stream");
  CHECK(head.header("cache-control") == "no-cache");
  CHECK(head.header("x-accel-buffering") == "no");
  REQUIRE(fixture.eventually([&] { return fixture.counts().streams == 1; }));
  CHECK(client.get().status == 409);

  SseWire stream(first);
  REQUIRE(fixture.house.tools.add(std::make_shared<HeldTool>("another")).ok());
  const auto told = stream.next();
  REQUIRE(told);
  CHECK(told->data == R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");

  first.hang_up();
  REQUIRE(fixture.eventually([&] { return fixture.counts().streams == 0; }));
  HttpWire second(fixture.port());
  client.begin_get(second);
  CHECK(second.read_head().status == 200);
}

TEST_CASE("sessions: a change of the tools is told once to each, later to who was away") {
  McpFixture fixture;
  const McpClient watching = fixture.ready();
  const McpClient away = fixture.ready();
  HttpWire wire(fixture.port());
  watching.begin_get(wire);
  CHECK(wire.read_head().status == 200);
  SseWire stream(wire);
  for (int i = 0; i < 30; ++i) {
    REQUIRE(fixture.house.tools.add(std::make_shared<HeldTool>("t" + std::to_string(i))).ok());
  }
  fixture.advance(std::chrono::milliseconds(100));  // what came within 50 ms comes together
  REQUIRE(stream.next());
  fixture.advance(std::chrono::milliseconds(100));
  HttpWire late(fixture.port());
  away.begin_get(late);
  CHECK(late.read_head().status == 200);
  SseWire late_stream(late);
  CHECK(late_stream.next());
  // A list that was asked for after the last change was told is the current one.
  CHECK(result_of(watching.post(rpc("1", "tools/list")))["tools"].size() == 32);
  CHECK(watching.del().status == 204);
  int more = 0;
  while (stream.next()) ++more;
  CHECK(stream.ended());
  CHECK(more <= 1);
}

TEST_CASE("sessions: among more than one turn tells, the last one is told too") {
  McpFixture fixture;
  for (int i = 0; i < 510; ++i) REQUIRE(fixture.ready().session.size() == 32);
  const McpClient last = fixture.ready();
  HttpWire wire(fixture.port());
  last.begin_get(wire);
  CHECK(wire.read_head().status == 200);
  REQUIRE(fixture.house.tools.add(std::make_shared<HeldTool>("another")).ok());
  SseWire stream(wire);
  const auto told = stream.next();
  REQUIRE(told);
  CHECK(told->data.find("notifications/tools/list_changed") != std::string::npos);
}

TEST_CASE("sessions: a comment every 15 s keeps a stream alive") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_get(wire);
  CHECK(wire.read_head().status == 200);
  REQUIRE(fixture.eventually([&] { return fixture.counts().streams == 1; }));
  for (int i = 0; i < 3; ++i) {
    fixture.advance(std::chrono::milliseconds(15'020));
    CHECK(wire.read_part() == ":\n\n");
  }
}

TEST_CASE("[M2] sessions: DELETE ends streams and calls") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire watching(fixture.port());
  client.begin_get(watching);
  CHECK(watching.read_head().status == 200);
  HttpWire calling(fixture.port());
  client.begin_post(calling, rpc("1", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for());
  CHECK(client.del().status == 204);
  SseWire stream(watching);
  CHECK_FALSE(stream.next());
  CHECK(stream.ended());
  CHECK(fixture.held->was_stopped());
  CHECK(calling.read_answer().header("content-type") == "text/event-stream");
}

}  // namespace
}  // namespace devs
