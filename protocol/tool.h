#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_rpc.h"

namespace devs {

// How a call ended (SAOP 4.4).  Spelled as on the wire by name_of().
enum class CallStatus {
  success,
  tool_error,
  validation_failed,
  upstream_unavailable,
  timeout_exceeded,
  access_denied,
  unknown_tool,
  cancelled,
  abandoned
};
std::string_view name_of(CallStatus status);  // "TIMEOUT_EXCEEDED"
int exit_code_of(CallStatus status);          // 124

// When a call of a tool is answered with an MCP task, which its client asks later for the
// result (MCP page 5.4).  A client that knows no tasks is answered plainly in all but
// `required`; one of 2025-11-25 decides by itself in all but `never` and `required`.
enum class TaskMode {
  automatic,    // when it takes long
  always,       // at once
  after_input,  // at once, when what it asked first has been answered
  required,     // at once, and only so
  never
};

// A tool as lists show it and as calls find it.  Immutable once registered.
struct ToolSpec {
  std::string name;           // what a host calls: `echo`, `files__read_file`
  std::string server;         // "builtin", or the upstream's key
  std::string upstream_tool;  // the upstream's own name; equals name for a built-in
  // The Tool object of tools/list, compact and verbatim but for `name`.
  std::string json;
  std::string input_schema;  // JSON text of inputSchema
  TaskMode task = TaskMode::automatic;
};

// Builds a ToolSpec for a built-in or host tool.  `input_schema` is JSON text;
// `annotations` JSON text or empty.  REQUIRES: both are valid JSON.
ToolSpec make_tool_spec(std::string_view name, std::string_view description,
                        std::string_view input_schema, std::string_view annotations = {});

// What a tool wants from the client before it can go on.
struct ClientQuestion {
  std::string key;     // the tool's own name for it: the answer comes back under it
  std::string method;  // sampling/createMessage, elicitation/create, roots/list
  std::string params;  // JSON object text
};

// What a tool answered.  A tool that failed is still an answer: MCP carries it
// as a result with isError, never as a JSON-RPC error.
struct ToolOutcome {
  CallStatus status = CallStatus::success;
  // CallToolResult as compact JSON text (`{"content":[...],...}`); what the
  // caller gets.  Empty when `fault` is set or nobody is to be answered.
  std::string result;
  // The caller sees this JSON-RPC error instead of a result (unknown tool, an
  // upstream's own error).
  std::optional<RpcFault> fault;
  // The tool has not ended: the client is asked these, and the tool is called again
  // with the answers and with `state`, whatever the era and however much later.
  bool asks = false;
  std::vector<ClientQuestion> questions{};
  std::string state{};  // the tool's own words to its next round
};

// {"content":[{"type":"text","text":...}],"isError":...}
ToolOutcome text_outcome(std::string_view text, CallStatus status = CallStatus::success);
// Ask, and be called again.  Without questions: called again with `state` alone.
ToolOutcome ask_client(std::vector<ClientQuestion> questions, std::string state = {});
// The client has not declared what the work needs; `required` is a ClientCapabilities
// object.  -32021 in the modern era, a tool error before it.
ToolOutcome lacks_capability(std::string_view required);

}  // namespace devs
