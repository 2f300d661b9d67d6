#include "orchestrator/house_tools.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "protocol/json.h"
#include "tests/orchestrator/live_server.h"
#include "tests/support/patience.h"

namespace devs {
namespace {

// Clients without a session hear no structuredContent: the text says the same.
std::string text_of(JsonView result) {
  std::string text;
  result["content"].each_element(
      [&text](JsonView block) { text += block["text"].string().value_or(""); });
  return text;
}

struct House : LiveServer {
  const TimePoint deadline = soon();
  // The result of a call as JSON text; `context` are members of devs.saop/context.
  std::string call(const std::string& tool, const std::string& arguments,
                   const std::string& context) {
    const WireAnswer answer =
        post("/mcp", R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":")" + tool +
                         R"(","arguments":)" + arguments + R"(,"_meta":{"devs.saop/context":{)" +
                         context + "}}}}");
    REQUIRE(answer.status == 200);
    return std::string(JsonView(answer.body)["result"].text());
  }
  std::string told_by(const std::string& tool, const std::string& arguments,
                      const std::string& context = R"("task_id":"t-1")") {
    return text_of(JsonView(call(tool, arguments, context)));
  }
  // get_task_tree once the index has got so far.
  std::string tree(std::size_t calls_at_top) {
    for (const TimePoint until = soon(); std::chrono::steady_clock::now() < until;) {
      const std::string told =
          told_by("get_task_tree", R"({"task_id":"t-1"})", R"("task_id":"looking")");
      if (JsonView(told)["calls"].size() >= calls_at_top) return told;
    }
    return {};
  }
};

std::string echo_as(const std::string& id, const std::string& parent) {
  return R"("task_id":"t-1","tool_call_id":")" + id + R"(","parent_tool_call_id":")" + parent + '"';
}

TEST_CASE("[M49] record_thought: the caller's thought is in the trace, under the caller's story") {
  House house;
  const std::string said = house.told_by(
      "record_thought", R"({"thought":{"reasoning_chain":"first this"}})",
      R"("task_id":"t-1","agent_id":"planner","session_id":"s-9","thread_id":"side")");
  const std::string id = JsonView(said)["id"].string().value_or("");
  const WireAnswer told = house.get("/trace/envelopes/" + id);
  REQUIRE(told.status == 200);
  const JsonView envelope(told.body);
  CHECK(envelope["type"].is("thought"));
  CHECK(envelope["agent_id"].is("planner"));
  CHECK(envelope["session_id"].is("s-9"));
  CHECK(envelope["task_id"].is("t-1"));
  CHECK(envelope["thread_id"].is("side"));
  CHECK(envelope["payload"]["analysis"]["reasoning_chain"].is("first this"));
}

TEST_CASE("[M49] record_thought: what is no thought is a tool error that names the member") {
  House house;
  for (const auto& [thought, says] :
       {std::pair{R"({"thought":""})", "/thought"},
        std::pair{R"({"thought":{"intent":{}}})", "/thought/reasoning_chain"}}) {
    const std::string result = house.call("record_thought", thought, R"("task_id":"t-1")");
    CHECK(JsonView(result)["isError"].boolean() == true);
    CHECK(JsonView(result)["content"].text().find(says) != std::string_view::npos);
  }
}

TEST_CASE("[M49] get_task_tree: calls stand below the call that caused them") {
  House house;
  house.call("echo", R"({"text":"1"})", echo_as("root", "nobody"));
  house.call("echo", R"({"text":"2"})",
             echo_as("child", "root") + R"(,"depends_on":["root","else"])");
  house.call("echo", R"({"text":3})", echo_as("grandchild", "child"));  // refused: no text
  house.call("echo", R"({"text":"4"})", echo_as("second", "second"));
  const std::string told = house.tree(2);
  const JsonView task(told);
  CHECK(task["task_id"].is("t-1"));
  CHECK(task["truncated"].boolean() == false);
  std::vector<JsonView> tops;
  task["calls"].each_element([&tops](JsonView call) { tops.push_back(call); });
  REQUIRE(tops.size() == 2);
  CHECK(tops[0]["tool_call_id"].is("root"));
  CHECK(tops[0]["status"].is("SUCCESS"));
  CHECK(tops[0]["ms"].integer().has_value());
  CHECK(tops[1]["tool_call_id"].is("second"));
  CHECK(tops[1]["calls"].size() == 0);
  tops[0]["calls"].each_element([](JsonView child) {
    CHECK(child["tool_call_id"].is("child"));
    CHECK(child["depends_on"].text() == R"(["root","else"])");
    child["calls"].each_element([](JsonView grandchild) {
      CHECK(grandchild["tool_call_id"].is("grandchild"));
      CHECK(grandchild["status"].is("VALIDATION_FAILED"));
    });
    CHECK(child["calls"].size() == 1);
  });
  CHECK(tops[0]["calls"].size() == 1);
}

TEST_CASE("[M49] get_task_tree: a chain of 200 calls is a tree that can be read") {
  House house;
  for (int i = 0; i < 200; ++i)
    house.call("echo", R"({"text":"x"})",
               echo_as("c" + std::to_string(i), "c" + std::to_string(i - 1)));
  for (const TimePoint until = soon(); std::chrono::steady_clock::now() < until;) {
    const std::string told = house.tree(1);
    std::size_t count = 0;
    for (std::size_t at = told.find("\"tool_call_id\""); at != std::string::npos;
         at = told.find("\"tool_call_id\"", at + 1))
      ++count;
    if (count == 200) return;
  }
  FAIL("not 200 calls");
}

TEST_CASE("[M49] get_task_tree: a task nobody knows is a tool error") {
  House house;
  const std::string result =
      house.call("get_task_tree", R"({"task_id":"elsewhere"})", R"("task_id":"t-1")");
  CHECK(JsonView(result)["isError"].boolean() == true);
}

TEST_CASE("[M49] suggest_tools: by words, with a score and the reason") {
  House house;
  std::string told;
  do {
    REQUIRE(std::chrono::steady_clock::now() < house.deadline);
    told = house.told_by("suggest_tools", R"({"query":"upstream servers","limit":1})");
  } while (JsonView(told)["tools"].size() == 0);
  JsonView(told)["tools"].each_element([](JsonView tool) {
    CHECK(tool["name"].is("list_upstreams"));
    CHECK(tool["score"].number().value_or(0) > 0);
    CHECK(tool["why"].is("says servers"));
  });
}

TEST_CASE("[M49] list_upstreams: how a server fares that cannot start, and what to do") {
  TempDir dir;
  OrchestratorServer::Options options;
  UpstreamConfig broken;
  broken.key = "broken";
  broken.command = "/does/not/exist";
  options.upstreams.upstreams.push_back(broken);
  LiveServer house(std::move(options));
  house.server->wait_upstreams(kPatience);
  const WireAnswer answer = house.post(
      "/mcp",
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_upstreams","arguments":{}}})");
  REQUIRE(answer.status == 200);
  std::size_t seen = 0;
  const std::string told = text_of(JsonView(answer.body)["result"]);
  JsonView(told)["upstreams"].each_element([&seen](JsonView one) {
    ++seen;
    CHECK(one["server"].is("broken"));
    CHECK(one["state"].is("down"));
    CHECK(one["tools"].integer() == 0);
    CHECK(one["revision"].text() == "null");
    CHECK(one["last_error"].is_string());
    CHECK(one["fix"].is_string());
  });
  CHECK(seen == 1);
}

}  // namespace
}  // namespace devs
