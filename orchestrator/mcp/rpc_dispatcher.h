#pragma once

#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/rpc_reply.h"
#include "orchestrator/net/principal.h"
#include "protocol/json_rpc.h"

namespace devs {

// One message with what is known of its sender.
struct RpcTurn {
  const McpHousePtr& house;
  const RpcMessage& message;
  const Principal& principal;
  const SessionPtr& session;  // null: sent without one
  McpRevision revision;       // what the answer may contain
};

// Method name to function: one table.  The reply ends, now or later, exactly once.
// REQUIRES: message.kind is request.
void dispatch_request(const RpcTurn& turn, RpcReply& reply);
// REQUIRES: message.kind is notification.  Unknown ones are ignored.
void dispatch_notification(const RpcTurn& turn);

// `tools/call` (tool_calls.cpp).
void begin_tool_call(const RpcTurn& turn, RpcReply& reply);
// `notifications/cancelled`, of a call of the same session.
void cancel_tool_call(const RpcTurn& turn);

}  // namespace devs
