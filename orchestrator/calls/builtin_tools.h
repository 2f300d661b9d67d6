#pragma once

#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "trace/flight_log.h"

namespace devs {

// The house's own tools (MCP page 11) that need no other room; the rest are in
// orchestrator/house_tools.h.
//
//   echo       returns its text, and `structured` as structuredContent
//   get_trace  envelopes of the log, the newest page or what came after an id
//   sleep      waits without holding a thread, progress each 100 ms  (all only)
//   fail       fails on demand, three ways                           (all only)
//
// `all`: also the ones that are for trying things out.  REQUIRES: everything
// passed outlives the registry's tools.
Status add_builtin_tools(ToolRegistry& tools, bool all, WorkerPool& workers, Reactor& reactor,
                         const FlightLog& log);

// Waits `ms` on the reactor's timers, so that ten thousand sleeps hold no thread.
ToolPtr make_sleep_tool(Reactor& reactor);

}  // namespace devs
