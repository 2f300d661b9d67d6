#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"
#include "protocol/mcp_version.h"
#include "protocol/result.h"
#include "protocol/tool.h"

namespace devs {

struct InitializeParams {
  std::string protocol_version;  // as the client spelled it
  std::string client_name;       // clientInfo.name, may be empty
  std::string capabilities;      // JSON text, `{}` when absent
};
Result<InitializeParams> decode_initialize(JsonView params);

// `thought` of `_meta["devs.saop/context"]` (SAOP 7): what a host says it thinks.
struct HostThought {
  std::string reasoning_chain, observation_reflection, state_assessment;
  std::string intent;     // JSON object text or empty
  std::string telemetry;  // JSON object text or empty
};

// Text, or an object with these members.  Fails naming the member below `path`.
Result<HostThought> decode_thought(JsonView value, const std::string& path);

// `_meta["devs.saop/context"]`; every member optional, empty means absent.  A thought is rare
// and large, so it lies apart.
struct SaopContext {
  bool present = false;
  std::string agent_id, agent_role, session_id, task_id, thread_id, tool_call_id;
  std::string parent_tool_call_id;
  std::vector<std::string> depends_on;
  std::optional<std::int64_t> turn_index;
  std::shared_ptr<HostThought> thought;  // null: none
};

struct CallToolParams {
  std::string name;
  std::string arguments = "{}";  // JSON object text, verbatim
  std::string progress_token;    // the token as written (`1`, `"t"`), or empty
  std::string traceparent;       // as sent; malformed counts as absent later
  SaopContext context;
};
// Fails naming the member (`/_meta/devs.saop~1context/turn_index: ...`).
Result<CallToolParams> decode_call_tool(JsonView params);

// One page of tools/list.  `cursor` empty = no next page.
std::string encode_tools_page(const std::vector<const ToolSpec*>& tools,
                              std::string_view next_cursor, McpRevision revision);
// A Tool object with what `revision` does not know removed (MCP page section 2).
std::string down_level_tool(std::string_view tool_json, McpRevision revision);
// The same of a tool in a list: with what 2025-11-25 says of calling it as a task, which
// this house provides unless the tool is never one.
std::string listed_tool(const ToolSpec& tool, McpRevision revision);
// The same for Prompt, Resource and ResourceTemplate objects.
std::string down_level_offer(std::string_view offer_json, McpRevision revision);
// A CallToolResult with what `revision` does not know removed or replaced.
std::string down_level_result(std::string_view result_json, McpRevision revision);

// params of notifications/progress towards a client.  `fields` is the upstream's
// params object; its progressToken is replaced by `token`.
std::string with_progress_token(JsonView fields, std::string_view token);

}  // namespace devs
