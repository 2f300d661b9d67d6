// Tools that become MCP tasks.  They ask by the same code as all others.
#include <chrono>

#include "protocol/json.h"
#include "tests/support/mcp_fixture/fixture.h"

namespace devs {
namespace {

// A form whose answer may have either member, as the scenarios' answers do.
ClientQuestion either(std::string key, std::string_view message) {
  return form(std::move(key), message, R"("name":{"type":"string"},"confirm":{"type":"boolean"})");
}

std::string name_in(JsonView answer) {
  return answer["content"]["name"].string().value_or("?");
}

ToolOutcome slow_compute(const ToolRun& run) {
  const JsonView arguments(run.arguments);
  const auto seconds = arguments["seconds"].integer().value_or(1);
  pause(run, std::chrono::seconds(seconds));
  return text_outcome("Computed " + arguments["label"].string().value_or("") + " in " +
                      std::to_string(seconds) + " s");
}

ToolOutcome protocol_error(const ToolRun& run) {
  pause(run, std::chrono::seconds(1));
  ToolOutcome outcome;
  outcome.status = CallStatus::tool_error;
  outcome.fault = RpcFault{kRpcInternal, "The job broke the protocol", {}};
  return outcome;
}

ToolOutcome confirm_delete(const ToolRun& run) {
  const JsonView answer = run.client.answer("confirm");
  const std::string file = JsonView(run.arguments)["filename"].string().value_or("");
  if (!answer.present()) return ask_client({either("confirm", "Really delete " + file + "?")});
  const bool yes =
      answer["action"].is("accept") && answer["content"]["confirm"].boolean().value_or(false);
  return text_outcome((yes ? "Deleted " : "Kept ") + file);
}

ToolOutcome multi_input(const ToolRun& run) {
  const JsonView first = run.client.answer("first"), second = run.client.answer("second");
  std::vector<ClientQuestion> open;
  if (!first.present()) open.push_back(either("first", "The first name?"));
  if (!second.present()) open.push_back(either("second", "The second name?"));
  if (!open.empty()) return ask_client(std::move(open));
  return text_outcome(name_in(first) + " and " + name_in(second));
}

}  // namespace

void add_fixture_tasks(OrchestratorServer& server) {
  const auto add = [&server](std::string_view name, std::string_view description, TaskMode task,
                             ToolFunction function, std::string_view schema = kNoArguments) {
    ToolSpec spec = make_tool_spec(name, description, schema);
    spec.task = task;
    must(server.add_tool(std::move(spec), std::move(function)));
  };
  add("slow_compute", "Takes as long as it is told.", TaskMode::always, slow_compute,
      R"({"type":"object","properties":{"seconds":{"type":"integer"},"label":{"type":"string"}}})");
  add("failing_job", "A job that fails.", TaskMode::required, [](const ToolRun& run) {
    pause(run, std::chrono::seconds(1));
    return text_outcome("The job failed", CallStatus::tool_error);
  });
  add("protocol_error_job", "A job that ends with an error of the protocol.", TaskMode::required,
      protocol_error);
  add("confirm_delete", "Asks before it deletes.", TaskMode::always, confirm_delete,
      R"({"type":"object","properties":{"filename":{"type":"string"}}})");
  add("multi_input", "Asks two things at once.", TaskMode::always, multi_input);
  add("test_tool_with_task", "Asks first, and is a task then.", TaskMode::after_input,
      [](const ToolRun& run) {
        const JsonView answer = run.client.answer("user_name");
        if (!answer.present()) return ask_client({either("user_name", "What is your name?")});
        return text_outcome("Hello, " + name_in(answer) + "!");
      });
}

}  // namespace devs
