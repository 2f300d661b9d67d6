// What belongs to one principal does not exist for another: the answer is, byte for byte,
// that to an id nobody was ever given.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"
#include "tests/orchestrator/mcp/task_kit.h"

namespace devs {
namespace {

// Whoever says `Bearer ann` is ann.
McpSetup by_name(McpEndpoint::Options mcp = {}) {
  McpSetup setup{.mcp = std::move(mcp)};
  setup.authorize = [](Exchange& exchange, const Route&) -> std::optional<HttpAnswer> {
    const std::string_view said = exchange.head().field("authorization");
    exchange.set_principal({.name = std::string(said.substr(said.find(' ') + 1))});
    return std::nullopt;
  };
  return setup;
}

McpClient ready_as(const McpFixture& fixture, std::string_view name,
                   std::string_view capabilities = "{}") {
  McpClient client = fixture.client();
  client.token = name;
  REQUIRE(client.initialize("2025-11-25", capabilities).status == 200);
  return client;
}

// Of the modern era, with that name.
WireAnswer ask_as(const McpFixture& fixture, std::string_view name, std::string_view method,
                  std::string_view members, std::string_view mcp_name = {},
                  std::string_view capabilities = kTasksAndForms) {
  auto headers = ModernClient::headers_for(method, mcp_name);
  headers.emplace_back("Authorization", "Bearer " + std::string(name));
  return ModernClient(fixture.port())
      .post(rpc("7", method, modern_params(members, capabilities)), headers);
}

// All of an answer but the time of day.
std::string bytes_of(const WireAnswer& answer) {
  std::string text = std::to_string(answer.status) + "\n";
  for (const auto& [name, value] : answer.headers)
    if (name != "date") text.append(name).append(": ").append(value).append("\n");
  return text + "\n" + answer.body;
}

std::string member(std::string_view name, std::string_view text) {
  return "\"" + std::string(name) + "\":" + json_string(text) + ",";
}

// Well-formed, and nobody's: sealed values have this shape too.
const std::string kNobodysSession(32, 'a');
const std::string kNobodysSealed = "v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

TEST_CASE("[M40] foreign ids: a session, by POST, GET and DELETE; it does not notice") {
  McpFixture fixture(by_name());
  const McpClient ann = ready_as(fixture, "ann");
  HttpWire calling(fixture.port());
  ann.begin_post(calling,
                 rpc("1", "tools/call", call_params("held", "{}", R"({"progressToken":"t"})")));
  REQUIRE(fixture.held->wait_for());
  fixture.held->run().progress(R"({"progress":1})");
  REQUIRE(calling.read_head().status == 200);
  SseWire answer(calling);
  const auto first = answer.next();
  REQUIRE(first);

  const auto everything = [&](const std::string& session) {
    McpClient bob = ready_as(fixture, "bob");
    bob.session = session;
    McpClient nobody = bob;
    nobody.more = {{"Last-Event-ID", first->id}};
    std::vector<std::string> said;
    for (
        const std::string& body :
        {rpc("1", "ping"), rpc("1", "tools/list"),
         rpc("1", "tools/call", call_params("echo", R"({"text":"hi"})")),
         rpc("1", "initialize",
             R"({"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"b","version":"1"}})"),
         rpc("", "notifications/cancelled", R"({"requestId":1,"reason":"mine"})"),
         std::string(R"({"jsonrpc":"2.0","id":"1","result":{}})"),
         std::string("[" + rpc("1", "ping") + "]")})
      said.push_back(bytes_of(bob.post(body)));
    said.push_back(bytes_of(bob.get()));
    said.push_back(bytes_of(bob.get(first->id)));
    said.push_back(bytes_of(bob.del()));
    return said;
  };
  const auto foreign = everything(ann.session);
  CHECK(foreign == everything(kNobodysSession));
  for (const std::string& each : foreign) CHECK(each.starts_with("404\n"));

  CHECK_FALSE(fixture.held->was_stopped());
  fixture.held->answer("hers");
  const auto last = answer.next();
  REQUIRE(last);
  CHECK(text_of(last->data) == "hers");
  CHECK(ann.post(rpc("2", "ping")).status == 200);
}

