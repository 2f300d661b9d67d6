#include "orchestrator/graph/graph_events.h"

#include <fmt/format.h>

#include <utility>

#include "protocol/envelope.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

constexpr std::string_view kBeforeStamp =
    R"({"type":"graph","schema_version":"1.0.0","turn_index":0,"timestamp_ns":")";
constexpr std::size_t kTop = 10;

Draft event(std::string_view name, std::string_view payload) {
  EncodedEnvelope envelope;
  envelope.body = kBeforeStamp;
  envelope.stamp_at = envelope.body.size();
  envelope.body.append(kStampDigits, '0');
  envelope.body += fmt::format(R"(","event":"{}","payload":{}}})", name, payload);
  return draft_of(std::move(envelope));
}

}  // namespace

Draft edge_event(const EdgeChange& change, std::int64_t ms) {
  const bool is_new = change.before == 0;
  std::string payload = fmt::format(R"({{"from_tool_id":{},"to_tool_id":{},)",
                                    json_string(change.from), json_string(change.to));
  const std::string stamp = iso_of_ms(ms);
  if (is_new) {
    payload += fmt::format(R"("confidence_score":{},"timestamp":"{}","observed_count":{})",
                           change.now.weight, stamp, change.now.count);
  } else {
    payload += fmt::format(
        R"("old_confidence":{},"new_confidence":{},"observed_count":{},"timestamp":"{}")",
        change.before, change.now.weight, change.now.count, stamp);
  }
  payload += fmt::format(R"(,"edge_type":"{}","edge_source":"{}"}})", name_of(change.now.type),
                         name_of(change.now.source));
  return event(is_new ? "edge_created" : "edge_updated", payload);
}

EdgeChange edge_change_of(JsonView payload) {
  JsonView from, to, first, before, now, count, type, source;
  payload.pick({{"from_tool_id", &from},
                {"to_tool_id", &to},
                {"confidence_score", &first},
                {"old_confidence", &before},
                {"new_confidence", &now},
                {"observed_count", &count},
                {"edge_type", &type},
                {"edge_source", &source}});
  EdgeChange change;
  change.from = from.string().value_or("");
  change.to = to.string().value_or("");
  change.before = before.number().value_or(0);
  change.now = {.weight = (now.present() ? now : first).number().value_or(0),
                .count = static_cast<std::uint64_t>(count.integer().value_or(0)),
                .type = edge_type_of(type.string().value_or("")),
                .source = edge_source_of(source.string().value_or(""))};
  if (change.from.empty() || change.from == change.to || change.now.weight <= 0) change.to.clear();
  return change;
}

Draft workflow_event(const TaskRun& run, std::int64_t ms) {
  std::string tools;
  for (const std::string& tool : run.tools) {
    if (!tools.empty()) tools += ',';
    append_json_string(tools, tool);
  }
  return event(
      "workflow_executed",
      fmt::format(
          R"({{"workflow_id":{},"tool_ids":[{}],"success":{},"execution_time_ms":{},"timestamp":"{}"}})",
          json_string(run.task_id), tools, run.success, run.ms, iso_of_ms(ms)));
}

std::string top_ten(const ToolGraph& graph, const GraphMeasures& measures) {
  std::string text = "[";
  for (const RankedTool& ranked : highest_ranked(graph, measures.pagerank, kTop)) {
    if (text.size() > 1) text += ',';
    text += fmt::format(R"({{"tool_id":{},"score":{}}})", json_string(ranked.tool), ranked.score);
  }
  return text + ']';
}

Draft metrics_event(const ToolGraph& graph, const GraphMeasures& measures, std::int64_t ms) {
  return event(
      "metrics_updated",
      fmt::format(
          R"({{"edge_count":{},"node_count":{},"density":{},"pagerank_top_10":{},"communities_count":{},"timestamp":"{}"}})",
          graph.edge_count(), graph.node_count(), measures.density, top_ten(graph, measures),
          measures.communities_count, iso_of_ms(ms)));
}

Draft synced_event(const ToolGraph& graph, double sync_ms, std::int64_t ms) {
  return event(
      "graph_synced",
      fmt::format(R"({{"node_count":{},"edge_count":{},"sync_duration_ms":{},"timestamp":"{}"}})",
                  graph.node_count(), graph.edge_count(), sync_ms, iso_of_ms(ms)));
}

}  // namespace devs
