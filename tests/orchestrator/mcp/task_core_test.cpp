#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/orchestrator/mcp/task_kit.h"

namespace devs {
namespace {

std::string as_task(std::string_view tool, std::string_view task = "{}") {
  return "{\"name\":\"" + std::string(tool) + "\",\"arguments\":{},\"task\":" + std::string(task) +
         "}";
}
std::string of(std::string_view id) {
  return "{\"taskId\":\"" + std::string(id) + "\"}";
}
std::string begin(const McpClient& client, std::string_view tool) {
  const WireAnswer answer = client.post(rpc("1", "tools/call", as_task(tool)));
  return result_of(answer)["task"]["taskId"].string().value_or("");
}
bool comes_to(McpFixture& fixture, const McpClient& client, std::string_view id,
              std::string_view status) {
  return fixture.eventually(
      [&] { return result_of(client.post(rpc("2", "tasks/get", of(id))))["status"].is(status); });
}
std::string related(const WireAnswer& answer) {
  return result_of(answer)["_meta"]["io.modelcontextprotocol/related-task"]["taskId"]
      .string()
      .value_or("");
}

TEST_CASE("[M53] tasks of 2025-11-25: created, looked at, and the result waited for") {
  constexpr std::chrono::hours kDay(24);  // no deadline comes before the stream
  McpFixture fixture({.mcp = {.session_idle = kDay, .answer_limit = kDay},
                      .desk = {.timeout = kDay, .hard_timeout = kDay}});
  const McpClient client = fixture.ready();
  const WireAnswer created =
      client.post(rpc("1", "tools/call", as_task("held", R"({"ttl":60000})")));
  const JsonView task = result_of(created)["task"];
  CHECK(task["status"].is("working"));
  CHECK(task["ttl"].integer() == 60'000);
  CHECK(task["pollInterval"].integer() == 1'000);
  CHECK(task["createdAt"].is("2026-11-21T01:24:05.120Z"));
  const std::string id = task["taskId"].string().value_or("");
  CHECK(result_of(client.post(rpc("2", "tasks/get", of(id))))["status"].is("working"));

  // It becomes a stream, so it is known to wait.
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("3", "tasks/result", of(id)));
  REQUIRE(fixture.held->wait_for());
  CHECK(fixture.eventually([&] {
    fixture.advance(std::chrono::milliseconds(10));
    return fixture.house.metrics.counter("mcp_streams_total").value() == 1;
  }));
  CHECK(wire.read_head().status == 200);
  fixture.held->answer("done");
  SseWire stream(wire);
  std::string last;
  while (const auto event = stream.next()) last = event->data;
  CHECK(text_of(last) == "done");
  CHECK(JsonView(last)["id"].text() == "3");
  const WireAnswer again = client.post(rpc("4", "tasks/result", of(id)));
  CHECK(text_of(again.body) == "done");
  CHECK(related(again) == id);
  CHECK(result_of(client.post(rpc("5", "tasks/get", of(id))))["status"].is("completed"));
}

TEST_CASE(
    "[M53] tasks of 2025-11-25: a tool error and an RPC error both fail, and are the result") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  const std::string wrong = begin(client, "held"), broken = begin(client, "held");
  REQUIRE(fixture.held->wait_for(1));
  ToolOutcome fault;
  fault.status = CallStatus::tool_error;
  fault.fault = RpcFault{-32603, "broken", "{\"why\":1}"};
  fixture.held->answer_with(text_outcome("wrong", CallStatus::tool_error), 0);
  fixture.held->answer_with(std::move(fault), 1);
  CHECK(comes_to(fixture, client, wrong, "failed"));
  CHECK(comes_to(fixture, client, broken, "failed"));
  const WireAnswer result = client.post(rpc("3", "tasks/result", of(wrong)));
  CHECK(result_of(result)["isError"].boolean() == true);
  CHECK(related(result) == wrong);
  CHECK(JsonView(client.post(rpc("4", "tasks/result", of(broken))).body)["error"].text() ==
        R"({"code":-32603,"message":"broken","data":{"why":1}})");
  // The same tasks for a client of the extension.
  const TaskClient modern(fixture.port());
  CHECK(result_of(modern.get(wrong))["status"].is("completed"));
  CHECK(result_of(modern.get(broken))["status"].is("failed"));
}

TEST_CASE("[M53] tasks of 2025-11-25: cancelled before the reply; one that ended cannot be") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  const std::string id = begin(client, "held");
  REQUIRE(fixture.held->wait_for());
  const WireAnswer cancelled = client.post(rpc("2", "tasks/cancel", of(id)));
  CHECK(result_of(cancelled)["status"].is("cancelled"));
  CHECK(result_of(cancelled)["taskId"].is(id));
  CHECK(fixture.held->was_stopped());
  CHECK(error_code_of(client.post(rpc("3", "tasks/cancel", of(id)))) == -32602);
  CHECK(error_code_of(client.post(rpc("4", "tasks/result", of(id)))) == -32603);
}

TEST_CASE("[M53] tasks of 2025-11-25: listed in pages, to their principal") {
  McpFixture fixture({.mcp = {.page_size = 2}});
  const McpClient client = fixture.ready();
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 5; ++i) ids.push_back(begin(client, "held"));
  REQUIRE(fixture.held->wait_for(4));
  std::vector<std::string> listed;
  std::string params = "{}";
  for (int page = 0; page < 3; ++page) {
    const WireAnswer answer = client.post(rpc("2", "tasks/list", params));
    result_of(answer)["tasks"].each_element([&](JsonView task) {
      listed.push_back(task["taskId"].string().value_or(""));
      CHECK_FALSE(task["result"].present());
    });
    CHECK(result_of(answer)["nextCursor"].present() == (page < 2));
    params = "{\"cursor\":" + std::string(result_of(answer)["nextCursor"].text()) + "}";
  }
  CHECK(listed == ids);
  for (const char* bad : {R"({"cursor":""})", R"({"cursor":"v1.AAAA"})", R"({"cursor":7})"})
    CHECK(error_code_of(client.post(rpc("3", "tasks/list", bad))) == -32602);
}

