#include "orchestrator/mcp/message_batch.h"

#include <memory>
#include <utility>

#include "orchestrator/mcp/rpc_dispatcher.h"
#include "protocol/limits.h"

namespace devs {

using Kind = RpcMessage::Kind;

MessageBatch decode_batch(JsonView messages) {
  MessageBatch batch;
  messages.each_element([&batch](JsonView entry) {
    if (batch.size() <= kMaxBatch) batch.push_back(decode_rpc(entry.text()));
  });
  return batch;
}

const char* batch_complaint(const MessageBatch& batch, const Session* session) {
  if (session == nullptr || !has_batches(session->identity().revision)) {
    return "batches belong to sessions of revision 2025-03-26";
  }
  if (batch.empty() || batch.size() > kMaxBatch) return "a batch has 1 to 100 messages";
  for (const auto& entry : batch) {
    const auto* message = std::get_if<RpcMessage>(&entry);
    if (message != nullptr && message->method == "initialize") {
      return "initialize must not be part of a batch";
    }
  }
  return nullptr;
}

std::size_t responses_owed(const MessageBatch& batch) {
  std::size_t owed = 0;
  for (const auto& entry : batch) {
    const auto* message = std::get_if<RpcMessage>(&entry);
    if (message == nullptr || message->kind == Kind::request) ++owed;
  }
  return owed;
}

void run_batch(const McpHousePtr& house, const Principal& principal, const SessionPtr& session,
               const MessageBatch& batch, BatchReply::Answer answer) {
  const auto reply = std::make_shared<BatchReply>(std::move(answer), responses_owed(batch));
  for (const auto& entry : batch) {
    if (const auto* refusal = std::get_if<RpcRefusal>(&entry)) {
      reply->slot()->now(fault_end(refusal->id, refusal->fault));
      continue;
    }
    const RpcMessage& message = std::get<RpcMessage>(entry);
    const RpcTurn turn{.house = house,
                       .message = message,
                       .principal = principal,
                       .session = session,
                       .revision = session->identity().revision};
    if (message.kind == Kind::request) {
      const auto slot = reply->slot();
      dispatch_request(turn, *slot);
    } else if (message.kind == Kind::notification) {
      dispatch_notification(turn);
    } else if (!session->host_requests().answer(message)) {
      house->stray_responses.add();
    }
  }
}

}  // namespace devs