TEST_CASE("[M40] foreign ids: a session of HTTP+SSE") {
  McpFixture fixture(by_name({.http_sse = true}));
  HttpWire wire(fixture.port());
  wire.send(http_request("GET", fixture.port(),
                         {{"Accept", "text/event-stream"}, {"Authorization", "Bearer ann"}}, {},
                         "/sse"));
  REQUIRE(wire.read_head().status == 200);
  SseWire stream(wire);
  const auto endpoint = stream.next();
  REQUIRE(endpoint);
  const auto post = [&](std::string_view name, std::string_view path) {
    HttpWire to(fixture.port());
    to.send(http_request(
        "POST", fixture.port(),
        {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + std::string(name)}},
        rpc("1", "ping"), path));
    return to.read_answer();
  };
  CHECK(bytes_of(post("bob", endpoint->data)) ==
        bytes_of(post("bob", "/messages?session=" + kNobodysSession)));
  CHECK(post("bob", endpoint->data).status == 404);
  CHECK(post("ann", endpoint->data).status == 202);
}

TEST_CASE("[M40] foreign ids: an event id means nothing in another session") {
  McpFixture fixture(by_name());
  const McpClient ann = ready_as(fixture, "ann");
  const McpClient bob = ready_as(fixture, "bob");
  HttpWire hers(fixture.port());
  ann.begin_post(hers,
                 rpc("1", "tools/call", call_params("held", "{}", R"({"progressToken":"t"})")));
  REQUIRE(fixture.held->wait_for(0));
  fixture.held->run(0).progress(R"({"progress":1})");
  REQUIRE(hers.read_head().status == 200);
  const auto event = SseWire(hers).next();
  REQUIRE(event);
  CHECK(bytes_of(bob.get(event->id)) == bytes_of(bob.get("999-1")));
  CHECK(bob.get(event->id).status == 400);

  // With a stream of that number of his own, it is his that goes on.
  HttpWire his(fixture.port());
  bob.begin_post(his,
                 rpc("1", "tools/call", call_params("held", "{}", R"({"progressToken":"t"})")));
  REQUIRE(fixture.held->wait_for(1));
  fixture.held->run(1).progress(R"({"progress":1})");
  REQUIRE(his.read_head().status == 200);
  HttpWire again(fixture.port());
  bob.begin_get(again, event->id);
  REQUIRE(again.read_head().status == 200);
  fixture.held->answer("for ann", 0);
  fixture.held->answer("for bob", 1);
  const auto heard = SseWire(again).next();
  REQUIRE(heard);
  CHECK(text_of(heard->data) == "for bob");
}

TEST_CASE("[M40] foreign ids: nobody answers what another was asked") {
  McpFixture fixture(by_name());
  REQUIRE(fixture.house.tools
              .add(make_function_tool(
                  make_tool_spec("ask", "", R"({"type":"object"})"),
                  [](const ToolRun& run) {
                    const JsonView answer = run.client.answer("q");
                    return answer.present() ? text_outcome(answer.text())
                                            : ask_client({question("q")}, "");
                  },
                  fixture.house.workers))
              .ok());
  const McpClient ann = ready_as(fixture, "ann", R"({"elicitation":{}})");
  const McpClient bob = ready_as(fixture, "bob", R"({"elicitation":{}})");
  HttpWire wire(fixture.port());
  ann.begin_post(wire, rpc("1", "tools/call", call_params("ask")));
  REQUIRE(wire.read_head().status == 200);
  SseWire stream(wire);
  const auto asked = stream.next();
  REQUIRE(asked);
  const std::string id(JsonView(asked->data)["id"].text());
  REQUIRE(id.size() > 2);
  const auto answer = [](std::string_view to, std::string_view by) {
    return R"({"jsonrpc":"2.0","id":)" + std::string(to) +
           R"(,"result":{"action":"accept","content":{"by":")" + std::string(by) + "\"}}}";
  };
  CHECK(bytes_of(bob.post(answer(id, "bob"))) == bytes_of(bob.post(answer("\"none\"", "bob"))));
  CHECK(ann.post(answer(id, "ann")).status == 202);
  const auto result = stream.next();
  REQUIRE(result);
  CHECK(text_of(result->data).find("\"by\":\"ann\"") != std::string::npos);
}

