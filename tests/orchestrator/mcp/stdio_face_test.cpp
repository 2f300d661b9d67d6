#include "orchestrator/mcp/stdio_face.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "protocol/limits.h"
#include "tests/orchestrator/mcp/stdio_kit.h"

namespace devs {
namespace {

std::string held_call(std::string_view id, std::string_view meta = {}) {
  return rpc(id, "tools/call", call_params("held", "{}", meta));
}
std::string modern_call(std::string_view id, std::string_view capabilities = "{}") {
  return rpc(id, "tools/call", modern_params(R"("name":"held","arguments":{},)", capabilities));
}
std::string cancel(std::string_view id) {
  return rpc("", "notifications/cancelled", "{\"requestId\":" + std::string(id) + "}");
}
std::string id_of(std::string_view message) {
  return std::string(JsonView(message)["id"].text());
}
std::string method_of_message(std::string_view message) {
  return JsonView(message)["method"].string().value_or("");
}
const std::string kEcho = call_params("echo", R"({"text":"hi"})");

TEST_CASE("[M10] stdio: both eras in one process, over pipes and over sockets") {
  for (const bool sockets : {false, true}) {
    StdioKit kit({}, sockets);
    kit.initialize();
    kit.say(rpc("", "notifications/initialized"));
    CHECK(text_of(kit.ask(rpc("1", "tools/call", kEcho))) == "hi");
    const std::string modern = kit.ask(
        rpc("2", "tools/call", modern_params(R"("name":"echo","arguments":{"text":"new"},)")));
    CHECK(text_of(modern) == "new");
    CHECK(JsonView(modern)["result"]["resultType"].is("complete"));
    CHECK(kit.ping() == R"({"jsonrpc":"2.0","id":"ping","result":{}})");
    CHECK(JsonView(
              kit.ask(rpc("3", "server/discover", modern_params())))["result"]["supportedVersions"]
              .size() == 1);
  }
}

TEST_CASE("[M1] stdio: each revision is negotiated, a second initialize refused") {
  for (const char* revision : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
    StdioKit kit;
    const std::string params = "{\"protocolVersion\":\"" + std::string(revision) +
                               R"(","capabilities":{},"clientInfo":{"name":"t","version":"1"}})";
    CHECK(JsonView(kit.ask(rpc("0", "initialize", params)))["result"]["protocolVersion"].is(
        revision));
    CHECK(error_code_of(kit.ask(rpc("1", "initialize", params))) == -32600);
    CHECK(kit.fixture.endpoint->sessions() == 1);
  }
}

