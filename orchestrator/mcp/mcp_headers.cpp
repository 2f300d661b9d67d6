#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/rpc_reply.h"

namespace devs {

McpHouse::McpHouse(McpEndpoint::Options with, CallDesk& desk, ToolRegistry& registry, Reactor& home,
                   WorkerPool& workers, Log& log, Metrics& metrics)
    : options(std::move(with)),
      calls(desk),
      tools(registry),
      reactor(home),
      sessions_open(metrics.counter("mcp_sessions")),
      sessions_evicted(metrics.counter("mcp_sessions_ended_total", "reason=\"evicted\"")),
      sessions_expired(metrics.counter("mcp_sessions_ended_total", "reason=\"idle\"")),
      streams_begun(metrics.counter("mcp_streams_total")),
      stray_responses(metrics.counter("mcp_stray_responses_total")),
      unknown_cancels(metrics.counter("mcp_unknown_cancels_total")),
      other_versions(metrics.counter("mcp_version_differs_total")),
      stdio_in(metrics.counter("mcp_stdio_messages_total", "direction=\"in\"")),
      stdio_out(metrics.counter("mcp_stdio_messages_total", "direction=\"out\"")),
      stdio_refused(metrics.counter("mcp_stdio_refused_total")),
      listens(options.version),
      sessions({.max_sessions = options.max_sessions,
                .max_per_principal = options.max_sessions_per_principal,
                .idle = options.session_idle,
                .idle_with_stream = options.session_idle_with_stream}),
      catalogue(registry, options.page_size),
      slow(std::make_shared<SlowCalls>(home, options.sse_after)),
      promotions(std::make_shared<SlowCalls>(home, options.task_after)),
      reads(std::make_shared<SlowCalls>(home, options.read_timeout)),
      mcp_tasks(std::make_shared<Tasks>(options.tasks, options.seal, workers, home.clock(), log,
                                        metrics)) {
}

McpHeaders read_mcp_headers(McpHouse& house, const Exchange& exchange) {
  const RequestHead& head = exchange.head();
  McpHeaders headers;
  if (const std::size_t count = head.count("mcp-protocol-version"); count != 0) {
    headers.version = head.field("mcp-protocol-version");
    headers.is_modern = count == 1 && modern_revision_of(headers.version).has_value();
    headers.version_ok = count == 1 && legacy_revision_of(headers.version).has_value();
  }
  const std::size_t count = head.count("mcp-session-id");
  headers.names_session = count != 0;
  if (count == 1) {
    headers.session = house.sessions.find(exchange.principal().name, head.field("mcp-session-id"),
                                          house.reactor.now());
  }
  if (headers.session && !headers.version.empty() && headers.version_ok &&
      headers.version != name_of(headers.session->identity().revision)) {
    house.other_versions.add();
  }
  return headers;
}

void respond_error(Exchange& exchange, int http_status, int rpc_code, std::string_view message) {
  exchange.respond(http_answer_of(
      fault_end({}, {.code = rpc_code, .message = std::string(message), .data = {}}, http_status)));
}

void respond_closed(Exchange& exchange) {
  RpcEnd end = fault_end({}, fault_of(Status(Code::unavailable, "shutting down")),
                         http_status_of(Code::unavailable));
  end.retry_later = true;
  exchange.respond(http_answer_of(std::move(end)));
}

bool check_session(const McpHeaders& headers, bool required, Exchange& exchange,
                   std::string_view id) {
  if (headers.session) return true;
  if (!headers.names_session && !required) return true;
  RpcFault fault{.code = kRpcNoSession, .message = "Mcp-Session-Id is required", .data = {}};
  int status = 400;
  if (headers.names_session) {
    fault = {.code = kRpcUnknownSession, .message = "Session not found", .data = {}};
    status = 404;
  }
  exchange.respond(http_answer_of(fault_end(id, fault, status)));
  return false;
}

bool check_session_verb(const McpHeaders& headers, Exchange& exchange) {
  if (headers.is_modern) {
    HttpAnswer answer = http_answer_of(fault_end(
        {}, {.code = kRpcInvalidRequest, .message = "Method Not Allowed", .data = {}}, 405));
    answer.headers.emplace_back("Allow", "POST");
    exchange.respond(std::move(answer));
    return false;
  }
  if (!headers.version_ok) {
    respond_error(exchange, 400, kRpcNoSession, "MCP-Protocol-Version is not supported");
    return false;
  }
  return check_session(headers, true, exchange, {});
}

}  // namespace devs
