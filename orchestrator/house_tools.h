#pragma once

#include <functional>
#include <vector>

#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/graph/graph_keeper.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/query/trace_queries.h"
#include "orchestrator/upstream/upstream_set.h"
#include "trace/clock.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// What the house's own tools look at, and speak to.
struct HouseToolSources {
  TraceStreamBus& bus;
  const Epoch& epoch;
  const TraceQueries& queries;
  std::function<std::vector<UpstreamState>()> upstreams;
  const GraphKeeper& graph;
  const Clock& clock;
};

// Built-in tools that need more than one room (MCP page 11); the others are in
// calls/builtin_tools.h.
//
//   record_thought  publishes a thought of the caller's; its event id
//   get_task_tree   the calls of a task as a tree: tool, status, ms
//   list_upstreams  the servers behind this one, how they fare, and what to do about it
//   suggest_tools   tools by words, and by what followed the last one: name, score, why
//
// `query_workers` run get_task_tree: a broad question holds up other questions only.
//
// REQUIRES: everything passed outlives the registry's tools.
Status add_house_tools(ToolRegistry& tools, WorkerPool& workers, WorkerPool& query_workers,
                       HouseToolSources sources);

}  // namespace devs
