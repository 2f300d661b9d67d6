#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"

namespace devs {
namespace {

constexpr std::string_view kForm =
    R"({"message":"Name?","requestedSchema":{"type":"object","properties":{}}})";
constexpr std::string_view kAll = R"({"elicitation":{},"sampling":{},"roots":{}})";

// Asks for a name, then for a colour, keeping a state; one code for both eras.
ToolOutcome two_rounds(const ToolRun& run) {
  const JsonView name = run.client.answer("name"), colour = run.client.answer("colour");
  if (!name.present())
    return ask_client({{"name", "elicitation/create", std::string(kForm)}}, "first");
  if (!colour.present())
    return ask_client({{"colour", "elicitation/create", std::string(kForm)}},
                      run.client.state + "+second");
  return text_outcome(name["content"]["v"].string().value_or("?") + "/" +
                      colour["content"]["v"].string().value_or("?") + "/" + run.client.state + "/" +
                      std::to_string(run.client.round));
}

void add_tool(McpFixture& fixture, std::string_view name, ToolFunction function) {
  REQUIRE(fixture.house.tools
              .add(make_function_tool(make_tool_spec(name, "", R"({"type":"object"})"),
                                      std::move(function), fixture.house.workers))
              .ok());
}

std::string accept(std::string_view key, std::string_view value) {
  return "\"" + std::string(key) + R"(":{"action":"accept","content":{"v":")" + std::string(value) +
         "\"}}";
}
std::string retry(std::string_view answers, const WireAnswer& asked) {
  const JsonView state = result_of(asked)["requestState"];
  std::string members = "\"inputResponses\":{" + std::string(answers) + "},";
  if (state.present()) members += "\"requestState\":" + std::string(state.text()) + ",";
  return members;
}
std::string reason_of(const WireAnswer& answer) {
  return JsonView(answer.body)["error"]["data"]["reason"].string().value_or("");
}

TEST_CASE(
    "[M16] questions, modern: rounds end with what all of them answered, and nothing is kept "
    "here") {
  McpFixture fixture;
  add_tool(fixture, "two", two_rounds);
  const ModernClient client(fixture.port());
  const WireAnswer first = client.call("two", "{}", kAll);
  CHECK(first.status == 200);
  CHECK(result_of(first)["resultType"].is("input_required"));
  CHECK(result_of(first)["inputRequests"]["name"]["method"].is("elicitation/create"));
  CHECK(result_of(first)["inputRequests"]["name"]["params"].text() == kForm);
  CHECK(fixture.house.desk.in_flight() == 0);
  const WireAnswer second = client.call("two", "{}", kAll, retry(accept("name", "A"), first));
  CHECK(result_of(second)["resultType"].is("input_required"));
  CHECK(result_of(second)["requestState"].text() != result_of(first)["requestState"].text());
  const WireAnswer last = client.call("two", "{}", kAll, retry(accept("colour", "b"), second));
  CHECK(result_of(last)["resultType"].is("complete"));
  CHECK(text_of(last.body) == "A/b/first+second/2");
}

TEST_CASE(
    "[M16] questions, modern: each round leaves its own action and observation, tied to the "
    "first") {
  McpFixture fixture;
  add_tool(fixture, "two", two_rounds);
  const ModernClient client(fixture.port());
  const WireAnswer first = client.call("two", "{}", kAll);
  client.call("two", "{}", kAll, retry(accept("name", "A"), first));
  std::vector<JsonView> observations;
  const auto story = fixture.house.story();
  for (const EntryPtr& entry : story)
    if (JsonView(entry->body)["type"].is("observation")) observations.emplace_back(entry->body);
  REQUIRE(observations.size() == 2);
  for (const JsonView each : observations) {
    CHECK(each["metadata"]["status"].is("SUCCESS"));
    CHECK(each["metadata"]["result_type"].is("input_required"));
  }
  CHECK_FALSE(observations[0]["metadata"]["mrtr_round"].present());
  CHECK(observations[1]["metadata"]["mrtr_round"].integer() == 1);
  CHECK(observations[1]["metadata"]["mrtr_first"].text() == observations[0]["tool_call_id"].text());
}

TEST_CASE(
    "[M16] questions, modern: a state is good for its principal, tool, arguments and time only") {
  McpFixture fixture;
  add_tool(fixture, "two", two_rounds);
  add_tool(fixture, "other", two_rounds);
  const ModernClient client(fixture.port());
  const WireAnswer first = client.call("two", R"({"a":1})", kAll);
  const std::string answers = retry(accept("name", "A"), first);
  CHECK(result_of(client.call("two", R"({"a":1})", kAll, answers))["resultType"].is(
      "input_required"));
  for (const auto& [tool, arguments] :
       {std::pair("two", R"({"a":2})"), std::pair("other", R"({"a":1})")}) {
    const WireAnswer answer = client.call(tool, arguments, kAll, answers);
    CHECK(error_code_of(answer) == -32602);
    CHECK(reason_of(answer) == "invalid_request_state");
  }
  for (const char* state : {"", "v1.", "v1.AAAA", "garbage", "v2.AAAA"}) {
    const WireAnswer answer =
        client.call("two", R"({"a":1})", kAll, "\"requestState\":\"" + std::string(state) + "\",");
    CHECK(error_code_of(answer) == -32602);
    CHECK(reason_of(answer) == "invalid_request_state");
  }
  fixture.advance(std::chrono::seconds(601));
  CHECK(reason_of(client.call("two", R"({"a":1})", kAll, answers)) == "invalid_request_state");
}

TEST_CASE("[M16] questions, modern: answers missing, malformed, extra, and without a state") {
  McpFixture fixture;
  add_tool(fixture, "two", two_rounds);
  const ModernClient client(fixture.port());
  const WireAnswer first = client.call("two", "{}", kAll);
  const auto asks_for = [](const WireAnswer& answer, const char* key) {
    return result_of(answer)["inputRequests"][key].present();
  };
  CHECK(asks_for(client.call("two", "{}", kAll, retry("", first)), "name"));
  CHECK(asks_for(client.call("two", "{}", kAll, retry(R"("name":12)", first)), "name"));
  CHECK(asks_for(
      client.call("two", "{}", kAll, retry(accept("name", "A") + "," + accept("zzz", "B"), first)),
      "colour"));
  CHECK(
      asks_for(client.call("two", "{}", kAll, "\"inputResponses\":{" + accept("name", "A") + "},"),
               "colour"));
  for (const char* bad :
       {R"("inputResponses":null,)", R"("inputResponses":[],)", R"("requestState":7,)"}) {
    CAPTURE(bad);
    CHECK(error_code_of(client.call("two", "{}", kAll, bad)) == -32602);
  }
}

TEST_CASE("questions, modern: what was not declared is never asked for, and named") {
  McpFixture fixture;
  add_tool(fixture, "two", two_rounds);
  const ModernClient client(fixture.port());
  const WireAnswer answer = client.call("two", "{}", R"({"sampling":{}})");
  CHECK(answer.status == 400);
  CHECK(error_code_of(answer) == -32021);
  CHECK(JsonView(answer.body)["error"]["data"]["requiredCapabilities"].text() ==
        R"({"elicitation":{"form":{}}})");
}

TEST_CASE("questions: a tool that asks for ever is stopped") {
  McpFixture fixture;
  add_tool(fixture, "ever",
           [](const ToolRun& run) { return ask_client({}, run.client.state + "x"); });
  const McpClient client = fixture.ready();
  const WireAnswer answer = client.post(rpc("1", "tools/call", call_params("ever")));
  CHECK(result_of(answer)["isError"].boolean() == true);
  CHECK(text_of(answer.body).find("16 times") != std::string::npos);
}

TEST_CASE(
    "questions, legacy: the client is asked on the stream of its call, and the call goes on") {
  McpFixture fixture;
  add_tool(fixture, "two", two_rounds);
  const McpClient client = fixture.ready("2025-11-25", kAll);
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("1", "tools/call", call_params("two")));
  CHECK(wire.read_head().status == 200);
  SseWire stream(wire);
  std::string id;
  const auto next_question = [&](const char* key) {
    for (;;) {
      const auto event = stream.next();
      REQUIRE(event);
      const JsonView message(event->data);
      if (!message["method"].is("elicitation/create")) continue;
      CHECK(message["params"].text() == kForm);
      id = message["id"].text();
      CHECK(message["id"].is(key));
      return;
    }
  };
  const auto answer_with = [&](const char* value) {
    CHECK(client
              .post("{\"jsonrpc\":\"2.0\",\"id\":" + id +
                    R"(,"result":{"action":"accept","content":{"v":")" + value + "\"}}}")
              .status == 202);
  };
  next_question("name");
  CHECK(fixture.house.desk.in_flight() == 1);
  answer_with("A");
  next_question("colour");
  answer_with("b");
  std::string last;
  while (const auto event = stream.next()) last = event->data;
  CHECK(text_of(last) == "A/b/first+second/2");
}

TEST_CASE("questions, legacy: one action and one observation, however often it asked") {
  McpFixture fixture;
  add_tool(fixture, "two", two_rounds);
  const McpClient client = fixture.ready("2025-11-25", R"({"sampling":{}})");
  const WireAnswer refused = client.post(rpc("1", "tools/call", call_params("two")));
  CHECK(result_of(refused)["isError"].boolean() == true);  // no elicitation: a tool error
  CHECK(text_of(refused.body).find("elicitation") != std::string::npos);
  CHECK(fixture.house.story().size() == 2);
}

TEST_CASE("questions, legacy: an error is a cancelled elicitation, and the end of a sampling") {
  McpFixture fixture;
  add_tool(fixture, "form", [](const ToolRun& run) {
    const JsonView answer = run.client.answer("k");
    if (!answer.present()) return ask_client({{"k", "elicitation/create", std::string(kForm)}});
    return text_outcome(answer["action"].string().value_or("?"));
  });
  add_tool(fixture, "model", [](const ToolRun& run) {
    if (run.client.answer("k").present()) return text_outcome("never");
    return ask_client({{"k", "sampling/createMessage", R"({"messages":[],"maxTokens":1})"}});
  });
  for (const auto& [tool, expected] :
       {std::pair("form", "cancel"), std::pair("model", "no thanks")}) {
    const McpClient client = fixture.ready("2025-11-25", kAll);
    HttpWire wire(fixture.port());
    client.begin_post(wire, rpc("1", "tools/call", call_params(tool)));
    CHECK(wire.read_head().status == 200);
    SseWire stream(wire);
    std::string last;
    while (const auto event = stream.next()) {
      last = event->data;
      if (JsonView(last)["id"].is("k"))
        client.post(R"({"jsonrpc":"2.0","id":"k","error":{"code":-1,"message":"no thanks"}})");
    }
    CHECK(text_of(last).find(expected) != std::string::npos);
  }
}

TEST_CASE("[M6] questions, legacy: a call that is cancelled takes back what it asked, and ends") {
  McpFixture fixture;
  add_tool(fixture, "two", two_rounds);
  const McpClient client = fixture.ready("2025-11-25", kAll);
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("1", "tools/call", call_params("two")));
  CHECK(wire.read_head().status == 200);
  SseWire stream(wire);
  const auto question = stream.next();
  REQUIRE(question);
  const std::string id(JsonView(question->data)["id"].text());
  CHECK(client.post(rpc("", "notifications/cancelled", R"({"requestId":1})")).status == 202);
  const auto taken_back = stream.next();
  REQUIRE(taken_back);
  CHECK(JsonView(taken_back->data)["method"].is("notifications/cancelled"));
  CHECK(JsonView(taken_back->data)["params"]["requestId"].text() == id);
  CHECK_FALSE(stream.next());
  CHECK(stream.ended());
}

TEST_CASE("questions, legacy: a session that ends answers the calls that wait for it") {
  McpFixture fixture;
  add_tool(fixture, "two", two_rounds);
  const McpClient client = fixture.ready("2025-11-25", kAll);
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("1", "tools/call", call_params("two")));
  CHECK(wire.read_head().status == 200);
  CHECK(client.del().status == 204);
  CHECK(fixture.eventually([&] { return fixture.house.desk.in_flight() == 0; }));
}

}  // namespace
}  // namespace devs
