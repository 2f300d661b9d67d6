#include "orchestrator/graph/graph_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "orchestrator/graph/graph_events.h"
#include "orchestrator/graph/graph_walks.h"
#include "protocol/json.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

// A JSON array of what each(add) adds.
template <class Each>
std::string list(Each&& each) {
  std::string out = "[";
  each([&out](const std::string& element) {
    if (out.size() > 1) out += ',';
    out += element;
  });
  return out + ']';
}

template <class F>
void each_edge(const ToolGraph& graph, F&& f) {
  for (NodeIndex from = 0; from < graph.node_count(); ++from)
    for (const auto& [to, edge] : graph.out(from)) f(from, to, edge);
}

// What stands before `__` in the name of an upstream's tool (MCP page 11).
std::string_view server_of(std::string_view tool) {
  const std::size_t end = tool.find("__");
  return end == std::string_view::npos ? std::string_view("builtin") : tool.substr(0, end);
}

std::string escaped(std::string_view text, std::string_view marked, bool xml) {
  std::string out;
  for (const char c : text) {
    if (marked.find(c) == std::string_view::npos)
      out += c;
    else
      out += xml ? fmt::format("&#{};", static_cast<int>(static_cast<unsigned char>(c))) : "\"\"";
  }
  return out;
}

}  // namespace

std::string snapshot_json(const GraphPicture& picture, std::string_view last_id) {
  const ToolGraph& graph = picture.graph();
  const GraphMeasures& measures = picture.measures();
  const std::string nodes = list([&](auto&& add) {
    for (NodeIndex node = 0; node < graph.node_count(); ++node)
      add(fmt::format(
          R"({{"id":{0},"label":{0},"server":{1},"pagerank":{2},"degree":{3},"community_id":{4}}})",
          json_string(graph.tool(node)), json_string(server_of(graph.tool(node))),
          measures.pagerank[node], graph.out(node).size() + graph.in(node).size(),
          measures.communities[node]));
  });
  const std::string edges = list([&](auto&& add) {
    each_edge(graph, [&](NodeIndex from, NodeIndex to, const ToolEdge& edge) {
      add(fmt::format(
          R"({{"source":{},"target":{},"confidence":{},"observed_count":{},"edge_type":"{}","edge_source":"{}"}})",
          json_string(graph.tool(from)), json_string(graph.tool(to)), edge.weight, edge.count,
          name_of(edge.type), name_of(edge.source)));
    });
  });
  return fmt::format(
      R"({{"nodes":{},"edges":{},"metadata":{{"total_nodes":{},"total_edges":{},"density":{},"last_updated":"{}"}},"last_id":"{}"}})",
      nodes, edges, graph.node_count(), graph.edge_count(), measures.density,
      iso_of_ms(picture.updated_ms()), last_id);
}

std::string path_json(const ToolGraph& graph, NodeIndex from, NodeIndex to, ConfidenceRule rule) {
  const std::vector<NodeIndex> path = path_between(graph, from, to, rule);
  const std::string ids = list([&](auto&& add) {
    for (const NodeIndex node : path) add(json_string(graph.tool(node)));
  });
  return fmt::format(R"({{"path":{},"total_hops":{},"from":{},"to":{}}})", ids,
                     static_cast<std::int64_t>(path.size()) - 1, json_string(graph.tool(from)),
                     json_string(graph.tool(to)));
}

std::string related_json(const ToolGraph& graph, NodeIndex tool, ConfidenceRule rule,
                         std::size_t limit) {
  const std::string related = list([&](auto&& add) {
    for (const RelatedTool& each : related_to(graph, tool, rule, limit))
      add(fmt::format(R"({{"tool_id":{},"score":{}}})", json_string(graph.tool(each.node)),
                      each.score));
  });
  return fmt::format(R"({{"tool_id":{},"related":{}}})", json_string(graph.tool(tool)), related);
}

std::string neighbors_json(const ToolGraph& graph, NodeIndex node, std::size_t limit) {
  struct Neighbor {
    NodeIndex node;
    bool leads_in;
    double confidence;
  };
  std::vector<Neighbor> all;
  for (const auto& [to, edge] : graph.out(node)) all.push_back({to, false, edge.weight});
  for (const NodeIndex from : graph.in(node))
    all.push_back({from, true, graph.edge(from, node)->weight});
  std::stable_sort(all.begin(), all.end(), [&graph](const Neighbor& a, const Neighbor& b) {
    return a.confidence != b.confidence ? a.confidence > b.confidence
                                        : graph.tool(a.node) < graph.tool(b.node);
  });
  if (all.size() > limit) all.resize(limit);
  const std::string neighbors = list([&](auto&& add) {
    for (const Neighbor& each : all)
      add(fmt::format(R"({{"id":{},"direction":"{}","confidence":{}}})",
                      json_string(graph.tool(each.node)), each.leads_in ? "in" : "out",
                      each.confidence));
  });
  return fmt::format(R"({{"node_id":{},"neighbors":{}}})", json_string(graph.tool(node)),
                     neighbors);
}