TEST_CASE("[M40] foreign ids: a task, by each method of both forms, and by a listen") {
  McpFixture fixture(by_name());
  const auto always = add_held(fixture, "always", TaskMode::always);
  const WireAnswer begun =
      ask_as(fixture, "ann", "tools/call", R"("name":"always","arguments":{},)", "always");
  const std::string hers = result_of(begun)["taskId"].string().value_or("");
  REQUIRE_FALSE(hers.empty());
  for (const char* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    const auto about = [&](const std::string& id) {
      return bytes_of(ask_as(fixture, "bob", method,
                             member("taskId", id) + R"("inputResponses":{"k":{}},)", id));
    };
    CHECK(about(hers) == about(kNobodysSealed));
    CHECK(about(hers).find("Unknown task") != std::string::npos);
  }
  const McpClient bob = ready_as(fixture, "bob");
  for (const char* method : {"tasks/get", "tasks/result", "tasks/cancel"}) {
    const auto about = [&](const std::string& id) {
      return bytes_of(bob.post(rpc("7", method, "{\"taskId\":" + json_string(id) + "}")));
    };
    CHECK(about(hers) == about(kNobodysSealed));
    CHECK(about(hers).find("Unknown task") != std::string::npos);
  }
  CHECK(result_of(bob.post(rpc("8", "tasks/list")))["tasks"].size() == 0);

  const auto listened = [&](const std::string& id) {
    auto headers = ModernClient::headers_for("subscriptions/listen");
    headers.emplace_back("Authorization", "Bearer bob");
    HttpWire wire(fixture.port());
    ModernClient(fixture.port())
        .begin(wire,
               rpc("7", "subscriptions/listen",
                   modern_params("\"notifications\":{\"taskIds\":[" + json_string(id) + "]},",
                                 kTasks)),
               headers);
    REQUIRE(wire.read_head().status == 200);
    const auto acknowledged = SseWire(wire).next();
    return acknowledged ? acknowledged->data : "(nothing)";
  };
  CHECK(listened(hers) == listened(kNobodysSealed));
  CHECK(listened(hers).find("acknowledged") != std::string::npos);

  CHECK_FALSE(always->was_stopped());
  always->answer("hers");
  CHECK(fixture.eventually([&] {
    return result_of(ask_as(fixture, "ann", "tasks/get", member("taskId", hers), hers))["status"]
        .is("completed");
  }));
}

TEST_CASE("[M40] foreign ids: the state of a round is good for who was asked") {
  McpFixture fixture(by_name());
  REQUIRE(fixture.house.tools
              .add(make_function_tool(
                  make_tool_spec("ask", "", R"({"type":"object"})"),
                  [](const ToolRun& run) {
                    return run.client.answer("q").present() ? text_outcome(run.client.state)
                                                            : ask_client({question("q")}, "secret");
                  },
                  fixture.house.workers))
              .ok());
  const std::string call = R"("name":"ask","arguments":{},)";
  const WireAnswer asked = ask_as(fixture, "ann", "tools/call", call, "ask");
  const std::string state = result_of(asked)["requestState"].string().value_or("");
  REQUIRE_FALSE(state.empty());
  const auto retry = [&](std::string_view name, const std::string& with) {
    return ask_as(
        fixture, name, "tools/call",
        call + member("requestState", with) + "\"inputResponses\":{" + accepted("q") + "},", "ask");
  };
  CHECK(bytes_of(retry("bob", state)) == bytes_of(retry("bob", kNobodysSealed)));
  CHECK(error_code_of(retry("bob", state)) == -32602);
  CHECK(text_of(retry("ann", state).body) == "secret");
}

TEST_CASE("[M40] foreign ids: a cursor of any list") {
  McpFixture fixture(by_name({.page_size = 1}));
  const auto always = add_held(fixture, "always", TaskMode::always);
  for (const char* name : {"a", "b"}) {
    REQUIRE(
        fixture.endpoint->prompts().add({name, prompt_json(name, "", {}), fixture.held, {}}).ok());
    ask_as(fixture, "ann", "tools/call", R"("name":"always","arguments":{},)", "always");
  }
  const McpClient ann = ready_as(fixture, "ann");
  const McpClient bob = ready_as(fixture, "bob");
  for (const char* method : {"tools/list", "prompts/list", "tasks/list"}) {
    CAPTURE(method);
    const WireAnswer first = ann.post(rpc("1", method));
    const std::string cursor = result_of(first)["nextCursor"].string().value_or("");
    REQUIRE_FALSE(cursor.empty());
    const auto go_on = [&](const McpClient& client, const std::string& at) {
      return client.post(rpc("2", method, "{\"cursor\":" + json_string(at) + "}"));
    };
    CHECK(bytes_of(go_on(bob, cursor)) == bytes_of(go_on(bob, kNobodysSealed)));
    CHECK(error_code_of(go_on(bob, cursor)) == -32602);
    CHECK(result_of(go_on(ann, cursor)).present());
  }
  always->forget();
}

}  // namespace
}  // namespace devs
