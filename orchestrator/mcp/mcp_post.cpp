#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "orchestrator/mcp/accept_header.h"
#include "orchestrator/mcp/batch_reply.h"
#include "orchestrator/mcp/call_reply.h"
#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/modern_post.h"
#include "orchestrator/mcp/rpc_dispatcher.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

using Kind = RpcMessage::Kind;

// What the answers to a message outside any session may contain: what the header
// says, else the revision that was current before there was a header.
McpRevision revision_for(const McpHeaders& headers) {
  if (headers.session) return headers.session->identity().revision;
  return legacy_revision_of(headers.version).value_or(McpRevision::v2025_03_26);
}

// True when the message may go on; otherwise it has been answered.
bool check_version(const McpHeaders& headers, const RpcMessage& message, Exchange& exchange) {
  const bool is_request = message.kind == Kind::request;
  if (headers.version_ok || (is_request && message.method == "initialize")) return true;
  exchange.respond(http_answer_of(fault_end(
      is_request ? message.id : std::string_view("null"),
      {.code = kRpcNoSession, .message = "MCP-Protocol-Version is not supported", .data = {}},
      400)));
  return false;
}

void post_one(const McpHousePtr& house, Exchange& exchange, const RpcMessage& message,
              const Accepts& accepts) {
  const McpHeaders headers = read_mcp_headers(*house, exchange);
  if (is_of_modern_era(headers, message)) return post_modern(house, exchange, message, accepts);
  if (!check_version(headers, message, exchange)) return;
  const bool is_request = message.kind == Kind::request;
  const bool begins = is_request && message.method == "initialize";
  if (!check_session(headers, !house->options.sessionless && !begins, exchange,
                     is_request ? message.id : std::string_view("null"))) {
    return;
  }
  const RpcTurn turn{.house = house,
                     .message = message,
                     .principal = exchange.principal(),
                     .session = headers.session,
                     .revision = revision_for(headers)};
  if (is_request) {
    HttpReply reply(house, exchange, headers.session, accepts.sse);
    return dispatch_request(turn, reply);
  }
  if (message.kind == Kind::notification) {
    dispatch_notification(turn);
  } else if (!headers.session || !headers.session->host_requests().answer(message)) {
    house->stray_responses.add();
  }
  exchange.respond(empty_answer(202));
}

using Decoded = std::variant<RpcMessage, RpcRefusal>;

// Why a batch may not be run at all; nullptr when it may.
const char* batch_complaint(const std::vector<Decoded>& batch, const Session* session) {
  if (session == nullptr || !has_batches(session->identity().revision)) {
    return "batches belong to sessions of revision 2025-03-26";
  }
  if (batch.empty() || batch.size() > kMaxBatch) return "a batch has 1 to 100 messages";
  for (const Decoded& entry : batch) {
    const auto* message = std::get_if<RpcMessage>(&entry);
    if (message != nullptr && message->method == "initialize") {
      return "initialize must not be part of a batch";
    }
  }
  return nullptr;
}

void run_batch(const McpHousePtr& house, Exchange& exchange, const std::vector<Decoded>& batch,
               const SessionPtr& session) {
  std::size_t owed = 0;
  for (const Decoded& entry : batch) {
    const auto* message = std::get_if<RpcMessage>(&entry);
    if (message == nullptr || message->kind == Kind::request) ++owed;
  }
  std::shared_ptr<BatchReply> reply;
  if (owed != 0) {
    reply = std::make_shared<BatchReply>(exchange.defer(house->options.answer_limit), owed);
  }
  for (const Decoded& entry : batch) {
    if (const auto* refusal = std::get_if<RpcRefusal>(&entry)) {
      reply->slot()->now(fault_end(refusal->id, refusal->fault));
      continue;
    }
    const RpcMessage& message = std::get<RpcMessage>(entry);
    const RpcTurn turn{.house = house,
                       .message = message,
                       .principal = exchange.principal(),
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
  if (owed == 0) exchange.respond(empty_answer(202));
}

void post_batch(const McpHousePtr& house, Exchange& exchange, JsonView messages) {
  const McpHeaders headers = read_mcp_headers(*house, exchange);
  if (headers.is_modern) {
    return respond_error(exchange, 400, kRpcInvalidRequest, "2026-07-28 has no batches");
  }
  if (!headers.version_ok) {
    return respond_error(exchange, 400, kRpcNoSession, "MCP-Protocol-Version is not supported");
  }
  if (headers.names_session && !check_session(headers, true, exchange, "null")) return;
  std::vector<Decoded> batch;
  messages.each_element([&batch](JsonView entry) {
    if (batch.size() <= kMaxBatch) batch.push_back(decode_rpc(entry.text()));
  });
  if (const char* complaint = batch_complaint(batch, headers.session.get())) {
    return respond_error(exchange, 400, kRpcInvalidRequest, complaint);
  }
  run_batch(house, exchange, batch, headers.session);
}

}  // namespace

void handle_mcp_post(const McpHousePtr& house, Exchange& exchange) {
  if (house->closed) return respond_closed(exchange);
  const Accepts accepts = accepts_of(exchange.head());
  if (!accepts.json) {
    return respond_error(exchange, 406, kRpcNoSession,
                         "Not Acceptable: a POST needs Accept: application/json, "
                         "text/event-stream");
  }
  const auto text = compact_json(exchange.body(), kRequestJson);
  if (!text.ok()) {
    return respond_error(exchange, 400, kRpcParseError, text.status().message());
  }
  if (const JsonView messages(*text); messages.is_array()) {
    return post_batch(house, exchange, messages);
  }
  const Decoded decoded = decode_rpc(*text);
  if (const auto* refusal = std::get_if<RpcRefusal>(&decoded)) {
    return exchange.respond(http_answer_of(fault_end(refusal->id, refusal->fault, 400)));
  }
  post_one(house, exchange, std::get<RpcMessage>(decoded), accepts);
}

}  // namespace devs