std::string community_json(const GraphPicture& picture, NodeIndex node, std::size_t limit) {
  const ToolGraph& graph = picture.graph();
  const GraphMeasures& measures = picture.measures();
  std::size_t count = 0;
  const std::string members = list([&](auto&& add) {
    for (const RankedTool& each : highest_ranked(graph, measures.pagerank, graph.node_count())) {
      const NodeIndex other = *graph.find(each.tool);
      if (other == node || measures.communities[other] != measures.communities[node]) continue;
      if (++count <= limit)
        add(fmt::format(R"({{"id":{},"pagerank":{}}})", json_string(each.tool), each.score));
    }
  });
  return fmt::format(R"({{"node_id":{},"community_id":{},"member_count":{},"members":{}}})",
                     json_string(graph.tool(node)), measures.communities[node], count, members);
}

const MetricsRange* metrics_range(std::string_view name) {
  static constexpr std::array<MetricsRange, 3> kRanges{
      {{"1h", 60, 1}, {"24h", 24 * 60, 15}, {"7d", 7 * 24 * 60, 60}}};
  const auto found = std::find_if(kRanges.begin(), kRanges.end(),
                                  [name](const MetricsRange& each) { return each.name == name; });
  return found == kRanges.end() ? nullptr : &*found;
}

std::string metrics_json(const GraphPicture& picture, const GraphHistory& history,
                         const MetricsRange& range, std::int64_t now_ms) {
  GraphMinute sum;
  std::vector<GraphMinute> points;  // the last state of each step, and its counts
  for (const GraphMinute& each : history.since(now_ms / kMinuteMs - range.minutes)) {
    sum.workflows += each.workflows;
    sum.succeeded += each.succeeded;
    sum.new_edges += each.new_edges;
    sum.new_nodes += each.new_nodes;
    const std::int64_t step = each.minute / range.step * range.step;
    const bool joins = !points.empty() && points.back().minute == step;
    const std::uint64_t workflows = each.workflows + (joins ? points.back().workflows : 0);
    if (!joins) points.emplace_back();
    points.back() = each;
    points.back().minute = step;
    points.back().workflows = workflows;
  }
  const auto series = [&points](auto&& value) {
    return list([&](auto&& add) {
      for (const GraphMinute& point : points)
        add(fmt::format(R"({{"t":"{}","v":{}}})", iso_of_ms(point.minute * kMinuteMs),
                        value(point)));
    });
  };
  const ToolGraph& graph = picture.graph();
  const GraphMeasures& measures = picture.measures();
  const double rate = sum.workflows == 0
                          ? 0
                          : static_cast<double>(sum.succeeded) / static_cast<double>(sum.workflows);
  return fmt::format(
      R"({{"range":"{}","current":{{"node_count":{},"edge_count":{},"density":{},"communities_count":{},"avg_confidence":{},"pagerank_top_10":{}}},)"
      R"("timeseries":{{"edge_count":{},"avg_confidence":{},"workflow_rate":{}}},)"
      R"("period":{{"workflows":{},"success_rate":{},"new_edges":{},"new_nodes":{}}}}})",
      range.name, graph.node_count(), graph.edge_count(), measures.density,
      measures.communities_count, measures.average_confidence, top_ten(graph, measures),
      series([](const GraphMinute& point) { return static_cast<double>(point.edges); }),
      series([](const GraphMinute& point) { return point.confidence; }),
      series([&range](const GraphMinute& point) {
        return static_cast<double>(point.workflows) / static_cast<double>(range.step);
      }),
      sum.workflows, rate, sum.new_edges, sum.new_nodes);
}

std::string graphml_of(const ToolGraph& graph) {
  constexpr std::string_view kMarked = "<>&\"'";
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
      "<key id=\"confidence\" for=\"edge\" attr.name=\"confidence\" attr.type=\"double\"/>\n"
      "<key id=\"observed_count\" for=\"edge\" attr.name=\"observed_count\" attr.type=\"long\"/>\n"
      "<graph edgedefault=\"directed\">\n";
  for (NodeIndex node = 0; node < graph.node_count(); ++node)
    out += fmt::format("<node id=\"{}\"/>\n", escaped(graph.tool(node), kMarked, true));
  each_edge(graph, [&](NodeIndex from, NodeIndex to, const ToolEdge& edge) {
    out += fmt::format(
        "<edge source=\"{}\" target=\"{}\"><data key=\"confidence\">{}</data>"
        "<data key=\"observed_count\">{}</data></edge>\n",
        escaped(graph.tool(from), kMarked, true), escaped(graph.tool(to), kMarked, true),
        edge.weight, edge.count);
  });
  return out + "</graph>\n</graphml>\n";
}

std::string csv_of(const ToolGraph& graph) {
  std::string out = "source,target,confidence,observed_count,edge_type,edge_source\r\n";
  each_edge(graph, [&](NodeIndex from, NodeIndex to, const ToolEdge& edge) {
    out += fmt::format("\"{}\",\"{}\",{},{},{},{}\r\n", escaped(graph.tool(from), "\"", false),
                       escaped(graph.tool(to), "\"", false), edge.weight, edge.count,
                       name_of(edge.type), name_of(edge.source));
  });
  return out;
}

}  // namespace devs
