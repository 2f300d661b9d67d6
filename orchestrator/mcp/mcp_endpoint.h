#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/access/seal.h"
#include "orchestrator/calls/call_desk.h"
#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/mcp/offers.h"
#include "orchestrator/mcp/task_store.h"
#include "orchestrator/net/byte_pipe.h"
#include "orchestrator/net/exchange.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/route_table.h"
#include "orchestrator/net/worker_pool.h"
#include "trace/log.h"
#include "trace/metrics.h"

namespace devs {

// The MCP face, both eras: `/mcp` over Streamable HTTP, stdio, and HTTP+SSE when asked
// for.  Decides era, session and message, and over HTTP answers as the client's Accept
// allows: one JSON body when nothing must flow first, an SSE stream when progress does, or
// after sse_after.
//
// The handlers run on http workers and never wait; everything that comes later
// comes through CallDesk, the reactor, and for MCP tasks `workers`.  Thread-safe.
class McpEndpoint {
 public:
  struct Options {
    std::chrono::milliseconds sse_after{2'000};    // a slower answer becomes a stream
    std::chrono::milliseconds keep_alive{15'000};  // comment on open streams
    std::chrono::milliseconds session_idle{1'800'000};
    std::chrono::milliseconds session_idle_with_stream{86'400'000};
    std::size_t max_sessions = 10'000;
    std::size_t max_sessions_per_principal = 1'000;
    std::size_t page_size = 1'000;
    // Which clients are served; the others are answered as a server of one era does.
    enum class Eras { both, legacy, modern } eras = Eras::both;
    bool sessionless = true;  // POST without a session id is served (MCP page 4.3)
    bool http_sse = false;    // GET /sse and POST /messages of 2024-11-05 too
    std::string instructions{};
    std::string version{};               // serverInfo.version
    std::shared_ptr<const Seal> seal{};  // of what clients hand back; null: a new key
    // Of MCP tasks; null: in memory, gone with this process.
    std::shared_ptr<TaskStore> tasks{};
    std::chrono::milliseconds task_after{10'000};       // a slower call becomes a task
    std::chrono::milliseconds read_timeout{30'000};     // of a prompt or a read, each round
    std::chrono::milliseconds answer_limit{3'605'000};  // of a deferred answer
  };

  McpEndpoint(Options options, CallDesk& calls, ToolRegistry& tools, Reactor& reactor,
              WorkerPool& workers, Log& log, Metrics& metrics);
  ~McpEndpoint();
  McpEndpoint(const McpEndpoint&) = delete;
  McpEndpoint& operator=(const McpEndpoint&) = delete;

  // Adds POST, GET and DELETE /mcp; with http_sse GET /sse and POST /messages too.
  Status add_routes(RouteTable& routes);

  // What the host offers beside tools; changes are told to clients that asked.
  Offers& prompts();
  Offers& resources();
  Offers& templates();  // of resources
  // Tells who subscribed to it that a resource has changed.  Any thread.
  void resource_updated(std::string_view uri);

  // MCP over two byte streams, for one client, beside HTTP (StdioFace): messages are run on
  // `workers`.  `on_end` is told once, on the reactor, why the client says no more.  At most once.
  void serve_stdio(BytePipe in, BytePipe out, std::function<void(std::string_view why)> on_end,
                   WorkerPool& workers);
  // After close(): blocks until every request it made has been answered, and that is written, or
  // cannot be; what has no answer by then is refused.  REQUIRES: the reactor turns.
  void wait_stdio_written(std::chrono::milliseconds at_most);

  // Open streams end (retry hint first); sessions are forgotten.  New POSTs: 503.
  void close();

  std::size_t sessions() const;

 private:
  class Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace devs
