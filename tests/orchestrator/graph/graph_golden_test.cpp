// The measures against the golden file, see golden/README.md.

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "orchestrator/graph/graph_measures.h"
#include "orchestrator/graph/louvain.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr double kTolerance = 1e-6;

std::string golden() {
  std::ifstream file(DEVS_GRAPH_GOLDEN);
  std::ostringstream text;
  text << file.rdbuf();
  return compact_json(text.str(), kConfigJson).value();
}

ToolGraph graph_of(JsonView told) {
  ToolGraph graph;
  told["nodes"].each_element([&graph](JsonView node) { graph.add_node(*node.string()); });
  told["edges"].each_element([&graph](JsonView edge) {
    std::vector<JsonView> parts;
    edge.each_element([&parts](JsonView part) { parts.push_back(part); });
    graph.set_edge(*graph.find(*parts[0].string()), *graph.find(*parts[1].string()),
                   {.weight = *parts[2].number()});
  });
  return graph;
}

bool near(double is, double expected) {
  return std::abs(is - expected) <= kTolerance;
}

}  // namespace

TEST_CASE(
    "[S4.4] graph: density, PageRank and modularity are the golden ones, communities exactly") {
  const std::string text = golden();
  std::size_t cases = 0;
  JsonView(text).each_member([&cases](const std::string& name, JsonView told) {
    CAPTURE(name);
    ++cases;
    const ToolGraph graph = graph_of(told);
    const GraphMeasures measured(graph);
    CHECK(graph.node_count() == told["nodes"].size());
    CHECK(graph.edge_count() == told["edges"].size());
    CHECK(near(measured.density, told["density"].number().value()));
    told["pagerank"].each_member([&](const std::string& tool, JsonView score) {
      CAPTURE(tool);
      CHECK(near(measured.pagerank[graph.find(tool).value()], score.number().value()));
    });
    told["communities"].each_member([&](const std::string& tool, JsonView community) {
      CAPTURE(tool);
      CHECK(measured.communities[graph.find(tool).value()] == community.integer().value());
    });
    CHECK(measured.communities_count ==
          static_cast<std::size_t>(told["count"].integer().value_or(-1)));
    CHECK(
        near(modularity_of(graph, measured.communities), told["modularity"].number().value_or(0)));
  });
  CHECK(cases == 6);
}

TEST_CASE("[S4.4] [D4.10] graph: the same graph measured twice gives the same, to the last bit") {
  const std::string text = golden();
  const ToolGraph graph = graph_of(JsonView(text)["rand20"]);
  const GraphMeasures once(graph), twice(graph);
  CHECK(once.pagerank == twice.pagerank);
  CHECK(once.communities == twice.communities);
}

}  // namespace devs
