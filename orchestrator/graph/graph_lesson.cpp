#include "orchestrator/graph/graph_lesson.h"

#include <map>
#include <set>
#include <utility>

namespace devs {

std::vector<EdgeChange> lesson_of(const TaskRun& run, const ToolGraph& graph, ConfidenceRule rule,
                                  const GraphBounds& bounds) {
  std::map<std::pair<std::string, std::string>, ToolEdge> seen;  // in this run
  std::set<std::string> new_tools;
  std::size_t new_edges = 0;
  std::vector<EdgeChange> changes;
  const auto fits = [&](const std::string& tool) {
    if (graph.find(tool) || new_tools.contains(tool)) return true;
    if (graph.node_count() + new_tools.size() >= bounds.tools) return false;
    new_tools.insert(tool);
    return true;
  };
  for (const ToolStep& step : run.steps) {
    const auto known = seen.find({step.from, step.to});
    const ToolEdge* before = known == seen.end() ? nullptr : &known->second;
    if (before == nullptr) {
      const auto from = graph.find(step.from), to = graph.find(step.to);
      if (from && to) before = graph.edge(*from, *to);
    }
    if (before == nullptr) {
      if (graph.edge_count() + new_edges >= bounds.edges || !fits(step.from) || !fits(step.to))
        continue;
      ++new_edges;
    }
    const EdgeChange change{.from = step.from,
                            .to = step.to,
                            .now = edge_seen(before, step.type, rule),
                            .before = before ? before->weight : 0};
    seen[{step.from, step.to}] = change.now;
    changes.push_back(change);
  }
  return changes;
}

void apply(ToolGraph& graph, const EdgeChange& change) {
  const NodeIndex from = graph.add_node(change.from);
  const NodeIndex to = graph.add_node(change.to);
  graph.set_edge(from, to, change.now);
}

}  // namespace devs
