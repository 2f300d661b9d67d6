#include "orchestrator/mcp/mcp_endpoint.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/mcp/mcp_fixture.h"

namespace devs {
namespace {

TEST_CASE("[M1] McpEndpoint: each legacy revision is negotiated, others get 2025-11-25") {
  McpFixture fixture;
  for (const char* known : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
    McpClient client = fixture.client();
    CHECK(result_of(client.initialize(known))["protocolVersion"].is(known));
  }
  for (const char* other : {"2026-07-28", "2023-01-01", "1.0", "", "2025-11-25 "}) {
    CAPTURE(other);
    McpClient client = fixture.client();
    CHECK(result_of(client.initialize(other))["protocolVersion"].is("2025-11-25"));
  }
}

TEST_CASE("[M1] McpEndpoint: initialize says who we are and what we can") {
  McpFixture fixture({.mcp = {.instructions = "Be \"kind\"."}});
  McpClient client = fixture.client();
  const WireAnswer answer = client.initialize();
  CHECK(answer.status == 200);
  CHECK(answer.header("content-type") == "application/json");
  CHECK(answer.body ==
        R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25",)"
        R"("capabilities":{"tools":{"listChanged":true},"prompts":{"listChanged":true},)"
        R"("resources":{"subscribe":true,"listChanged":true},"completions":{},"logging":{},)"
        R"("tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}},)"
        R"("serverInfo":{"name":"mcp-orchestrator","version":"9.9.9"},)"
        R"("instructions":"Be \"kind\"."}})");
  CHECK(client.session.size() == 32);
  CHECK(client.session.find_first_not_of("0123456789abcdef") == std::string::npos);
  McpClient another = fixture.client();
  another.initialize();
  CHECK(another.session != client.session);
}

TEST_CASE("[M1] McpEndpoint: initialize without what it needs is -32602") {
  McpFixture fixture;
  const McpClient client = fixture.client();
  for (const char* params : {"{}", "[]", R"({"protocolVersion":7})",
                             R"({"protocolVersion":"2025-11-25","capabilities":[]})"}) {
    CAPTURE(params);
    const WireAnswer answer = client.post(rpc("1", "initialize", params));
    CHECK(error_code_of(answer) == -32602);
    CHECK(answer.header("mcp-session-id").empty());
  }
  CHECK(fixture.endpoint->sessions() == 0);
}

TEST_CASE("McpEndpoint: a client's name is cut to 128 bytes, never inside a character") {
  McpFixture fixture;
  McpClient client = fixture.client();
  std::string name = "n";
  for (int i = 0; i < 5000; ++i) name += "\u00e9";
  const WireAnswer begun = client.post(
      rpc("1", "initialize",
          R"({"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":")" + name +
              R"("}})"));
  REQUIRE(begun.status == 200);
  client.session = begun.header("mcp-session-id");
  client.post(rpc("2", "tools/call", call_params("echo", R"({"text":"hi"})")));
  for (const EntryPtr& entry : fixture.house.story()) {
    CHECK(JsonView(entry->body)["agent_id"].string().value_or("").size() <= 128);
    CHECK(entry->body.size() < 4096);
  }
}

TEST_CASE("McpEndpoint: ping, and methods we do not have") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  CHECK(client.post(rpc("\"p\"", "ping")).body == R"({"jsonrpc":"2.0","id":"p","result":{}})");
  for (const char* unknown :
       {"tools/Call", "server/discover", "subscriptions/listen", "rpc.x", "__proto__"}) {
    const WireAnswer answer = client.post(rpc("1", unknown));
    CHECK(answer.status == 200);
    CHECK(error_code_of(answer) == -32601);
  }
}

TEST_CASE("McpEndpoint: a call is answered with its id as written") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  for (const char* id :
       {"1", "-0", "0", "9007199254740992", "-5", "\"1\"", "\"\"", "\"\\u00e9\""}) {
    CAPTURE(id);
    const WireAnswer answer =
        client.post(rpc(id, "tools/call", call_params("echo", R"({"text":"hi"})")));
    CHECK(answer.status == 200);
    CHECK(JsonView(answer.body)["id"].text() == id);
    CHECK(text_of(answer.body) == "hi");
  }
}

TEST_CASE("McpEndpoint: an unknown tool, bad params, a tool that fails") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  const WireAnswer unknown = client.post(rpc("1", "tools/call", call_params("nobody")));
  CHECK(unknown.status == 200);
  CHECK(error_code_of(unknown) == -32602);
  CHECK(JsonView(unknown.body)["error"]["message"].is("Unknown tool: nobody"));
  for (const char* params : {"{}", "[]", R"({"name":1})", R"({"name":"echo","arguments":[]})",
                             R"({"name":"echo","_meta":{"devs.saop/context":{"turn_index":-1}}})",
                             R"({"name":"echo","_meta":{"progressToken":1.5}})"}) {
    CAPTURE(params);
    CHECK(error_code_of(client.post(rpc("1", "tools/call", params))) == -32602);
  }
  // Arguments against the schema are the tool's answer, not the protocol's.
  const WireAnswer misfit = client.post(rpc("1", "tools/call", call_params("echo", "{}")));
  CHECK(result_of(misfit)["isError"].boolean() == true);
}