// Answered, the question of that id leads to the second round, and that to the end.
void goes_on(McpFixture& fixture, const McpClient& client, SseWire& stream,
             const std::string& asked) {
  client.post("{\"jsonrpc\":\"2.0\",\"id\":" + asked +
              R"(,"result":{"action":"accept","content":{"v":"yes"}}})");
  REQUIRE(fixture.held->wait_for(1));
  CHECK(fixture.held->run(1).client.answer("k")["content"]["v"].is("yes"));
  fixture.held->answer("done", 1);
  std::string last;
  while (const auto event = stream.next()) last = event->data;
  CHECK(text_of(last) == "done");
}

TEST_CASE(
    "[M53] [M54] tasks of 2025-11-25: what a task asks comes while its result is waited for") {
  McpFixture fixture;
  const McpClient client = fixture.ready("2025-11-25", R"({"elicitation":{}})");
  const std::string id = begin(client, "held");
  REQUIRE(fixture.held->wait_for());
  fixture.held->answer_with(ask_client({question("k")}));
  CHECK(comes_to(fixture, client, id, "input_required"));

  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("3", "tasks/result", of(id)));
  CHECK(wire.read_head().status == 200);
  SseWire stream(wire);
  const auto asked = stream.next();
  REQUIRE(asked);
  const JsonView request(asked->data);
  CHECK(request["method"].is("elicitation/create"));
  CHECK(request["params"]["message"].is("?"));
  CHECK(request["params"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"].is(id));
  goes_on(fixture, client, stream, std::string(request["id"].text()));
}

TEST_CASE("[M53] [M54] tasks of 2025-11-25: a client that lost its stream is asked again") {
  McpFixture fixture;
  const McpClient client = fixture.ready("2025-11-25", R"({"elicitation":{}})");
  const std::string id = begin(client, "held");
  REQUIRE(fixture.held->wait_for());
  fixture.held->answer_with(ask_client({question("k")}));
  CHECK(comes_to(fixture, client, id, "input_required"));
  const auto asked_on = [](SseWire& stream) {
    const auto asked = stream.next();
    CHECK(asked);
    return std::string(JsonView(asked ? asked->data : "{}")["id"].text());
  };
  {
    HttpWire wire(fixture.port());
    client.begin_post(wire, rpc("3", "tasks/result", of(id)));
    REQUIRE(wire.read_head().status == 200);
    SseWire stream(wire);
    CHECK(asked_on(stream) == "\"k\"");
  }
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("4", "tasks/result", of(id)));
  REQUIRE(wire.read_head().status == 200);
  SseWire stream(wire);
  goes_on(fixture, client, stream, asked_on(stream));
}

