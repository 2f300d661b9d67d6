#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/mcp/catalogue.h"
#include "orchestrator/mcp/implicit_task.h"
#include "orchestrator/mcp/list_cursor.h"
#include "orchestrator/mcp/listens.h"
#include "orchestrator/mcp/loose_calls.h"
#include "orchestrator/mcp/mcp_endpoint.h"
#include "orchestrator/mcp/offers.h"
#include "orchestrator/mcp/session_table.h"
#include "orchestrator/mcp/slow_calls.h"
#include "orchestrator/mcp/tasks.h"

namespace devs {

// The parts that every request of the endpoint may need.  Shared by the endpoint
// and by what it still owes; outlived by what it refers to.
struct McpHouse {
  McpHouse(McpEndpoint::Options with, CallDesk& desk, ToolRegistry& registry, Reactor& home,
           WorkerPool& workers, Log& log, Metrics& metrics);

  // How a message that says so, or does not, is served.
  bool is_modern(bool says_so) const {
    return options.eras == Eras::modern || (says_so && options.eras == Eras::both);
  }

  using Eras = McpEndpoint::Options::Eras;
  const McpEndpoint::Options options;
  CallDesk& calls;
  ToolRegistry& tools;
  Reactor& reactor;

  Counter& sessions_open;
  Counter& sessions_evicted;
  Counter& sessions_expired;
  Counter& streams_begun;
  Counter& stray_responses;
  Counter& unknown_cancels;
  Counter& other_versions;
  Counter& stdio_in;  // messages
  Counter& stdio_out;
  Counter& stdio_refused;

  Offers prompts, resources, templates;
  const ListCursors cursors;  // of their lists
  Listens listens;
  SessionTable sessions;
  Catalogue catalogue;
  PrincipalTasks tasks;  // of requests without a session
  LooseCalls loose;      // the same, of the legacy era
  const std::shared_ptr<SlowCalls> slow;
  const std::shared_ptr<SlowCalls> promotions;  // of calls to tasks
  const std::shared_ptr<SlowCalls> reads;       // prompts and reads the host has in hand
  const std::shared_ptr<Tasks> mcp_tasks;
  std::atomic<bool> closed{false};
};
using McpHousePtr = std::shared_ptr<McpHouse>;

// The three handlers of /mcp; each on an http worker.
void handle_mcp_post(const McpHousePtr& house, Exchange& exchange);
void handle_mcp_get(const McpHousePtr& house, Exchange& exchange);
void handle_mcp_delete(const McpHousePtr& house, Exchange& exchange);

// What the headers say about version and session.
struct McpHeaders {
  std::string_view version;  // as sent; empty: none
  bool is_modern = false;    // names the modern revision
  bool version_ok = true;    // absent or a legacy revision
  bool names_session = false;
  SessionPtr session;  // null beside names_session: unknown, foreign or ended
};
McpHeaders read_mcp_headers(McpHouse& house, const Exchange& exchange);

// An error that belongs to no request.
void respond_error(Exchange& exchange, int http_status, int rpc_code, std::string_view message);
// 503 + Retry-After while the endpoint closes.
void respond_closed(Exchange& exchange);
// True when `head` may go on: otherwise the answer (400, 404) has been given.
// `id` is that of the request, `null` when there is none.
bool check_session(const McpHeaders& headers, bool required, Exchange& exchange,
                   std::string_view id);
// The same for GET and DELETE: a legacy version, a session that is known.
bool check_session_verb(const McpHeaders& headers, Exchange& exchange);

}  // namespace devs
