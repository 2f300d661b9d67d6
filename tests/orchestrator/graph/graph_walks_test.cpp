#include "orchestrator/graph/graph_walks.h"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <string>
#include <tuple>

namespace devs {
namespace {

using Edges = std::initializer_list<std::tuple<const char*, const char*, double>>;

ToolGraph graph_of(std::initializer_list<const char*> tools, Edges edges) {
  ToolGraph graph;
  for (const char* tool : tools) graph.add_node(tool);
  for (const auto& [from, to, weight] : edges)
    graph.set_edge(*graph.find(from), *graph.find(to), {.weight = weight});
  return graph;
}

std::string path(const ToolGraph& graph, const char* from, const char* to, ConfidenceRule rule) {
  std::string text;
  for (const NodeIndex node : path_between(graph, *graph.find(from), *graph.find(to), rule))
    text += graph.tool(node);
  return text;
}

}  // namespace

TEST_CASE("[S4.13] path: generation 1 takes the fewest edges, ties by the smaller index") {
  const auto graph = graph_of({"a", "d", "c", "b", "e"}, {{"a", "b", 1},
                                                          {"b", "e", 1},
                                                          {"a", "c", 0.5},
                                                          {"c", "e", 0.5},
                                                          {"a", "d", 1},
                                                          {"d", "c", 1}});
  CHECK(path(graph, "a", "e", ConfidenceRule::growing) == "ace");
  CHECK(path(graph, "a", "a", ConfidenceRule::growing) == "a");
  CHECK(path(graph, "e", "a", ConfidenceRule::growing).empty());
}

TEST_CASE("[S4.13] path: generation 2 takes the surest way, an edge costing ten at most") {
  const auto graph = graph_of({"a", "b", "c", "d"}, {{"a", "d", 0.2},
                                                     {"a", "b", 1},
                                                     {"b", "c", 1},
                                                     {"c", "d", 1},
                                                     {"d", "a", 0.01},
                                                     {"d", "b", 0.125},
                                                     {"b", "a", 0.6}});
  CHECK(path(graph, "a", "d", ConfidenceRule::typed) == "abcd");
  CHECK(path(graph, "a", "d", ConfidenceRule::growing) == "ad");
  // 1/0.125 + 1/0.6 = 9.67 is less than the 10 of the edge that is nearly nothing.
  CHECK(path(graph, "d", "a", ConfidenceRule::typed) == "dba");
}

TEST_CASE("[S4.13] related: shared neighbours count by how few neighbours they have") {
  // x and y share w (3 neighbours); x and z share w too, and v (2 neighbours).
  const auto graph = graph_of(
      {"x", "y", "z", "w", "v", "lone"},
      {{"x", "w", 0.5}, {"w", "y", 0.5}, {"z", "w", 0.5}, {"x", "v", 0.8}, {"v", "z", 0.5}});
  const auto related = related_to(graph, *graph.find("x"), ConfidenceRule::growing, 5);
  REQUIRE(related.size() == 2);
  CHECK(graph.tool(related[0].node) == "z");
  CHECK(related[0].score == doctest::Approx(1 / std::log(3.0) + 1 / std::log(2.0)));
  CHECK(graph.tool(related[1].node) == "y");
  CHECK(related[1].score == doctest::Approx(1 / std::log(3.0)));

  const auto weighed = related_to(graph, *graph.find("x"), ConfidenceRule::typed, 1);
  REQUIRE(weighed.size() == 1);
  CHECK(weighed[0].score == doctest::Approx(0.5 / std::log(3.0) + 0.8 / std::log(2.0)));
  CHECK(related_to(graph, *graph.find("lone"), ConfidenceRule::growing, 5).empty());
}

TEST_CASE("[S4.13] related: equal scores are told by name") {
  const auto graph = graph_of({"x", "w", "c", "a", "b"},
                              {{"x", "w", 1}, {"w", "c", 1}, {"w", "a", 1}, {"w", "b", 1}});
  const auto related = related_to(graph, 0, ConfidenceRule::growing, 5);
  REQUIRE(related.size() == 3);
  CHECK(graph.tool(related[0].node) == "a");
  CHECK(graph.tool(related[1].node) == "b");
  CHECK(graph.tool(related[2].node) == "c");
}

}  // namespace devs
