#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/calls/tool.h"
#include "orchestrator/net/principal.h"
#include "protocol/mcp.h"
#include "trace/work.h"

namespace devs {

// What the caller hears of one call, exactly once.
struct CallAnswer {
  ToolOutcome outcome;
  // Not ok: the tool was not started, because its action could not be recorded or
  // the house is full or stopping.  The outcome then says nothing.
  Status refused;
  // `devs.saop/receipt` (SAOP 7) as JSON text when the host sent a context.
  std::string receipt;
};

// One `tools/call` as the endpoint understood it.
struct CallRequest {
  CallToolParams params;
  std::string jsonrpc_id;  // token as written; the log keeps it as text
  Principal principal;
  std::string client_name;  // agent_id when the host gave none
  std::string session_id;   // public id of the MCP session (never the secret one)
  std::string task_id;      // implicit task of that session
  // Any thread, once.  `cancelled` outcomes are told too; the endpoint then
  // sends nothing.
  MoveFunction<void(CallAnswer)> answer;
  // Any thread, before answer, in order.  Empty: no progress wanted.
  std::function<void(std::string_view fields)> progress;
};

}  // namespace devs
