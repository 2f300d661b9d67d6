#pragma once

#include <vector>

#include "orchestrator/graph/edge_rules.h"
#include "orchestrator/graph/graph_events.h"

namespace devs {

// Names of tools are a client's words, so the graph has an end: twice the tools a house
// is built for (MCP page, M65), and some twenty that follow each of the usual ones.  What
// does not fit is not learned; what is known goes on growing surer.
struct GraphBounds {
  std::size_t tools = 20'000;
  std::size_t edges = 200'000;
};

// What one execution teaches, in its order; the graph is not touched.
std::vector<EdgeChange> lesson_of(const TaskRun& run, const ToolGraph& graph, ConfidenceRule rule,
                                  const GraphBounds& bounds = {});
void apply(ToolGraph& graph, const EdgeChange& change);

}  // namespace devs
