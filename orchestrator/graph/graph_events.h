#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/graph/graph_measures.h"
#include "orchestrator/graph/task_runs.h"
#include "orchestrator/graph/tool_graph.h"
#include "protocol/json.h"
#include "trace/entry.h"

namespace devs {

// One edge, before and after it was seen once more.
struct EdgeChange {
  std::string from, to;
  ToolEdge now;
  double before = 0;  // its confidence until then; 0: the edge is new
};

// What the graph tells the log (streams 8): entries of type `graph`, their name in the
// envelope's member `event`, their data in `payload`.  `ms`: wall clock since 1970.
Draft edge_event(const EdgeChange& change, std::int64_t ms);  // edge_created, edge_updated
Draft workflow_event(const TaskRun& run, std::int64_t ms);
Draft metrics_event(const ToolGraph& graph, const GraphMeasures& measures, std::int64_t ms);
Draft synced_event(const ToolGraph& graph, double sync_ms, std::int64_t ms);

// The change that an edge event told; `to` is empty when the payload tells none.
EdgeChange edge_change_of(JsonView payload);

// `[{"tool_id":...,"score":...}]`, the ten highest.
std::string top_ten(const ToolGraph& graph, const GraphMeasures& measures);

}  // namespace devs
