#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace devs {

// A tool's place in the graph: its number in the order in which tools came.
using NodeIndex = std::uint32_t;

// Why one tool is held to follow another (streams 8.1), and how well that is known.
enum class EdgeType : std::uint8_t { dependency, contains, provides, sequence, other };
enum class EdgeSource : std::uint8_t { observed, inferred, template_, other };
std::string_view name_of(EdgeType type);
std::string_view name_of(EdgeSource source);
EdgeType edge_type_of(std::string_view name);      // `other` for what is none
EdgeSource edge_source_of(std::string_view name);  // the same

struct ToolEdge {
  double weight = 0;        // the confidence: above 0, at most 1
  std::uint64_t count = 0;  // how often it was seen
  EdgeType type = EdgeType::other;
  EdgeSource source = EdgeSource::other;
  bool operator==(const ToolEdge&) const = default;
};

// What follows what: tools, and weighted directed edges between two different ones, at
// most one each way.  Nodes and edges are added and changed, never removed.
//
// A value.
class ToolGraph {
 public:
  // The node of that tool, made when there is none.
  NodeIndex add_node(std::string_view tool);
  std::optional<NodeIndex> find(std::string_view tool) const;
  const std::string& tool(NodeIndex node) const { return nodes_[node].tool; }

  // REQUIRES: from != to
  void set_edge(NodeIndex from, NodeIndex to, const ToolEdge& edge);
  const ToolEdge* edge(NodeIndex from, NodeIndex to) const;  // null: there is none

  // By index.
  const std::map<NodeIndex, ToolEdge>& out(NodeIndex node) const { return nodes_[node].out; }
  const std::set<NodeIndex>& in(NodeIndex node) const { return nodes_[node].in; }
  // Neighbours either way, each once.
  std::set<NodeIndex> around(NodeIndex node) const;

  std::size_t node_count() const { return nodes_.size(); }
  std::size_t edge_count() const { return edge_count_; }

 private:
  struct Node {
    std::string tool;
    std::map<NodeIndex, ToolEdge> out;
    std::set<NodeIndex> in;
  };
  std::vector<Node> nodes_;
  std::map<std::string, NodeIndex, std::less<>> by_tool_;
  std::size_t edge_count_ = 0;
};

}  // namespace devs
