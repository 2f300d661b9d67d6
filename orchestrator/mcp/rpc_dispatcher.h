#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/rpc_reply.h"
#include "orchestrator/net/principal.h"
#include "protocol/json_rpc.h"
#include "protocol/mcp_modern.h"

namespace devs {

// One message with what is known of its sender.
struct RpcTurn {
  const McpHousePtr& house;
  const RpcMessage& message;
  const Principal& principal;
  const SessionPtr& session;                         // null: sent without one
  McpRevision revision;                              // what the answer may contain
  const RequestMeta* meta = nullptr;                 // modern era: what the request carries
  std::shared_ptr<ClientChannel> channel = nullptr;  // a session begun here has no other way
};

// A result in the form of the era; hints are for those of lists and reads.
RpcEnd result_for(const RpcTurn& turn, std::string_view result,
                  const std::optional<CacheHints>& hints = std::nullopt);
RpcEnd fault_for(const RpcTurn& turn, RpcFault fault, int http_status = 200);
RpcEnd bad_params(const RpcTurn& turn, std::string message);

// Whether the method exists for requests of that era.
bool knows_method(std::string_view method, bool modern);

// Method name to function: one table.  The reply ends, now or later, exactly once.
// REQUIRES: message.kind is request.
void dispatch_request(const RpcTurn& turn, RpcReply& reply);
// REQUIRES: message.kind is notification.  Unknown ones are ignored.
void dispatch_notification(const RpcTurn& turn);

// An id's token as a key: `1` and `"1"` are two, `"1"` and `"\u0031"` are one.  Also a token.
std::string request_key(std::string_view id);
// Who cancels a request by its id, where there is no session.
LooseCalls::Key loose_key(const RpcTurn& turn, std::string_view id);
// Why a second request of one key is refused.
RpcFault id_in_flight();

// `tools/call` (tool_calls.cpp).
void begin_tool_call(const RpcTurn& turn, RpcReply& reply);
// MCP tasks (task_requests.cpp).
void get_task(const RpcTurn& turn, RpcReply& reply);
void update_task(const RpcTurn& turn, RpcReply& reply);
void cancel_task(const RpcTurn& turn, RpcReply& reply);
void task_result(const RpcTurn& turn, RpcReply& reply);
void list_tasks(const RpcTurn& turn, RpcReply& reply);
// Prompts, resources and their lists (offer_requests.cpp).
void list_prompts(const RpcTurn& turn, RpcReply& reply);
void get_prompt(const RpcTurn& turn, RpcReply& reply);
void list_resources(const RpcTurn& turn, RpcReply& reply);
void list_templates(const RpcTurn& turn, RpcReply& reply);
void read_resource(const RpcTurn& turn, RpcReply& reply);
void subscribe_resource(const RpcTurn& turn, RpcReply& reply);
void unsubscribe_resource(const RpcTurn& turn, RpcReply& reply);
void complete(const RpcTurn& turn, RpcReply& reply);
void listen(const RpcTurn& turn, RpcReply& reply);
// `notifications/cancelled`, of a request of the same session; without one, of the same
// principal, over stdio of the same client.
void cancel_tool_call(const RpcTurn& turn);

}  // namespace devs
