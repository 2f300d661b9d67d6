#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "orchestrator/mcp/batch_reply.h"
#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/net/principal.h"
#include "protocol/json_rpc.h"

namespace devs {

// The messages of one batch (revision 2025-03-26), views into the text they came in.  One
// more than may be run, at most.
using MessageBatch = std::vector<std::variant<RpcMessage, RpcRefusal>>;
MessageBatch decode_batch(JsonView messages);

// Why it may not be run at all; null: it may.
const char* batch_complaint(const MessageBatch& batch, const Session* session);
// How many of its messages are owed a response.
std::size_t responses_owed(const MessageBatch& batch);
// Runs one after the other.  `answer` is used if any response is owed.
void run_batch(const McpHousePtr& house, const Principal& principal, const SessionPtr& session,
               const MessageBatch& batch, BatchReply::Answer answer);

}  // namespace devs
