#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/calls/tool.h"
#include "orchestrator/net/principal.h"
#include "protocol/mcp.h"
#include "protocol/result.h"
#include "trace/work.h"

namespace devs {

// What the caller hears of one call, exactly once.
struct CallAnswer {
  ToolOutcome outcome;  // `asks`: the client is to come back with answers
  std::string call_id;  // tool_call_id of the first round
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
  // The same for log messages.
  std::function<void(LogLevel, std::string_view logger, std::string_view data)> log;
  // Ends the stream of the answer, for which the client comes back (ToolRun::let_poll).
  std::function<void(std::chrono::milliseconds retry)> let_poll;
  ClientSide client;
  std::string first_call_id;  // tool_call_id of the first round, of a retry (MRTR)
  // Asks the client, which answers later, on any thread, once: all answers by key, or why
  // there will be none.  Empty (modern era, no task): questions are the answer of this call.
  using Answers = std::map<std::string, std::string>;
  using Asked = MoveFunction<void(Result<Answers>)>;
  using Ask = std::function<void(std::vector<ClientQuestion>, Asked)>;
  Ask ask;
};

}  // namespace devs
