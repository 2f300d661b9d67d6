#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/orchestrator/mcp/task_kit.h"

namespace devs {
namespace {

std::int64_t running(McpFixture& fixture) {
  return fixture.house.metrics.gauge("mcp_tasks_running").value();
}
// Streams would only be in the way of these tests, and no deadline may come before what
// they move the clock for.
McpSetup plain_answers() {
  constexpr std::chrono::hours kDay(24);
  return {.mcp = {.sse_after = kDay, .answer_limit = kDay},
          .desk = {.timeout = kDay, .hard_timeout = kDay}};
}

TEST_CASE("[M51] tasks: a call of a client that knows them becomes one after ten seconds") {
  McpFixture fixture(plain_answers());
  const TaskClient client(fixture.port());
  HttpWire wire(fixture.port());
  client.client.begin(wire, rpc("7", "tools/call", modern_params(R"("name":"held",)", kTasks)),
                      ModernClient::headers_for("tools/call", "held"));
  REQUIRE(fixture.held->wait_for());
  fixture.advance(std::chrono::milliseconds(9'900));
  CHECK(running(fixture) == 0);
  CHECK(fixture.eventually([&] {
    fixture.advance(std::chrono::milliseconds(100));
    return running(fixture) == 1;
  }));
  const WireAnswer answer = wire.read_answer();
  const JsonView task = result_of(answer);
  CHECK(answer.status == 200);
  CHECK(task["resultType"].is("task"));
  CHECK(task["status"].is("working"));
  CHECK(task["ttlMs"].integer() == 3'600'000);
  CHECK(task["pollIntervalMs"].integer() == 1'000);
  for (const char* member : {"task", "result", "error", "inputRequests", "requestState", "ttl"})
    CHECK_FALSE(task[member].present());
  const std::string id = task["taskId"].string().value_or("");
  CHECK(result_of(client.get(id))["status"].is("working"));
  CHECK(fixture.house.types() == std::vector<std::string>{"action"});

  fixture.held->answer("late");
  const WireAnswer ended = client.when(fixture, id, "completed");
  CHECK(result_of(ended)["resultType"].is("complete"));
  CHECK(result_of(ended)["taskId"].is(id));
  CHECK(result_of(ended)["result"]["content"].text() == R"([{"type":"text","text":"late"}])");
  CHECK(running(fixture) == 0);
  CHECK(fixture.house.types() == std::vector<std::string>{"action", "observation"});
}

TEST_CASE("[M51] tasks: a client that did not declare them never sees one") {
  McpFixture fixture(plain_answers());
  const auto always = add_held(fixture, "always", TaskMode::always);
  const ModernClient client(fixture.port());
  for (const auto& tool : {fixture.held, always}) {
    HttpWire wire(fixture.port());
    const std::string& name = tool->spec().name;
    client.begin(wire, rpc("7", "tools/call", modern_params("\"name\":\"" + name + "\",")),
                 ModernClient::headers_for("tools/call", name));
    REQUIRE(tool->wait_for());
    fixture.advance(std::chrono::seconds(60));
    tool->answer("plain");
    const WireAnswer answer = wire.read_answer();
    CHECK(result_of(answer)["resultType"].is("complete"));
    CHECK(text_of(answer.body) == "plain");
  }
  for (const char* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    const WireAnswer answer =
        client.ask(method, modern_params(R"("taskId":"any","inputResponses":{},)"), "any");
    CHECK(answer.status == 400);
    CHECK(error_code_of(answer) == -32021);
    CHECK(JsonView(answer.body)["error"]["data"]["requiredCapabilities"].text() == kTasks);
  }
}

TEST_CASE("[M51] tasks: always is at once, never is never, required is nothing else") {
  McpFixture fixture(plain_answers());
  const auto always = add_held(fixture, "always", TaskMode::always);
  const auto never = add_held(fixture, "never", TaskMode::never);
  const auto required = add_held(fixture, "required", TaskMode::required);
  const TaskClient client(fixture.port());
  client.begin("always");
  client.begin("required");
  CHECK(running(fixture) == 2);
  HttpWire wire(fixture.port());
  client.client.begin(wire, rpc("7", "tools/call", modern_params(R"("name":"never",)", kTasks)),
                      ModernClient::headers_for("tools/call", "never"));
  REQUIRE(never->wait_for());
  fixture.advance(std::chrono::seconds(60));
  CHECK(running(fixture) == 2);
  never->answer("plain");
  CHECK(text_of(wire.read_answer().body) == "plain");
  const WireAnswer refused = client.client.call("required");
  CHECK(refused.status == 400);
  CHECK(error_code_of(refused) == -32021);
}

TEST_CASE("[M51] tasks: a client that leaves stops its call, and no task") {
  McpFixture fixture(plain_answers());
  const auto always = add_held(fixture, "always", TaskMode::always);
  const TaskClient client(fixture.port());
  const std::string id = client.begin("always");  // its connection is closed by now
  {
    HttpWire wire(fixture.port());
    client.client.begin(wire, rpc("7", "tools/call", modern_params(R"("name":"held",)", kTasks)),
                        ModernClient::headers_for("tools/call", "held"));
    REQUIRE(fixture.held->wait_for());
  }
  // Half a close may be all of one: it has half a second to be answered.
  CHECK(fixture.eventually([&] {
    fixture.advance(std::chrono::milliseconds(100));
    return fixture.held->was_stopped();
  }));
  REQUIRE(always->wait_for());
  CHECK_FALSE(always->was_stopped());
  always->answer("here");
  client.when(fixture, id, "completed");
}

TEST_CASE("[M51] tasks: a tool error completes a task, an error of the protocol fails it") {
  McpFixture fixture(plain_answers());
  const auto always = add_held(fixture, "always", TaskMode::always);
  const TaskClient client(fixture.port());
  const std::string wrong = client.begin("always"), broken = client.begin("always");
  REQUIRE(always->wait_for(1));
  ToolOutcome fault;
  fault.status = CallStatus::tool_error;
  fault.fault = RpcFault{-32603, "broken", R"({"why":1})"};
  always->answer_with(text_outcome("wrong", CallStatus::tool_error), 0);
  always->answer_with(std::move(fault), 1);
  CHECK(result_of(client.when(fixture, wrong, "completed"))["result"]["isError"].boolean() == true);
  const WireAnswer failed = client.when(fixture, broken, "failed");
  CHECK(result_of(failed)["error"].text() ==
        R"({"code":-32603,"message":"broken","data":{"why":1}})");
  CHECK_FALSE(result_of(failed)["result"].present());
}

TEST_CASE("[M54] tasks: what a task asks is answered in parts, and no key is given twice") {
  McpFixture fixture(plain_answers());
  const auto always = add_held(fixture, "always", TaskMode::always);
  const TaskClient client(fixture.port(), kTasksAndForms);
  const std::string id = client.begin("always");
  REQUIRE(always->wait_for());
  always->answer_with(ask_client({question("a"), question("b")}, "kept"), 0);
  const WireAnswer asked = client.when(fixture, id, "input_required");
  CHECK(result_of(asked)["resultType"].is("complete"));
  CHECK(result_of(asked)["inputRequests"]["a"]["method"].is("elicitation/create"));
  CHECK(result_of(asked)["inputRequests"].size() == 2);
  // What is unknown or no object is ignored.
  CHECK(result_of(client.update(id, R"("zzz":{"x":1},"a":7)"))["resultType"].is("complete"));
  CHECK(result_of(client.get(id))["inputRequests"].size() == 2);
  const WireAnswer ack = client.update(id, accepted("a", "1"));
  for (const char* member : {"taskId", "status", "result", "error", "inputRequests"})
    CHECK_FALSE(result_of(ack)[member].present());
  const WireAnswer half = client.get(id);
  CHECK(result_of(half)["status"].is("input_required"));
  CHECK_FALSE(result_of(half)["inputRequests"]["a"].present());
  CHECK(result_of(half)["inputRequests"]["b"].present());
  client.update(id, accepted("b", "2"));
  REQUIRE(always->wait_for(1));
  CHECK(always->run(1).client.answer("a")["content"]["v"].is("1"));
  CHECK(always->run(1).client.answer("b")["content"]["v"].is("2"));
  CHECK(always->run(1).client.state == "kept");

  always->answer_with(ask_client({question("a")}), 1);
  const WireAnswer again = client.when(fixture, id, "input_required");
  CHECK_FALSE(result_of(again)["inputRequests"]["a"].present());
  client.update(id, accepted("a", "old"));  // a key of the past
  client.update(id, accepted("a-2", "3"));
  REQUIRE(always->wait_for(2));
  CHECK(always->run(2).client.answer("a")["content"]["v"].is("3"));
  always->answer("done", 2);
  client.when(fixture, id, "completed");
  CHECK(fixture.house.types() == std::vector<std::string>{"action", "observation"});
  CHECK(error_code_of(client.about("tasks/update", id)) == -32602);
  CHECK(error_code_of(client.about("tasks/update", id, R"("inputResponses":[],)")) == -32602);
}

TEST_CASE("[M54] tasks: a call that became one later asks within it") {
  McpFixture fixture(plain_answers());
  const TaskClient client(fixture.port(), kTasksAndForms);
  HttpWire wire(fixture.port());
  client.client.begin(wire,
                      rpc("7", "tools/call", modern_params(R"("name":"held",)", kTasksAndForms)),
                      ModernClient::headers_for("tools/call", "held"));
  REQUIRE(fixture.held->wait_for());
  CHECK(fixture.eventually([&] {
    fixture.advance(std::chrono::seconds(1));
    return running(fixture) == 1;
  }));
  const WireAnswer created = wire.read_answer();
  const std::string id = result_of(created)["taskId"].string().value_or("");
  fixture.held->answer_with(ask_client({question("k")}));
  client.when(fixture, id, "input_required");
  client.update(id, accepted("k"));
  REQUIRE(fixture.held->wait_for(1));
  fixture.held->answer("done", 1);
  client.when(fixture, id, "completed");
}

TEST_CASE("[M54] tasks: a tool may ask first and be a task then") {
  McpFixture fixture(plain_answers());
  const auto tool = add_held(fixture, "later", TaskMode::after_input);
  const TaskClient client(fixture.port(), kTasksAndForms);
  HttpWire wire(fixture.port());
  client.client.begin(wire,
                      rpc("7", "tools/call", modern_params(R"("name":"later",)", kTasksAndForms)),
                      ModernClient::headers_for("tools/call", "later"));
  REQUIRE(tool->wait_for());
  tool->answer_with(ask_client({question("k")}));
  const WireAnswer asked = wire.read_answer();
  CHECK(result_of(asked)["resultType"].is("input_required"));
  const WireAnswer created = client.client.call(
      "later", "{}", kTasksAndForms,
      "\"inputResponses\":{" + accepted("k") +
          "},\"requestState\":" + std::string(result_of(asked)["requestState"].text()) + ",");
  CHECK(result_of(created)["resultType"].is("task"));
  REQUIRE(tool->wait_for(1));
  CHECK(tool->run(1).client.answer("k")["content"]["v"].is("x"));
}

TEST_CASE("[M54] tasks: cancelling is acknowledged, stops the tool, and may be done again") {
  McpFixture fixture(plain_answers());
  const auto always = add_held(fixture, "always", TaskMode::always);
  const TaskClient client(fixture.port());
  const std::string id = client.begin("always");
  REQUIRE(always->wait_for());
  for (int i = 0; i < 2; ++i) {
    const WireAnswer ack = client.about("tasks/cancel", id);
    CHECK(result_of(ack)["resultType"].is("complete"));
    for (const char* member : {"taskId", "status", "result", "error"})
      CHECK_FALSE(result_of(ack)[member].present());
    CHECK(result_of(client.get(id))["status"].is("cancelled"));
  }
  CHECK(always->was_stopped());
  always->answer("too late");
  CHECK(result_of(client.get(id))["status"].is("cancelled"));
  CHECK(fixture.eventually([&] { return fixture.house.desk.in_flight() == 0; }));
  CHECK(JsonView(fixture.house.story().back()->body)["metadata"]["status"].is("CANCELLED"));
}

TEST_CASE("[M54] [M15] tasks: a listen that named a task hears each change of it, whole") {
  McpFixture fixture(plain_answers());
  const auto always = add_held(fixture, "always", TaskMode::always);
  const TaskClient client(fixture.port(), kTasksAndForms);
  const std::string id = client.begin("always"), other = client.begin("always");
  REQUIRE(always->wait_for(1));
  HttpWire wire(fixture.port());
  const std::string filter = R"("notifications":{"taskIds":[")" + id + R"(","guessed"]},)";
  client.client.begin(wire, rpc("9", "subscriptions/listen", modern_params(filter, kTasksAndForms)),
                      ModernClient::headers_for("subscriptions/listen"));
  REQUIRE(wire.read_head().status == 200);
  SseWire stream(wire);
  const auto next = [&stream] {
    const auto event = stream.next();
    return event ? event->data : std::string();
  };
  const std::string first = next();
  CHECK(JsonView(first)["params"]["notifications"]["taskIds"].text() == "[\"" + id + "\"]");
  always->answer("not asked for", 1);
  client.when(fixture, other, "completed");
  always->answer_with(ask_client({question("k")}), 0);
  const std::string asks = next();
  const JsonView params = JsonView(asks)["params"];
  CHECK(JsonView(asks)["method"].is("notifications/tasks"));
  CHECK(params["taskId"].is(id));
  CHECK(params["status"].is("input_required"));
  CHECK(params["inputRequests"]["k"].present());
  CHECK(params["_meta"]["io.modelcontextprotocol/subscriptionId"].text() == "9");
  client.update(id, accepted("k"));
  CHECK(JsonView(next())["params"]["status"].is("working"));
  REQUIRE(always->wait_for(2));
  always->answer("done", 2);
  const std::string done = next();
  CHECK(JsonView(done)["params"]["status"].is("completed"));
  CHECK(JsonView(done)["params"]["result"]["content"].present());
  CHECK(JsonView(done)["params"]["ttlMs"].present());

  const WireAnswer refused = client.client.ask("subscriptions/listen", modern_params(filter));
  CHECK(refused.status == 400);
  CHECK(error_code_of(refused) == -32021);
}

TEST_CASE("[M54] tasks: an id that is foreign, guessed, altered or no more is unknown, all alike") {
  const auto seal = std::make_shared<const Seal>(Seal::of_this_process());
  const std::shared_ptr<TaskStore> store = TaskStore::open({}, 0).value();
  std::string id;
  {
    McpFixture fixture({.mcp = {.seal = seal, .tasks = store}});
    const auto always = add_held(fixture, "always", TaskMode::always);
    const TaskClient client(fixture.port());
    id = client.begin("always");
    REQUIRE(always->wait_for());
    always->answer("mine");
    client.when(fixture, id, "completed");
    std::string altered = id;
    altered[id.size() / 2] = altered[id.size() / 2] == 'A' ? 'B' : 'A';
    for (const std::string& wrong : {altered, std::string("guessed"), id + "A"}) {
      for (const char* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
        const WireAnswer answer = client.about(method, wrong, R"("inputResponses":{},)");
        CHECK(answer.status == 200);
        CHECK(JsonView(answer.body)["error"].text() ==
              R"({"code":-32602,"message":"Unknown task"})");
      }
    }
  }
  // The same house for somebody else: the key and the tasks are the same.
  const std::string token = "a-token-of-32-characters-or-more";
  McpFixture fixture(
      {.mcp = {.seal = seal, .tasks = store}, .access = {.enabled = true, .bearer_token = token}});
  const TaskClient client(fixture.port());
  for (const char* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    auto headers = ModernClient::headers_for(method, id);
    headers.emplace_back("Authorization", "Bearer " + token);
    const std::string members = "\"taskId\":\"" + id + "\",\"inputResponses\":{},";
    const WireAnswer answer =
        client.client.post(rpc("7", method, modern_params(members, kTasks)), headers);
    CHECK(JsonView(answer.body)["error"].text() == R"({"code":-32602,"message":"Unknown task"})");
  }
}

TEST_CASE("[M54] tasks: beyond a hundred running ones a call is answered plainly") {
  McpFixture fixture(plain_answers());
  const auto always = add_held(fixture, "always", TaskMode::always);
  const auto required = add_held(fixture, "required", TaskMode::required);
  const TaskClient client(fixture.port());
  for (std::size_t i = 0; i < Tasks::kMaxRunning; ++i) client.begin("always");
  HttpWire wire(fixture.port());
  client.client.begin(wire, rpc("7", "tools/call", modern_params(R"("name":"always",)", kTasks)),
                      ModernClient::headers_for("tools/call", "always"));
  REQUIRE(always->wait_for(Tasks::kMaxRunning));
  for (std::size_t i = 0; i <= Tasks::kMaxRunning; ++i) always->answer("plain", i);
  CHECK(text_of(wire.read_answer().body) == "plain");
  CHECK(fixture.eventually([&] { return running(fixture) == 0; }));
  client.begin("required");
}

}  // namespace
}  // namespace devs
