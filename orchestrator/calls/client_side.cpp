#include <string>

#include "orchestrator/calls/tool.h"

namespace devs {
namespace {

// A function that asks for ever is stopped (MCP page 7.3).
constexpr unsigned kMaxRounds = 16;

}  // namespace

std::optional<ToolOutcome> why_not_asked(const ClientSide& client, const ToolOutcome& outcome) {
  if (client.round >= kMaxRounds) {
    return text_outcome(
        "The client was asked " + std::to_string(kMaxRounds) + " times without coming to an end.",
        CallStatus::tool_error);
  }
  for (const ClientQuestion& question : outcome.questions) {
    const JsonView params(question.params);
    if (!may_be_asked(client.can, question.method, params))
      return lacks_capability(required_capability(question.method, params));
  }
  return std::nullopt;
}

}  // namespace devs
