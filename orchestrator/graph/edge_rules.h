#pragma once

#include <string_view>

#include "orchestrator/graph/tool_graph.h"

namespace devs {

// How the confidence of an edge follows from what was seen of it (streams 8.1).
enum class ConfidenceRule {
  growing,  // generation 1: 0.5, then a tenth more each time, at most 1
  typed     // generation 2: by the edge's type and by how well it is known
};

// Edges that are no surer than this are not loaded.
inline constexpr double kLeastConfidence = 0.3;

// An edge after it was seen once more, as of that type; `before` null: for the first
// time.  An edge seen as of two types keeps the stronger one.
ToolEdge edge_seen(const ToolEdge* before, EdgeType type, ConfidenceRule rule);
// An edge that somebody proposed and nobody has seen yet.
ToolEdge template_edge();

}  // namespace devs
