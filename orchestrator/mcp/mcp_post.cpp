#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "orchestrator/mcp/accept_header.h"
#include "orchestrator/mcp/call_reply.h"
#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/message_batch.h"
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
      is_request ? message.id : std::string_view(),
      {.code = kRpcNoSession, .message = "MCP-Protocol-Version is not supported", .data = {}},
      400)));
  return false;
}

void post_one(const McpHousePtr& house, Exchange& exchange, const RpcMessage& message,
              const Accepts& accepts) {
  const McpHeaders headers = read_mcp_headers(*house, exchange);
  if (is_of_modern_era(*house, headers, message))
    return post_modern(house, exchange, message, accepts);
  if (!check_version(headers, message, exchange)) return;
  const bool is_request = message.kind == Kind::request;
  const bool begins = is_request && message.method == "initialize";
  if (!check_session(headers, !house->options.sessionless && !begins, exchange,
                     is_request ? message.id : std::string_view())) {
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

void post_batch(const McpHousePtr& house, Exchange& exchange, JsonView messages) {
  const McpHeaders headers = read_mcp_headers(*house, exchange);
  if (headers.is_modern) {
    return respond_error(exchange, 400, kRpcInvalidRequest, "2026-07-28 has no batches");
  }
  if (!headers.version_ok) {
    return respond_error(exchange, 400, kRpcNoSession, "MCP-Protocol-Version is not supported");
  }
  if (headers.names_session && !check_session(headers, true, exchange, {})) return;
  const MessageBatch batch = decode_batch(messages);
  if (const char* complaint = batch_complaint(batch, headers.session.get())) {
    return respond_error(exchange, 400, kRpcInvalidRequest, complaint);
  }
  BatchReply::Answer answer;
  if (responses_owed(batch) == 0) {
    exchange.respond(empty_answer(202));
  } else {
    answer = [owed = exchange.defer(house->options.answer_limit)](std::string responses) mutable {
      std::move(owed).send(responses.empty() ? empty_answer(202)  // all cancelled
                                             : json_answer(200, std::move(responses)));
    };
  }
  run_batch(house, exchange.principal(), headers.session, batch, std::move(answer));
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
  const auto decoded = decode_rpc(*text);
  if (const auto* refusal = std::get_if<RpcRefusal>(&decoded)) {
    return exchange.respond(http_answer_of(fault_end(refusal->id, refusal->fault, 400)));
  }
  post_one(house, exchange, std::get<RpcMessage>(decoded), accepts);
}

}  // namespace devs
