#pragma once

#include <optional>

#include "orchestrator/mcp/accept_header.h"
#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/rpc_reply.h"
#include "protocol/json_rpc.h"
#include "protocol/mcp_modern.h"

namespace devs {

// Whether a message is of the modern era: `_meta` names a revision, or the header names
// a modern one (MCP page 4.1, row 3).
bool is_of_modern_era(const McpHouse& house, const McpHeaders& headers, const RpcMessage& message);

// Why a modern message may not be run, checked in the order of MCP page 4.1, rows 4 to 7;
// nullopt: it may, and `meta` is what it carries.  `head` is null over stdio, where there
// are no headers to agree with.
std::optional<RpcEnd> modern_refusal(McpHouse& house, const RequestHead* head,
                                     const RpcMessage& message, RequestMeta& meta);

// One message of the modern era in a POST of its own.
void post_modern(const McpHousePtr& house, Exchange& exchange, const RpcMessage& message,
                 const Accepts& accepts);

}  // namespace devs
