#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "orchestrator/orchestrator_server.h"
#include "protocol/result.h"

namespace devs {

// The config file: JSON in the form people already have for MCP hosts
// (`mcpServers`), with our own sections beside it.  Every key has a default; an
// unknown key, a wrong type or a value out of bounds is refused with one line
// that names file, key and what was expected.
//
//   http.host http.port http.hosts http.trusted_proxies http.max_connections http.body_budget_bytes
//   trace.dir trace.ring_entries trace.ring_bytes trace.segment_bytes
//   trace.segment_age_s trace.zstd_level
//   recorder.durability ("written" | "synced") recorder.on_failure ("refuse" | "continue")
//   retention.bytes retention.age_s retention.entries (0: no bound)
//   triggers.on_error triggers.slower_than_ms triggers.before triggers.after triggers.max
//   tools.timeout_ms tools.max_in_flight tools.threads
//   builtin.tools ("default" | "all")
//   sse.heartbeat_ms sse.retry_ms sse.max_clients sse.max_per_principal sse.checkpoint
//   streams (a list of name, path, topic, framing, heartbeat_ms, max_clients)
//   mcp.sse_after_ms mcp.page_size mcp.sessionless ("serve" | "refuse") mcp.instructions
//   mcp.http_sse (true | false)
//   sessions.idle_ms sessions.max sessions.max_per_principal  tasks.after_ms
//   auth.tokens (a list of name, sha256, role) auth.query_bearer (true | false)
//   cors.origins cors.graph_origins  graph.confidence (1 | 2) graph.task_idle_ms
//   graph.templates (a list of pairs of tools)  channels.require_existing  agents.require_existing  drain_ms
Status apply_config(std::string_view file_name, std::string_view text,
                    OrchestratorServer::Options& options);
Status load_config(const std::string& path, OrchestratorServer::Options& options);

// MCP_PORT, else DEVS_MCP_PORT; TASK_MESSAGE_TTL_MINUTES, OBSERVABILITY_EVENT_BUFFER; what
// access_from_environment() reads.  Beats the file,
// is beaten by flags.
Status apply_environment(const GetEnv& get, OrchestratorServer::Options& options);

}  // namespace devs
