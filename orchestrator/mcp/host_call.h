#pragma once

#include <optional>
#include <string>

#include "orchestrator/calls/tool.h"
#include "orchestrator/mcp/rpc_dispatcher.h"

namespace devs {

// A prompts/get or a resources/read: what a function of the host answers, after as many
// rounds of questions to the client as it wants.
struct HostCallOptions {
  ToolPtr function;
  std::string name;                   // the prompt's, or the URI: of whom a requestState is
  std::string arguments;              // JSON object text for the function
  std::optional<CacheHints> hints{};  // of a resource
};
void begin_host_call(const RpcTurn& turn, RpcReply& reply, HostCallOptions options);

}  // namespace devs