TEST_CASE("McpEndpoint: the receipt comes when the host sent a context") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  const WireAnswer with = client.post(
      rpc("1", "tools/call",
          call_params("echo", R"({"text":"hi"})",
                      R"({"devs.saop/context":{"tool_call_id":"c-1","turn_index":4}})")));
  CHECK(result_of(with)["_meta"]["devs.saop/receipt"]["tool_call_id"].is("c-1"));
  CHECK(text_of(with.body) == "hi");
  const WireAnswer without =
      client.post(rpc("2", "tools/call", call_params("echo", R"({"text":"hi"})")));
  CHECK_FALSE(result_of(without)["_meta"].present());
}

TEST_CASE("McpEndpoint: the trace knows the session by a public id, never the secret one") {
  McpFixture fixture;
  McpClient client = fixture.ready();
  for (int i = 0; i < 2; ++i) {
    client.post(rpc("1", "tools/call", call_params("echo", R"({"text":"hi"})")));
  }
  fixture.advance(std::chrono::seconds(61));
  client.post(rpc("1", "tools/call", call_params("echo", R"({"text":"hi"})")));
  const McpClient sessionless = fixture.client();
  sessionless.post(rpc("1", "tools/call", call_params("echo", R"({"text":"hi"})")));

  std::vector<std::string> tasks;
  std::vector<std::string> sessions;
  for (const EntryPtr& entry : fixture.house.story()) {
    const JsonView body(entry->body);
    CHECK(entry->body.find(client.session) == std::string::npos);
    if (!body["type"].is("action")) continue;
    tasks.push_back(body["task_id"].string().value_or(""));
    sessions.push_back(body["session_id"].string().value_or(""));
  }
  REQUIRE(tasks.size() == 4);
  CHECK(is_uuid(sessions[0]));
  CHECK(sessions[2] == sessions[0]);
  CHECK(sessions[3] != sessions[0]);
  CHECK(is_uuid(tasks[0]));
  CHECK(tasks[1] == tasks[0]);
  CHECK(tasks[2] != tasks[0]);  // 60 s without a call began another
  CHECK(is_uuid(tasks[3]));
}

TEST_CASE("[M7] McpEndpoint: eight log levels are accepted, others are -32602") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  for (const char* level :
       {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}) {
    const std::string params = std::string("{\"level\":\"") + level + "\"}";
    CHECK(result_of(client.post(rpc("1", "logging/setLevel", params))).text() == "{}");
  }
  for (const char* params :
       {R"({"level":"verbose"})", R"({"level":"DEBUG"})", R"({"level":3})", "{}"}) {
    CHECK(error_code_of(client.post(rpc("1", "logging/setLevel", params))) == -32602);
  }
}

TEST_CASE("[M2] McpEndpoint: notifications and responses are accepted with 202") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  for (const std::string& message :
       {rpc("", "notifications/initialized"), rpc("", "notifications/unheard/of"),
        rpc("", "notifications/progress", R"({"progressToken":1,"progress":1})"),
        rpc("", "notifications/cancelled", R"({"requestId":77})"),
        rpc("", "notifications/cancelled", "{}"),
        std::string(R"({"jsonrpc":"2.0","id":5,"result":{}})")}) {
    const WireAnswer answer = client.post(message);
    CHECK(answer.status == 202);
    CHECK(answer.body.empty());
  }
  CHECK(fixture.house.metrics.counter("mcp_stray_responses_total").value() == 1);
}

TEST_CASE("[M2] McpEndpoint: what is no JSON, or no JSON-RPC, is 400") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  for (const char* broken : {" ", "{", "nonsense", "{} {}", R"({"id":1,"id":2})", "\xff",
                             "\xef\xbb\xbf{}", R"({"a":"\ud800"})"}) {
    CAPTURE(broken);
    const WireAnswer answer = client.post(broken);
    CHECK(answer.status == 400);
    CHECK(error_code_of(answer) == -32700);
    CHECK_FALSE(JsonView(answer.body)["id"].present());  // `null` is no id of MCP
  }
  for (const char* odd : {"1", "null", "{}", R"({"jsonrpc":"1.0","id":1,"method":"ping"})",
                          R"({"jsonrpc":"2.0","id":null,"method":"ping"})",
                          R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})",
                          R"({"jsonrpc":"2.0","id":9007199254740993,"method":"ping"})",
                          R"({"jsonrpc":"2.0","id":1,"Method":"ping"})",
                          R"({"jsonrpc":"2.0","id":1,"method":"ping","params":"x"})"}) {
    CAPTURE(odd);
    const WireAnswer answer = client.post(odd);
    CHECK(answer.status == 400);
    CHECK(error_code_of(answer) == -32600);
  }
  // A refusal names the request it belongs to when that much could be read.
  CHECK(JsonView(client.post(R"({"jsonrpc":"2.0","id":7,"method":""})").body)["id"].text() == "7");
}

