#include "protocol/tool.h"

#include <array>
#include <utility>

namespace devs {
namespace {

struct Row {
  CallStatus status;
  std::string_view name;
  int exit_code;
};

// SAOP 4.4.
constexpr std::array<Row, 9> kStatuses{{
    {CallStatus::success, "SUCCESS", 0},
    {CallStatus::tool_error, "TOOL_ERROR", 1},
    {CallStatus::validation_failed, "VALIDATION_FAILED", 2},
    {CallStatus::upstream_unavailable, "UPSTREAM_UNAVAILABLE", 69},
    {CallStatus::timeout_exceeded, "TIMEOUT_EXCEEDED", 124},
    {CallStatus::access_denied, "ACCESS_DENIED", 126},
    {CallStatus::unknown_tool, "UNKNOWN_TOOL", 127},
    {CallStatus::cancelled, "CANCELLED", 130},
    {CallStatus::abandoned, "ABANDONED", 137},
}};

const Row& row_of(CallStatus status) {
  for (const Row& row : kStatuses) {
    if (row.status == status) return row;
  }
  return kStatuses[1];
}

}  // namespace

std::string_view name_of(CallStatus status) {
  return row_of(status).name;
}
int exit_code_of(CallStatus status) {
  return row_of(status).exit_code;
}

ToolSpec make_tool_spec(std::string_view name, std::string_view description,
                        std::string_view input_schema, std::string_view annotations) {
  ToolSpec spec;
  spec.name = name;
  spec.server = "builtin";
  spec.upstream_tool = name;
  spec.input_schema = input_schema;
  spec.json = "{\"name\":";
  append_json_string(spec.json, name);
  spec.json += ",\"description\":";
  append_json_string(spec.json, description);
  spec.json += ",\"inputSchema\":";
  spec.json += input_schema;
  if (!annotations.empty()) {
    spec.json += ",\"annotations\":";
    spec.json += annotations;
  }
  spec.json += '}';
  return spec;
}

ToolOutcome text_outcome(std::string_view text, CallStatus status) {
  ToolOutcome outcome;
  outcome.status = status;
  outcome.result.reserve(text.size() + 64);
  outcome.result = "{\"content\":[{\"type\":\"text\",\"text\":";
  append_json_string(outcome.result, text);
  outcome.result +=
      status == CallStatus::success ? "}],\"isError\":false}" : "}],\"isError\":true}";
  return outcome;
}

ToolOutcome ask_client(std::vector<ClientQuestion> questions, std::string state) {
  ToolOutcome outcome;
  outcome.asks = true;
  outcome.questions = std::move(questions);
  outcome.state = std::move(state);
  return outcome;
}

ToolOutcome lacks_capability(std::string_view required) {
  ToolOutcome outcome;
  outcome.status = CallStatus::tool_error;
  outcome.fault = RpcFault{.code = kRpcMissingCapability,
                           .message = "The client has not declared a capability this needs",
                           .data = "{\"requiredCapabilities\":" + std::string(required) + "}"};
  return outcome;
}

}  // namespace devs
