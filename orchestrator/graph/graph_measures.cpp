#include "orchestrator/graph/graph_measures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "orchestrator/graph/louvain.h"

namespace devs {
namespace {

constexpr double kDamping = 0.85;
constexpr double kTolerance = 1e-4;  // per node

}  // namespace

double density_of(const ToolGraph& graph) {
  const auto nodes = static_cast<double>(graph.node_count());
  return nodes <= 1 ? 0 : static_cast<double>(graph.edge_count()) / (nodes * (nodes - 1));
}

std::vector<double> pagerank_of(const ToolGraph& graph, int max_rounds) {
  const std::size_t size = graph.node_count();
  const auto nodes = static_cast<double>(size);
  std::vector<double> rank(size, size == 0 ? 0 : 1 / nodes), next(size), out_weight(size);
  for (NodeIndex node = 0; node < size; ++node)
    for (const auto& [to, edge] : graph.out(node)) out_weight[node] += edge.weight;

  for (int round = 0; round < max_rounds; ++round) {
    double dangling = 0;
    for (NodeIndex node = 0; node < size; ++node)
      if (graph.out(node).empty()) dangling += rank[node];
    std::fill(next.begin(), next.end(), kDamping * dangling / nodes + (1 - kDamping) / nodes);
    for (NodeIndex node = 0; node < size; ++node)
      for (const auto& [to, edge] : graph.out(node))
        next[to] += kDamping * rank[node] * edge.weight / out_weight[node];
    double change = 0;
    for (std::size_t node = 0; node < size; ++node) change += std::abs(next[node] - rank[node]);
    rank.swap(next);
    if (change < nodes * kTolerance) break;
  }
  return rank;
}

std::vector<RankedTool> highest_ranked(const ToolGraph& graph, const std::vector<double>& pagerank,
                                       std::size_t most) {
  std::vector<NodeIndex> order(graph.node_count());
  std::iota(order.begin(), order.end(), NodeIndex{0});
  most = std::min(most, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(),
                    [&](NodeIndex a, NodeIndex b) {
                      return pagerank[a] != pagerank[b] ? pagerank[a] > pagerank[b]
                                                        : graph.tool(a) < graph.tool(b);
                    });
  std::vector<RankedTool> first;
  for (std::size_t at = 0; at < most; ++at)
    first.push_back({graph.tool(order[at]), pagerank[order[at]]});
  return first;
}

double average_confidence(const ToolGraph& graph) {
  if (graph.edge_count() == 0) return 0;
  double sum = 0;
  for (NodeIndex node = 0; node < graph.node_count(); ++node)
    for (const auto& [to, edge] : graph.out(node)) sum += edge.weight;
  return sum / static_cast<double>(graph.edge_count());
}

GraphMeasures::GraphMeasures(const ToolGraph& graph)
    : density(density_of(graph)),
      average_confidence(devs::average_confidence(graph)),
      pagerank(pagerank_of(graph)),
      communities(communities_of(graph)),
      communities_count(count_communities(communities)) {
}

}  // namespace devs
