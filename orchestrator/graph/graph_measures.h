#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/graph/tool_graph.h"

namespace devs {

// What is measured of a graph (streams 8.2).  Pure functions; doubles throughout.

// Edges there are, of those there could be; 0 for at most one node.
double density_of(const ToolGraph& graph);

// The weight of each node, by index; they sum to 1.  Stops after `max_rounds` with what
// it has: a graph on which it does not settle is no failure.
inline constexpr int kPagerankRounds = 100;
std::vector<double> pagerank_of(const ToolGraph& graph, int max_rounds = kPagerankRounds);

struct RankedTool {
  std::string tool;
  double score = 0;
};
// The first `most` by score, falling; ties by name.
std::vector<RankedTool> highest_ranked(const ToolGraph& graph, const std::vector<double>& pagerank,
                                       std::size_t most);

double average_confidence(const ToolGraph& graph);  // 0 without edges

// All of it, of one graph.
struct GraphMeasures {
  explicit GraphMeasures(const ToolGraph& graph);

  double density, average_confidence;
  std::vector<double> pagerank;            // by node
  std::vector<std::uint32_t> communities;  // by node
  std::size_t communities_count;
};

}  // namespace devs
