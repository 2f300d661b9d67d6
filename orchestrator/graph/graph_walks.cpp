#include "orchestrator/graph/graph_walks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace devs {
namespace {

constexpr double kLeastWeight = 0.1;  // what an edge costs has a bound

double cost_of(const ToolEdge& edge, ConfidenceRule rule) {
  return rule == ConfidenceRule::growing ? 1 : 1 / std::max(edge.weight, kLeastWeight);
}

// The surer of the two edges between them.
double weight_between(const ToolGraph& graph, NodeIndex a, NodeIndex b) {
  const ToolEdge *there = graph.edge(a, b), *back = graph.edge(b, a);
  return std::max(there ? there->weight : 0, back ? back->weight : 0);
}

}  // namespace

std::vector<NodeIndex> path_between(const ToolGraph& graph, NodeIndex from, NodeIndex to,
                                    ConfidenceRule rule) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  std::vector<double> cost(graph.node_count(), kFar);
  std::vector<NodeIndex> before(graph.node_count(), from);
  std::set<std::pair<double, NodeIndex>> open{{0, from}};
  cost[from] = 0;
  while (!open.empty()) {
    const auto [so_far, node] = *open.begin();
    open.erase(open.begin());
    if (node == to) break;
    for (const auto& [next, edge] : graph.out(node)) {
      const double there = so_far + cost_of(edge, rule);
      if (there >= cost[next]) continue;  // nodes are closed by cost, then by index
      open.erase({cost[next], next});
      cost[next] = there;
      before[next] = node;
      open.emplace(there, next);
    }
  }
  if (cost[to] == kFar) return {};
  std::vector<NodeIndex> path{to};
  while (path.back() != from) path.push_back(before[path.back()]);
  std::reverse(path.begin(), path.end());
  return path;
}

std::vector<RelatedTool> related_to(const ToolGraph& graph, NodeIndex node, ConfidenceRule rule,
                                    std::size_t most) {
  std::map<NodeIndex, double> scores;
  for (const NodeIndex shared : graph.around(node)) {
    const std::set<NodeIndex> theirs = graph.around(shared);
    if (theirs.size() <= 1) continue;
    double score = 1 / std::log(static_cast<double>(theirs.size()));
    if (rule == ConfidenceRule::typed) score *= weight_between(graph, node, shared);
    for (const NodeIndex other : theirs)
      if (other != node) scores[other] += score;
  }
  std::vector<RelatedTool> related;
  for (const auto& [other, score] : scores) related.push_back({other, score});
  std::sort(related.begin(), related.end(), [&](const RelatedTool& a, const RelatedTool& b) {
    return a.score != b.score ? a.score > b.score : graph.tool(a.node) < graph.tool(b.node);
  });
  if (related.size() > most) related.resize(most);
  return related;
}

}  // namespace devs