TEST_CASE("[M2] McpEndpoint: 405, 406, 413 and 415") {
  McpFixture fixture;
  McpClient client = fixture.ready();
  HttpWire put(fixture.port());
  put.send(http_request("PUT", fixture.port(), {{"Content-Length", "0"}}, {}));
  const WireAnswer refused = put.read_answer();
  CHECK(refused.status == 405);
  for (const char* verb : {"GET", "POST", "DELETE"}) {
    CHECK(refused.header("allow").find(verb) != std::string::npos);
  }

  client.accept = "text/html";
  CHECK(client.post(rpc("1", "ping")).status == 406);
  CHECK(client.get().status == 406);
  client.accept = "text/event-stream";
  CHECK(client.post(rpc("1", "ping")).status == 406);
  client.accept = "application/json";
  CHECK(client.get().status == 406);
  client.accept = "*/*";
  CHECK(client.post(rpc("1", "ping")).status == 200);
  client.accept = "";
  CHECK(client.post(rpc("1", "ping")).status == 200);

  HttpWire large(fixture.port());
  large.send("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(fixture.port()) +
             "\r\nContent-Type: application/json\r\nContent-Length: 4194305\r\n\r\n");
  CHECK(large.read_answer().status == 413);
  HttpWire text(fixture.port());
  text.send(http_request("POST", fixture.port(), {{"Content-Type", "text/plain"}}, "{}"));
  CHECK(text.read_answer().status == 415);
}

TEST_CASE(
    "McpEndpoint: a version header we do not know is 400, another known one is "
    "counted") {
  McpFixture fixture;
  McpClient client = fixture.ready("2025-06-18");
  for (const char* odd : {"2020-01-01", "latest", "2025-06-18, 2025-11-25", "2025-6-18"}) {
    client.version = odd;
    const WireAnswer answer = client.post(rpc("1", "ping"));
    CHECK(answer.status == 400);
    CHECK(error_code_of(answer) == -32000);
    CHECK(client.get().status == 400);
  }
  client.version = "2025-11-25";
  CHECK(client.post(rpc("1", "ping")).status == 200);
  CHECK(fixture.house.metrics.counter("mcp_version_differs_total").value() == 1);
}

TEST_CASE("McpEndpoint: a recorder that cannot store is 503 with its reason") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  fixture.house.bus.fail(Status(Code::unavailable, "No space left on device (ENOSPC)"));
  const WireAnswer answer =
      client.post(rpc("4", "tools/call", call_params("echo", R"({"text":"hi"})")));
  CHECK(answer.status == 503);
  CHECK_FALSE(answer.header("retry-after").empty());
  CHECK(error_code_of(answer) == -32603);
  CHECK(JsonView(answer.body)["error"]["data"]["reason"].is("recorder"));
  CHECK(JsonView(answer.body)["id"].text() == "4");
  CHECK(client.post(rpc("5", "tools/list")).status == 200);  // lists and ping go on
  CHECK(client.post(rpc("6", "ping")).status == 200);
  fixture.house.bus.heal();
  CHECK(client.post(rpc("7", "tools/call", call_params("echo", R"({"text":"hi"})"))).status == 200);
}

TEST_CASE("McpEndpoint: more calls than may be in flight is 503 with its reason") {
  McpFixture fixture({.desk = {.max_in_flight = 1}});
  const McpClient client = fixture.ready();
  HttpWire first(fixture.port());
  client.begin_post(first, rpc("1", "tools/call", call_params("held")));
  REQUIRE(fixture.held->wait_for());
  const WireAnswer second =
      client.post(rpc("2", "tools/call", call_params("echo", R"({"text":"hi"})")));
  CHECK(second.status == 503);
  CHECK(JsonView(second.body)["error"]["data"]["reason"].is("overload"));
  fixture.held->answer("done");
  CHECK(text_of(first.read_answer().body) == "done");
}

TEST_CASE("McpEndpoint: closed, it says so and when to come back") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire watching(fixture.port());
  client.begin_get(watching);
  CHECK(watching.read_head().status == 200);
  REQUIRE(fixture.eventually([&] { return fixture.counts().streams == 1; }));
  fixture.endpoint->close();
  SseWire stream(watching);
  CHECK_FALSE(stream.next());
  CHECK(stream.ended());
  CHECK(stream.raw() == "retry: 1000\n\n");
  const WireAnswer answer = client.post(rpc("1", "ping"));
  CHECK(answer.status == 503);
  CHECK_FALSE(answer.header("retry-after").empty());
  CHECK(client.get().status == 503);
  CHECK(fixture.endpoint->sessions() == 0);
}

}  // namespace
}  // namespace devs
