#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orchestrator/graph/edge_rules.h"
#include "orchestrator/graph/graph_history.h"
#include "orchestrator/graph/graph_picture.h"

namespace devs {

// Answers about the graph as JSON text (streams 8), and its files.  Pure.

std::string snapshot_json(const GraphPicture& picture, std::string_view last_id);
std::string path_json(const ToolGraph& graph, NodeIndex from, NodeIndex to, ConfidenceRule rule);
std::string related_json(const ToolGraph& graph, NodeIndex tool, ConfidenceRule rule,
                         std::size_t limit);
// By confidence falling, then by name; a tool on both sides is listed twice.
std::string neighbors_json(const ToolGraph& graph, NodeIndex node, std::size_t limit);
// The others of its community, by PageRank falling, then by name.
std::string community_json(const GraphPicture& picture, NodeIndex node, std::size_t limit);

// Of /api/metrics: a range, how wide its points are.
struct MetricsRange {
  std::string_view name;
  std::int64_t minutes, step;
};
const MetricsRange* metrics_range(std::string_view name);  // null: there is none
std::string metrics_json(const GraphPicture& picture, const GraphHistory& history,
                         const MetricsRange& range, std::int64_t now_ms);

std::string graphml_of(const ToolGraph& graph);
std::string csv_of(const ToolGraph& graph);

}  // namespace devs
