#include "orchestrator/graph/tool_graph.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace devs {
namespace {

constexpr std::array<std::string_view, 5> kTypes{"dependency", "contains", "provides", "sequence",
                                                 "other"};
constexpr std::array<std::string_view, 4> kSources{"observed", "inferred", "template", "other"};

// The last name stands for what is not in the list.
template <class Enum, std::size_t N>
Enum named(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end() - 1, name);
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view name_of(EdgeType type) {
  return kTypes[static_cast<std::size_t>(type)];
}
std::string_view name_of(EdgeSource source) {
  return kSources[static_cast<std::size_t>(source)];
}
EdgeType edge_type_of(std::string_view name) {
  return named<EdgeType>(kTypes, name);
}
EdgeSource edge_source_of(std::string_view name) {
  return named<EdgeSource>(kSources, name);
}

NodeIndex ToolGraph::add_node(std::string_view tool) {
  if (const auto known = find(tool)) return *known;
  const auto node = static_cast<NodeIndex>(nodes_.size());
  nodes_.push_back({std::string(tool), {}, {}});
  by_tool_.emplace(tool, node);
  return node;
}

std::optional<NodeIndex> ToolGraph::find(std::string_view tool) const {
  const auto found = by_tool_.find(tool);
  if (found == by_tool_.end()) return std::nullopt;
  return found->second;
}

void ToolGraph::set_edge(NodeIndex from, NodeIndex to, const ToolEdge& edge) {
  assert(from != to);
  if (nodes_[from].out.insert_or_assign(to, edge).second) ++edge_count_;
  nodes_[to].in.insert(from);
}

const ToolEdge* ToolGraph::edge(NodeIndex from, NodeIndex to) const {
  const auto found = nodes_[from].out.find(to);
  return found == nodes_[from].out.end() ? nullptr : &found->second;
}

std::set<NodeIndex> ToolGraph::around(NodeIndex node) const {
  std::set<NodeIndex> all = in(node);
  for (const auto& [to, edge] : out(node)) all.insert(to);
  return all;
}

}  // namespace devs
