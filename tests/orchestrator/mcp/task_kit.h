// What tests of MCP tasks share: tools of each mode, and clients that poll.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "orchestrator/mcp/tasks.h"
#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"

namespace devs {

constexpr std::string_view kTasks = R"({"extensions":{"io.modelcontextprotocol/tasks":{}}})";
constexpr std::string_view kTasksAndForms =
    R"({"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}})";

inline std::shared_ptr<HeldTool> add_held(McpFixture& fixture, std::string_view name,
                                          TaskMode mode) {
  auto tool = std::make_shared<HeldTool>(name, mode);
  REQUIRE(fixture.house.tools.add(tool).ok());
  return tool;
}

inline ClientQuestion question(std::string key) {
  return {std::move(key), "elicitation/create",
          R"({"message":"?","requestedSchema":{"type":"object","properties":{}}})"};
}
inline std::string accepted(std::string_view key, std::string_view value = "x") {
  return "\"" + std::string(key) + R"(":{"action":"accept","content":{"v":")" + std::string(value) +
         "\"}}";
}

// A client of the extension.
struct TaskClient {
  explicit TaskClient(std::uint16_t port, std::string_view declares = kTasks)
      : client(port), can(declares) {}

  WireAnswer call(std::string_view tool, std::string_view more = {}) const {
    return client.call(tool, "{}", can, more);
  }
  // The id of the task that a call became.
  std::string begin(std::string_view tool) const {
    const WireAnswer answer = call(tool);
    CHECK(result_of(answer)["resultType"].is("task"));
    return result_of(answer)["taskId"].string().value_or("");
  }
  WireAnswer about(std::string_view method, std::string_view id, std::string_view more = {}) const {
    const std::string members = "\"taskId\":\"" + std::string(id) + "\"," + std::string(more);
    return client.ask(method, modern_params(members, can), id);
  }
  WireAnswer get(std::string_view id) const { return about("tasks/get", id); }
  WireAnswer update(std::string_view id, std::string_view answers) const {
    return about("tasks/update", id, "\"inputResponses\":{" + std::string(answers) + "},");
  }
  // What tasks/get says once the task has that status.
  WireAnswer when(McpFixture& fixture, std::string_view id, std::string_view status) const {
    WireAnswer answer;
    CHECK(fixture.eventually([&] {
      answer = get(id);
      return result_of(answer)["status"].is(status);
    }));
    return answer;
  }

  const ModernClient client;
  const std::string can;
};

}  // namespace devs