TEST_CASE("[M53] tasks of 2025-11-25: each tool says whether it can be one, and is held to it") {
  McpFixture fixture;
  add_held(fixture, "never", TaskMode::never);
  add_held(fixture, "required", TaskMode::required);
  const McpClient client = fixture.ready();
  const WireAnswer list = client.post(rpc("1", "tools/list"));
  result_of(list)["tools"].each_element([](JsonView tool) {
    const JsonView support = tool["execution"]["taskSupport"];
    if (tool["name"].is("held")) CHECK(support.is("optional"));
    if (tool["name"].is("required")) CHECK(support.is("required"));
    if (tool["name"].is("never")) CHECK_FALSE(tool["execution"].present());
  });
  CHECK(error_code_of(client.post(rpc("2", "tools/call", as_task("never")))) == -32601);
  CHECK(error_code_of(client.post(rpc("3", "tools/call", call_params("required")))) == -32601);
  CHECK(error_code_of(client.post(rpc("4", "tools/call", as_task("held", "7")))) == -32602);
  CHECK(error_code_of(client.post(rpc("5", "tools/call", as_task("held", R"({"ttl":0})")))) ==
        -32602);
  CHECK(error_code_of(client.post(rpc("6", "tasks/get", "{}"))) == -32602);
  CHECK(error_code_of(client.post(rpc("7", "tasks/get", of("guessed")))) == -32602);
  CHECK(error_code_of(client.post(rpc("8", "tasks/result", of("guessed")))) == -32602);
}

TEST_CASE("[M53] tasks of 2025-11-25: an older client knows none of it") {
  McpFixture fixture;
  McpClient client = fixture.client();
  const WireAnswer hello = client.initialize("2025-06-18");
  CHECK_FALSE(result_of(hello)["capabilities"]["tasks"].present());
  const WireAnswer list = client.post(rpc("1", "tools/list"));
  CHECK(list.body.find("execution") == std::string::npos);
  for (const char* method : {"tasks/get", "tasks/result", "tasks/list", "tasks/cancel"})
    CHECK(error_code_of(client.post(rpc("2", method, of("any")))) == -32601);
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("3", "tools/call", as_task("held")));
  REQUIRE(fixture.held->wait_for());
  fixture.held->answer("plain");
  CHECK(text_of(wire.read_answer().body) == "plain");
}

TEST_CASE("[M53] tasks of 2025-11-25: a task outlives the session that began it") {
  McpFixture fixture;
  const McpClient first = fixture.ready();
  const std::string id = begin(first, "held");
  REQUIRE(fixture.held->wait_for());
  CHECK(first.del().status == 204);
  CHECK_FALSE(fixture.held->was_stopped());
  fixture.held->answer("done");
  const McpClient second = fixture.ready();
  CHECK(comes_to(fixture, second, id, "completed"));
  CHECK(text_of(second.post(rpc("3", "tasks/result", of(id))).body) == "done");
}

}  // namespace
}  // namespace devs
