#pragma once

#include <cstdint>
#include <vector>

#include "orchestrator/graph/tool_graph.h"

namespace devs {

// The community of each node, by index: directed Louvain, resolution 1 (streams 8.2).
// The same graph always gives the same answer.  Communities are numbered from 0 in the
// order in which nodes first name them.
std::vector<std::uint32_t> communities_of(const ToolGraph& graph);

// How many there are.
std::size_t count_communities(const std::vector<std::uint32_t>& communities);

// How much more weight lies inside communities than chance would put there; 0 without
// edges.
double modularity_of(const ToolGraph& graph, const std::vector<std::uint32_t>& communities);

}  // namespace devs
