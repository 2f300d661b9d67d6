#pragma once

#include <vector>

#include "orchestrator/graph/edge_rules.h"
#include "orchestrator/graph/tool_graph.h"

namespace devs {

// What can be reached from a tool, and what is like it (streams 8.2).

// The nodes of the best way, both ends included; empty: there is none.  Rule `growing`:
// fewest edges, ties by the smallest index; `typed`: least sum of 1 / max(weight, 0.1),
// the same ties.
std::vector<NodeIndex> path_between(const ToolGraph& graph, NodeIndex from, NodeIndex to,
                                    ConfidenceRule rule);

struct RelatedTool {
  NodeIndex node = 0;
  double score = 0;
};
// Adamic-Adar over neighbours either way: by score falling, then by name; at most `most`.
// A shared neighbour counts more the fewer neighbours it has, and with rule `typed` the
// surer its edge to `node` is.
std::vector<RelatedTool> related_to(const ToolGraph& graph, NodeIndex node, ConfidenceRule rule,
                                    std::size_t most);

}  // namespace devs
