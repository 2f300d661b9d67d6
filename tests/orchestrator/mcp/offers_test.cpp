#include "orchestrator/mcp/offers.h"

#include <doctest/doctest.h>

#include <string>

#include "orchestrator/mcp/stream_shelf.h"
#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"

namespace devs {
namespace {

constexpr std::string_view kElicits = R"({"elicitation":{}})";

ToolOutcome result(std::string text) {
  ToolOutcome outcome;
  outcome.result = std::move(text);
  return outcome;
}

ToolPtr function(McpFixture& fixture, ToolFunction what) {
  return make_function_tool({}, std::move(what), fixture.house.workers);
}

struct Offering : McpFixture {
  explicit Offering(McpSetup setup = {}) : McpFixture(std::move(setup)) {
    REQUIRE(endpoint->prompts()
                .add({"hello", prompt_json("hello", "Says hello.", {{"who", "Whom.", true}}),
                      function(*this,
                               [](const ToolRun& run) {
                                 const std::string who =
                                     JsonView(run.arguments)["who"].string().value_or("");
                                 return result(
                                     R"({"messages":[{"role":"user","content":{"type":"text",)"
                                     R"("text":)" +
                                     json_string("Hello " + who) + "}}]}");
                               }),
                      [](std::string_view argument, std::string_view typed, JsonView context) {
                        std::vector<std::string> values;
                        for (int i = 0; i < 120; ++i)
                          values.push_back(std::string(argument) + std::string(typed) +
                                           std::to_string(i) +
                                           context["team"].string().value_or(""));
                        return values;
                      }})
                .ok());
    REQUIRE(endpoint->resources()
                .add({"test://one",
                      resource_json("test://one", "one", "The first.", "text/plain"),
                      function(*this, [](const ToolRun& run) { return contents(run); }),
                      {}})
                .ok());
    REQUIRE(endpoint->templates()
                .add({"test://t/{id}/data",
                      resource_template_json("test://t/{id}/data", "t", "By id.", "text/plain"),
                      function(*this, [](const ToolRun& run) { return contents(run); }),
                      {}})
                .ok());
  }
  static ToolOutcome contents(const ToolRun& run) {
    const JsonView arguments(run.arguments);
    return result("{\"contents\":[{\"uri\":" + std::string(arguments["uri"].text()) +
                  ",\"text\":" + json_string(arguments["variables"].text()) + "}]}");
  }
};

TEST_CASE("match_template: variables stand for bytes without a slash") {
  using Variables = std::map<std::string, std::string>;
  CHECK(match_template("test://t/{id}/data", "test://t/123/data") == Variables{{"id", "123"}});
  CHECK(match_template("a{x}-{y}", "a1-2") == Variables{{"x", "1"}, {"y", "2"}});
  CHECK(match_template("plain", "plain") == Variables{});
  for (const char* other :
       {"test://t//data", "test://t/1/2/data", "test://t/1/datax", "test://t/1", ""})
    CHECK_FALSE(match_template("test://t/{id}/data", other));
  CHECK_FALSE(match_template("broken{", "broken{"));
}

TEST_CASE("prompts: listed, got with arguments, refused with the name of what is missing") {
  Offering fixture;
  const McpClient client = fixture.ready();
  const WireAnswer listed = client.post(rpc("1", "prompts/list"));
  CHECK(result_of(listed)["prompts"].text() ==
        R"([{"name":"hello","description":"Says hello.","arguments":[{"name":"who",)"
        R"("description":"Whom.","required":true}]}])");
  const WireAnswer got =
      client.post(rpc("2", "prompts/get", R"({"name":"hello","arguments":{"who":"you"}})"));
  CHECK(got.body.find("Hello you") != std::string::npos);
  CHECK_FALSE(result_of(got)["resultType"].present());
  const WireAnswer missing = client.post(rpc("3", "prompts/get", R"({"name":"hello"})"));
  CHECK(error_code_of(missing) == -32602);
  CHECK(missing.body.find("/arguments/who") != std::string::npos);
  CHECK(error_code_of(client.post(rpc("4", "prompts/get", R"({"name":"nobody"})"))) == -32602);
  CHECK(error_code_of(client.post(rpc("5", "prompts/get", R"({"name":7})"))) == -32602);
}

TEST_CASE("resources: read by URI and by template; one that is not there is named, era by era") {
  Offering fixture;
  const McpClient client = fixture.ready();
  CHECK(result_of(client.post(rpc("1", "resources/read", R"({"uri":"test://one"})")))["contents"]
            .size() == 1);
  const WireAnswer by_template =
      client.post(rpc("2", "resources/read", R"({"uri":"test://t/123/data"})"));
  CHECK(by_template.body.find(R"({\"id\":\"123\"})") != std::string::npos);
  const WireAnswer legacy = client.post(rpc("3", "resources/read", R"({"uri":"test://none"})"));
  CHECK(error_code_of(legacy) == -32002);
  CHECK(JsonView(legacy.body)["error"]["data"]["uri"].is("test://none"));
  const ModernClient modern(fixture.port());
  const WireAnswer gone =
      modern.ask("resources/read", modern_params(R"("uri":"test://none",)"), "test://none");
  CHECK(error_code_of(gone) == -32602);
  CHECK(JsonView(gone.body)["error"]["data"]["uri"].is("test://none"));
  const WireAnswer read =
      modern.ask("resources/read", modern_params(R"("uri":"test://one",)"), "test://one");
  CHECK(result_of(read)["ttlMs"].integer() == 0);
  CHECK(result_of(read)["cacheScope"].is("private"));
}

TEST_CASE("Offers: one key once, and never without somebody who answers for it") {
  Offering fixture;
  Offers& prompts = fixture.endpoint->prompts();
  CHECK_FALSE(prompts.add({"hello", "{}", fixture.held, {}}).ok());
  CHECK_FALSE(prompts.add({"", "{}", fixture.held, {}}).ok());
  CHECK_FALSE(prompts.add({"nobody", "{}", nullptr, {}}).ok());
  CHECK(prompts.add({"another", "{}", fixture.held, {}}).ok());
  CHECK(prompts.remove("another"));
  CHECK_FALSE(prompts.remove("another"));
}

TEST_CASE("lists: pages hang together, and a cursor is good for its list only") {
  Offering fixture({.mcp = {.page_size = 2}});
  for (int i = 0; i < 4; ++i) {
    const std::string uri = "test://more" + std::to_string(i);
    REQUIRE(fixture.endpoint->resources()
                .add({uri, resource_json(uri, uri, "", ""), fixture.held, {}})
                .ok());
  }
  const McpClient client = fixture.ready();
  std::string cursor, uris;
  for (int page = 0; page < 3; ++page) {
    const WireAnswer answer = client.post(
        rpc("1", "resources/list", cursor.empty() ? "{}" : "{\"cursor\":" + cursor + "}"));
    result_of(answer)["resources"].each_element(
        [&uris](JsonView each) { uris += each["uri"].string().value_or("") + " "; });
    const JsonView next = result_of(answer)["nextCursor"];
    CHECK(next.present() == (page < 2));
    if (page == 0) {
      CHECK(error_code_of(client.post(rpc(
                "1", "prompts/list", "{\"cursor\":" + std::string(next.text()) + "}"))) == -32602);
    }
    cursor = next.text();
  }
  CHECK(uris == "test://more0 test://more1 test://more2 test://more3 test://one ");
  for (const char* bad : {R"({"cursor":""})", R"({"cursor":"v1.x"})", R"({"cursor":7})"})
    CHECK(error_code_of(client.post(rpc("1", "resources/list", bad))) == -32602);
}

TEST_CASE(
    "[M7] completion: at most a hundred values, with the context, for prompts and templates") {
  Offering fixture;
  const McpClient client = fixture.ready();
  const WireAnswer answer = client.post(
      rpc("1", "completion/complete",
          R"({"ref":{"type":"ref/prompt","name":"hello"},"argument":{"name":"who","value":"x"},)"
          R"("context":{"arguments":{"team":"red"}}})"));
  const JsonView completion = result_of(answer)["completion"];
  CHECK(completion["values"].size() == 100);
  CHECK(completion["total"].integer() == 120);
  CHECK(completion["hasMore"].boolean() == true);
  CHECK(answer.body.find("\"whox0red\"") != std::string::npos);
  CHECK(
      result_of(client.post(rpc("2", "completion/complete",
                                R"({"ref":{"type":"ref/resource","uri":"test://t/{id}/data"},)"
                                R"("argument":{"name":"id","value":""}})")))["completion"]["values"]
          .text() == "[]");
  for (const char* bad :
       {R"({"ref":{"type":"ref/prompt","name":"nobody"},"argument":{"name":"a","value":""}})",
        R"({"ref":{"type":"ref/prompt","name":"hello"}})", "{}"})
    CHECK(error_code_of(client.post(rpc("3", "completion/complete", bad))) == -32602);
}

TEST_CASE("prompts: may ask the client as a tool may, in both eras") {
  Offering fixture;
  REQUIRE(
      fixture.endpoint->prompts()
          .add(
              {"asks",
               prompt_json("asks", "", {}),
               function(
                   fixture,
                   [](const ToolRun& run) {
                     const JsonView answer = run.client.answer("context");
                     if (!answer.present())
                       return ask_client(
                           {{"context", "elicitation/create",
                             R"({"message":"?","requestedSchema":{"type":"object","properties":{}}})"}});
                     return result(
                         R"({"messages":[{"role":"user","content":{"type":"text","text":)" +
                         std::string(answer["content"]["v"].text()) + "}}]}");
                   }),
               {}})
          .ok());
  const ModernClient modern(fixture.port());
  const WireAnswer asked = modern.ask(
      "prompts/get", modern_params(R"("name":"asks",)", R"({"elicitation":{}})"), "asks");
  CHECK(result_of(asked)["resultType"].is("input_required"));
  const std::string again =
      R"("name":"asks","inputResponses":{"context":{"action":"accept","content":{"v":"M"}}},"requestState":)" +
      std::string(result_of(asked)["requestState"].text()) + ",";
  const WireAnswer told =
      modern.ask("prompts/get", modern_params(again, R"({"elicitation":{}})"), "asks");
  CHECK(result_of(told)["messages"].size() == 1);
  CHECK(told.body.find("\"M\"") != std::string::npos);

  const McpClient legacy = fixture.ready("2025-11-25", R"({"elicitation":{}})");
  HttpWire wire(fixture.port());
  legacy.begin_post(wire, rpc("1", "prompts/get", R"({"name":"asks"})"));
  CHECK(wire.read_head().status == 200);
  SseWire stream(wire);
  std::string last;
  while (const auto event = stream.next()) {
    last = event->data;
    if (JsonView(last)["id"].is("context"))
      legacy.post(
          R"({"jsonrpc":"2.0","id":"context","result":{"action":"accept","content":{"v":"L"}}})");
  }
  CHECK(last.find("\"L\"") != std::string::npos);
}

TEST_CASE("prompts: one the host does not answer in time ends, and its late answer goes nowhere") {
  Offering fixture;
  REQUIRE(fixture.endpoint->prompts()
              .add({"held", prompt_json("held", "", {}), fixture.held, {}})
              .ok());
  for (const bool in_a_session : {true, false}) {
    CAPTURE(in_a_session);
    const std::size_t call = in_a_session ? 0 : 1;
    McpClient client = in_a_session ? fixture.ready("2025-11-25", kElicits) : fixture.client();
    client.accept = "application/json";
    HttpWire wire(fixture.port());
    client.begin_post(wire, rpc("5", "prompts/get", R"({"name":"held"})"));
    REQUIRE(fixture.held->wait_for(call));
    CHECK(fixture.held->run(call).deadline == fixture.clock.steady() + std::chrono::seconds(30));
    fixture.advance(std::chrono::milliseconds(29'900));
    fixture.on_reactor([] {});
    CHECK_FALSE(fixture.held->was_stopped(call));
    fixture.advance(std::chrono::milliseconds(200));
    const WireAnswer answer = wire.read_answer();
    CHECK(error_code_of(answer) == -32603);
    CHECK(answer.body.find("No answer within 30000 ms") != std::string::npos);
    CHECK(JsonView(answer.body)["error"]["data"]["reason"].is("deadline_exceeded"));
    CHECK(fixture.held->was_stopped(call));
    fixture.held->answer_with(ask_client({{"late", "elicitation/create", "{}"}}), call);
    CHECK(client.post(rpc("5", "ping")).status == 200);  // the id is free again
  }
}

TEST_CASE("prompts: while the client is asked, no time passes for the host") {
  Offering fixture;
  REQUIRE(fixture.endpoint->prompts()
              .add({"held", prompt_json("held", "", {}), fixture.held, {}})
              .ok());
  const McpClient client = fixture.ready("2025-11-25", kElicits);
  HttpWire wire(fixture.port());
  client.begin_post(wire, rpc("5", "prompts/get", R"({"name":"held"})"));
  REQUIRE(fixture.held->wait_for());
  fixture.held->answer_with(ask_client({{"who", "elicitation/create", "{}"}}));
  CHECK(wire.read_head().status == 200);
  SseWire stream(wire);
  while (const auto event = stream.next())
    if (JsonView(event->data)["id"].is("who")) break;
  fixture.advance(std::chrono::minutes(10));
  client.post(R"({"jsonrpc":"2.0","id":"who","result":{"action":"accept","content":{}}})");
  REQUIRE(fixture.held->wait_for(1));
  fixture.advance(std::chrono::seconds(29));
  fixture.on_reactor([] {});
  CHECK_FALSE(fixture.held->was_stopped(1));
  fixture.held->answer_with(result(R"({"messages":[]})"), 1);
  const auto last = stream.next();
  REQUIRE(last);
  CHECK(JsonView(last->data)["result"]["messages"].present());
}

TEST_CASE("subscriptions: a client that does not read its stream costs a bounded memory") {
  Offering fixture;
  StreamShelf shelf({.unsent_messages = 10}, fixture.house.reactor);
  REQUIRE(shelf.open_standalone());
  for (int i = 0; i < 10; ++i)
    CHECK(shelf.send_standalone(R"({"n":)" + std::to_string(i) + "}", {}));
  CHECK_FALSE(shelf.send_standalone(R"({"n":10})", {}));
}

TEST_CASE("subscriptions: whoever subscribed hears of an update on its own stream, nobody else") {
  Offering fixture;
  const McpClient one = fixture.ready(), other = fixture.ready();
  HttpWire wire(fixture.port()), other_wire(fixture.port());
  one.begin_get(wire);
  other.begin_get(other_wire);
  CHECK(wire.read_head().status == 200);
  CHECK(other_wire.read_head().status == 200);
  SseWire stream(wire), other_stream(other_wire);
  CHECK(result_of(one.post(rpc("1", "resources/subscribe", R"({"uri":"test://one"})"))).text() ==
        "{}");
  CHECK(error_code_of(one.post(rpc("1", "resources/subscribe", R"({"uri":"test://none"})"))) ==
        -32002);
  fixture.endpoint->resource_updated("test://one");
  const auto event = stream.next();
  REQUIRE(event);
  CHECK(
      event->data ==
      R"({"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"test://one"}})");
  CHECK(one.post(rpc("1", "resources/unsubscribe", R"({"uri":"test://one"})")).status == 200);
  fixture.endpoint->resource_updated("test://one");
  REQUIRE(fixture.endpoint->prompts().remove("hello"));  // what comes next is this
  const auto next = stream.next(), first_of_other = other_stream.next();
  REQUIRE(next);
  REQUIRE(first_of_other);
  CHECK(next->data.find("prompts/list_changed") != std::string::npos);
  CHECK(first_of_other->data.find("prompts/list_changed") != std::string::npos);
}

}  // namespace
}  // namespace devs