TEST_CASE("[M59] stdio: what is no message is answered, and the next one is served") {
  StdioKit kit;
  kit.initialize();
  const std::map<std::string, std::int64_t> wrong{
      {"junk", -32700},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", -32700},
      {"\xef\xbb\xbf{}", -32700},
      {"{\"a\":\"\xff\"}", -32700},
      {rpc("1", "ping") + " {}", -32700},
      {"{}", -32600},
      {R"({"jsonrpc":"2.0","id":1,"Method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", -32600},
      {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", -32600},
      {"[" + rpc("1", "ping") + "]", -32600},  // batches are of 2025-03-26
      {rpc("1", "no/such"), -32601},
      {rpc("1", "tools/call", "[]"), -32602},
      {rpc("1", "tools/list", R"({"cursor":""})"), -32602},
      {rpc("1", "ping", modern_params()), -32601},
      {rpc("1", "tools/list",
           R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})"),
       -32602},
  };
  for (const auto& [line, code] : wrong) {
    CAPTURE(line);
    CHECK(error_code_of(kit.ask(line)) == code);
  }
  kit.say("");  // an empty line is none
  kit.say("\r");
  kit.send(rpc("1", "ping") + "\r\n");  // a lone CR is tolerated
  CHECK(id_of(kit.next().value_or("")) == "1");
  CHECK(id_of(kit.ping()) == "\"ping\"");
}

TEST_CASE("[M59] stdio: a line of 8 MiB is read, one byte more is refused and forgotten") {
  StdioKit kit;
  std::string longest = rpc("1", "ping");
  longest.append(kMaxStdioLine - longest.size(), ' ');
  CHECK(id_of(kit.ask(longest)) == "1");
  CHECK(error_code_of(kit.ask(longest + " ")) == -32700);
  CHECK(id_of(kit.ping()) == "\"ping\"");
}

TEST_CASE("[M35] stdio: ids come back as they were, duplicates in flight are refused") {
  StdioKit kit;
  kit.initialize();
  const std::string longest = "\"" + std::string(kMaxRpcIdBytes - 2, 'i') + "\"";
  for (const std::string& id :
       {std::string("0"), std::string("-1"), std::string("9007199254740992"), longest,
        std::string("1"), std::string("\"1\"")}) {
    CHECK(id_of(kit.ask(rpc(id, "ping"))) == id);
    CHECK(id_of(kit.ask(rpc(id, "tools/list", modern_params()))) == id);
  }
  for (const char* wrong : {"1.5", "null", "9007199254740993", "true"})
    CHECK(error_code_of(kit.ask(rpc(wrong, "ping"))) == -32600);

  kit.say(held_call("1"));
  kit.say(modern_call("\"1\""));
  REQUIRE(kit.fixture.held->wait_for(1));
  CHECK(error_code_of(kit.ask(held_call("1"))) == -32600);
  CHECK(error_code_of(kit.ask(modern_call("\"\\u0031\""))) == -32600);
  kit.fixture.held->answer("number", 0);
  kit.fixture.held->answer("text", 1);
  std::map<std::string, std::string> answers;
  for (int i = 0; i < 2; ++i) {
    const std::string answer = kit.next().value_or("");
    answers[id_of(answer)] = text_of(answer);
  }
  CHECK(answers == std::map<std::string, std::string>{{"1", "number"}, {"\"1\"", "text"}});
}

TEST_CASE("[M10] stdio: cancelled, in both eras, a call is stopped and has no answer") {
  StdioKit kit;
  kit.initialize();
  kit.say(held_call("1"));
  kit.say(modern_call("2"));
  REQUIRE(kit.fixture.held->wait_for(1));
  kit.say(cancel("1"));
  kit.say(cancel("2"));
  kit.say(cancel("3"));  // never was
  CHECK(kit.fixture.eventually(
      [&] { return kit.fixture.held->was_stopped(0) && kit.fixture.held->was_stopped(1); }));
  kit.fixture.held->answer("too late", 0);
  kit.fixture.held->answer("too late", 1);
  CHECK(id_of(kit.ping()) == "\"ping\"");  // nothing came before it
  kit.say(modern_call("2"));               // the id is free again
  REQUIRE(kit.fixture.held->wait_for(2));
  kit.fixture.held->answer("again", 2);
  CHECK(text_of(kit.next().value_or("")) == "again");
}

TEST_CASE("[M10] stdio: what was begun before initialize is cancelled too") {
  StdioKit kit;
  kit.say(held_call("1"));
  REQUIRE(kit.fixture.held->wait_for());
  // Its id is nobody else's.
  CHECK(kit.fixture.client().post(cancel("1")).status == 202);
  CHECK_FALSE(kit.fixture.held->was_stopped(0));
  kit.initialize();
  kit.say(cancel("1"));
  CHECK(kit.fixture.eventually([&] { return kit.fixture.held->was_stopped(0); }));
}

TEST_CASE("[M10] stdio: what comes later is answered after the end of stdin too, or refused") {
  StdioKit kit;
  REQUIRE(kit.fixture.endpoint->prompts()
              .add({"held", prompt_json("held", "", {}), kit.fixture.held, {}})
              .ok());
  kit.initialize();
  kit.say(rpc("1", "prompts/get", R"({"name":"held"})"));
  kit.say(rpc("2", "prompts/get", R"({"name":"held"})"));
  REQUIRE(kit.fixture.held->wait_for(1));
  kit.close_input();
  kit.ended.pass();
  kit.fixture.endpoint->close();
  std::atomic<bool> waited{false};
  std::jthread waiting([&] {
    kit.fixture.endpoint->wait_stdio_written(kPatience);
    waited = true;
  });
  ToolOutcome prompt;
  prompt.result = R"({"messages":[]})";
  for (int i = 0; i < 3; ++i) kit.fixture.on_reactor([] {});
  CHECK_FALSE(waited);
  kit.fixture.held->answer_with(prompt, 0);
  CHECK(id_of(kit.next().value_or("")) == "1");
  CHECK_FALSE(waited);
  kit.fixture.held->answer_with(prompt, 1);
  waiting.join();
  CHECK(id_of(kit.next().value_or("")) == "2");
}

TEST_CASE("[M10] stdio: who has no answer when the time is over is told so") {
  StdioKit kit;
  REQUIRE(kit.fixture.endpoint->prompts()
              .add({"held", prompt_json("held", "", {}), kit.fixture.held, {}})
              .ok());
  kit.initialize("2025-03-26");
  kit.say(rpc("1", "prompts/get", R"({"name":"held"})"));
  kit.say("[" + rpc("2", "prompts/get", R"({"name":"held"})") + "]");
  REQUIRE(kit.fixture.held->wait_for(1));
  kit.close_input();
  kit.ended.pass();
  kit.fixture.endpoint->close();
  kit.fixture.endpoint->wait_stdio_written(std::chrono::milliseconds(1));
  for (const std::string_view id : {"1", "null"}) {
    const std::string refused = kit.next().value_or("");
    CHECK(id_of(refused) == id);
    CHECK(error_code_of(refused) == -32603);
    CHECK(JsonView(refused)["error"]["data"]["reason"].is("cancelled"));
  }
  kit.fixture.held->answer("too late", 0);  // goes nowhere
  kit.fixture.held->answer("too late", 1);
}

TEST_CASE("[M10] stdio: messages are counted in, out, and refused") {
  StdioKit kit;
  kit.initialize();
  kit.ask("no message");
  kit.ask(R"({"jsonrpc":"1.0","id":1,"method":"ping"})");
  kit.ask("[]");
  kit.ping();
  Metrics& metrics = kit.fixture.house.metrics;
  CHECK(metrics.counter("mcp_stdio_messages_total", "direction=\"in\"").value() == 5);
  CHECK(metrics.counter("mcp_stdio_messages_total", "direction=\"out\"").value() == 5);
  CHECK(metrics.counter("mcp_stdio_refused_total").value() == 3);
}

TEST_CASE("[M10] stdio: a server of one era answers as such") {
  using Eras = McpEndpoint::Options::Eras;
  const std::string discover = rpc("1", "server/discover", modern_params());
  StdioKit legacy({.mcp = {.eras = Eras::legacy}});
  CHECK(error_code_of(legacy.ask(discover)) == -32601);
  legacy.initialize();
  StdioKit modern({.mcp = {.eras = Eras::modern}});
  CHECK(JsonView(modern.ask(discover))["result"]["supportedVersions"].present());
  const std::string refused =
      modern.ask(rpc("0", "initialize", R"({"protocolVersion":"2025-11-25"})"));
  CHECK(error_code_of(refused) == -32602);
  CHECK(modern.fixture.client().initialize().status == 400);
}

TEST_CASE("[M10] stdio: progress and questions go the same way, and the answers come back") {
  StdioKit kit;
  kit.initialize("2025-11-25", R"({"elicitation":{}})");
  kit.say(held_call("1", R"({"progressToken":"t"})"));
  REQUIRE(kit.fixture.held->wait_for());
  kit.fixture.held->run().progress(R"({"progress":1})");
  CHECK(JsonView(kit.next().value_or(""))["params"]["progressToken"].is("t"));
  kit.fixture.held->run().let_poll(std::chrono::milliseconds(1));  // nothing to end here
  kit.fixture.held->answer_with(ask_client({{"name", "elicitation/create",
                                             R"({"message":"?","requestedSchema":)"
                                             R"({"type":"object","properties":{}}})"}}));
  const std::string question = kit.next().value_or("");
  CHECK(method_of_message(question) == "elicitation/create");
  kit.say("{\"jsonrpc\":\"2.0\",\"id\":" + id_of(question) +
          R"(,"result":{"action":"accept","content":{"name":"Ada"}}})");
  REQUIRE(kit.fixture.held->wait_for(1));
  CHECK(kit.fixture.held->run(1).client.answer("name")["content"]["name"].is("Ada"));
  kit.fixture.held->answer("done", 1);
  CHECK(text_of(kit.next().value_or("")) == "done");
}

TEST_CASE("[M10] stdio: a client of the older era hears of changes, however long it was quiet") {
  StdioKit kit;
  kit.initialize();
  kit.fixture.advance(std::chrono::hours(1000));  // its session does not expire
  REQUIRE(kit.fixture.house.tools.add(std::make_shared<HeldTool>("another")).ok());
  CHECK(method_of_message(kit.next().value_or("")) == "notifications/tools/list_changed");
  CHECK(kit.fixture.endpoint->sessions() == 1);
}

TEST_CASE("[M10] stdio: a batch of 2025-03-26 is answered by one line") {
  StdioKit kit;
  kit.initialize("2025-03-26");
  CHECK(JsonView(kit.ask("[" + rpc("1", "ping") + "," + rpc("2", "ping") + "]")).size() == 2);
  kit.say("[" + rpc("", "notifications/initialized") + "]");
  CHECK(id_of(kit.ping()) == "\"ping\"");
}

TEST_CASE("[M15] stdio: a listen is acknowledged first, ends by cancel, or with its response") {
  StdioKit kit;
  const auto listen = [](std::string_view id) {
    return rpc(id, "subscriptions/listen",
               modern_params(R"("notifications":{"toolsListChanged":true},)"));
  };
  CHECK(method_of_message(kit.ask(listen("\"a\""))) == "notifications/subscriptions/acknowledged");
  CHECK(method_of_message(kit.ask(listen("2"))) == "notifications/subscriptions/acknowledged");
  kit.say(cancel("\"a\""));
  CHECK(id_of(kit.ping()) == "\"ping\"");
  REQUIRE(kit.fixture.house.tools.add(std::make_shared<HeldTool>("another")).ok());
  const std::string changed = kit.next().value_or("");
  CHECK(method_of_message(changed) == "notifications/tools/list_changed");
  CHECK(JsonView(changed)["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].text() ==
        "2");
  kit.fixture.endpoint->close();
  const std::string response = kit.next().value_or("");
  CHECK(id_of(response) == "2");
  CHECK(JsonView(response)["result"]["resultType"].is("complete"));
  CHECK(kit.next() == cancel("2"));
}

TEST_CASE("[M10] stdio: at the end of stdin the last line counts, and calls are still answered") {
  StdioKit kit;
  kit.say(held_call("1"));
  kit.send(rpc("2", "ping"));  // no end of line
  kit.close_input();
  kit.ended.pass();
  CHECK(kit.ended_because == "stdin has ended");
  CHECK(id_of(kit.next().value_or("")) == "2");
  REQUIRE(kit.fixture.held->wait_for());
  kit.fixture.held->answer("late");
  CHECK(text_of(kit.next().value_or("")) == "late");
}

TEST_CASE("[M10] stdio: who closes stdout has left") {
  StdioKit kit;
  kit.close_output();
  kit.say(rpc("1", "ping"));
  kit.ended.pass();
  CHECK(kit.ended_because == "stdout is closed");
}

// Answers until the pipe to us is full, then our side of it: then nothing is read any more.
TEST_CASE("[M10] stdio: a client that does not read has a bounded number of requests taken") {
  StdioKit kit;
  const std::string large(100'000, 'x');
  const std::string call =
      rpc("1", "tools/call", call_params("echo", "{\"text\":\"" + large + "\"}"));
  std::size_t sent = 0;
  std::jthread writer([&] {
    for (; sent < 200; ++sent) kit.say(call);
  });
  // It stands still while the fixture turns; meanwhile HTTP is served as ever.
  CHECK(kit.fixture.ready().post(rpc("1", "ping")).status == 200);
  std::size_t got = 0;
  while (got < 200 && kit.next()) ++got;  // whoever begins to read gets everything
  writer.join();
  CHECK(got == 200);
}

TEST_CASE("[M10] stdio: who reads nothing and closes stdin is not waited for") {
  StdioKit kit;
  for (std::size_t i = 0; i < 3; ++i) {
    kit.say(held_call(std::to_string(i)));
    REQUIRE(kit.fixture.held->wait_for(i));
    kit.fixture.held->answer(std::string(300'000, 'x'), i);
  }
  REQUIRE(kit.fixture.eventually([&] { return kit.fixture.house.desk.in_flight() == 0; }));
  kit.say(rpc("9", "ping"));
  kit.close_input();
  // Unread answers keep it from seeing the end; time shows that nobody takes them.
  CHECK(kit.fixture.eventually([&] {
    kit.fixture.advance(std::chrono::seconds(2));
    return kit.has_ended.load();
  }));
  kit.ended.pass();
  CHECK(kit.ended_because == "stdin has ended, and nobody reads stdout");
}

}  // namespace
}  // namespace devs
