#pragma once

#include <string>
#include <string_view>

#include "protocol/json.h"
#include "protocol/mcp_version.h"

namespace devs {

// What a client says it can be asked for: once at `initialize` (legacy era), on every
// request (modern era).  What is not declared is never used.
struct ClientCapabilities {
  bool roots = false;
  bool sampling = false;
  bool sampling_tools = false;
  bool elicitation_form = false;
  bool elicitation_lists = false;  // form: a choice of several
  bool elicitation_url = false;
  bool tasks = false;      // legacy: the experimental core feature
  bool tasks_ext = false;  // modern: extension io.modelcontextprotocol/tasks

  bool operator==(const ClientCapabilities&) const = default;
};

inline constexpr std::string_view kTasksExtension = "io.modelcontextprotocol/tasks";

// Of a ClientCapabilities object; members that are no objects count as absent, and so does
// what that revision has no message for.  An empty `elicitation` means form (2025-11-25,
// backwards compatible).
ClientCapabilities decode_client_capabilities(JsonView capabilities, McpRevision revision);

// Whether a client with these may be sent a request of this method with these params
// (`elicitation/create` in mode url needs more than in mode form, and so does a form with a
// choice of several).
bool may_be_asked(const ClientCapabilities& client, std::string_view method, JsonView params);
// What a client would have to declare for that, as a ClientCapabilities object:
// `{"elicitation":{"form":{}}}`; `data.requiredCapabilities` of -32021.
std::string required_capability(std::string_view method, JsonView params);

}  // namespace devs
