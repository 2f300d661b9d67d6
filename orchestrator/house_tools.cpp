#include "orchestrator/house_tools.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/envelope.h"
#include "protocol/json.h"
#include "protocol/mcp.h"
#include "trace/random.h"

namespace devs {
namespace {

constexpr std::string_view kReadOnly = R"({"readOnlyHint":true,"openWorldHint":false})";

// The same twice: as text for models, structured for programs.
ToolOutcome structured_outcome(const std::string& json) {
  ToolOutcome outcome;
  outcome.result = "{\"content\":[{\"type\":\"text\",\"text\":" + json_string(json) +
                   "}],\"structuredContent\":" + json + ",\"isError\":false}";
  return outcome;
}

// --- record_thought

ToolOutcome record_thought(const ToolRun& run, const HouseToolSources& house) {
  auto thought = decode_thought(JsonView(run.arguments)["thought"], "/thought");
  if (!thought.ok()) return text_outcome(thought.status().message(), CallStatus::tool_error);
  Draft draft = draft_of(encode_thought({.origin = run.origin,
                                         .thought_id = new_uuid_v7(house.clock),
                                         .span_id = random_hex(8),
                                         .parent_span_id = run.span_id,
                                         .thought = std::move(*thought)}));
  draft.topics = owner_topic(run.caller);
  auto published = house.bus.publish(std::move(draft));
  if (!published.ok())
    return text_outcome("The thought could not be recorded: " + published.status().message(),
                        CallStatus::tool_error);
  return structured_outcome("{\"id\":" + json_string(encode_event_id(house.epoch, *published)) +
                            "}");
}

// --- get_task_tree

// JSON has a depth, chains of calls have none: what is deeper stands beside its parent.
constexpr std::size_t kMaxDepth = 16;

struct CallNode {
  std::string id, tool, status, depends_on, parent;
  std::optional<double> ms;
  std::optional<std::size_t> above;
  std::size_t depth = 0;
  std::vector<std::size_t> below;
};

// The calls of what TraceQueries::task_tree() told, in log order.
class CallTree {
 public:
  explicit CallTree(JsonView task) {
    task["turns"].each_element([this](JsonView turn) {
      turn["members"].each_element([this](JsonView member) { take(member); });
    });
    std::map<std::string_view, std::size_t> by_id;
    for (std::size_t at = 0; at < calls_.size(); ++at) {
      CallNode& call = calls_[at];
      // What began before: so nobody is below himself, whatever a host claims.
      if (const auto parent = by_id.find(call.parent); parent != by_id.end())
        call.above = parent->second;
      if (call.above && calls_[*call.above].depth >= kMaxDepth)
        call.above = calls_[*call.above].above;
      if (call.above) call.depth = calls_[*call.above].depth + 1;
      (call.above ? calls_[*call.above].below : tops_).push_back(at);
      by_id.insert_or_assign(call.id, at);
    }
  }
  std::string json() const { return list(tops_); }

 private:
  void take(JsonView member) {
    member["actions"].each_element([this](JsonView action) { take(action); });
    if (!member["type"].is("action")) return;
    CallNode call{.id = member["tool_call_id"].string().value_or(""),
                  .tool = member["tool_name"].string().value_or(""),
                  .status = "RUNNING",
                  .depends_on = "[]",
                  .parent = {},
                  .ms = {},
                  .above = {},
                  .below = {}};
    const JsonView told = member["envelope"]["payload"]["tool_call"];
    if (const JsonView on = told["depends_on"]; on.is_array()) call.depends_on = on.text();
    call.parent = told["parent_tool_call_id"].string().value_or("");
    member["observations"].each_element([&call](JsonView seen) {
      call.status = seen["status"].string().value_or("");
      call.ms = seen["duration_ms"].number();
    });
    calls_.push_back(std::move(call));
  }

  std::string list(const std::vector<std::size_t>& all) const {
    std::string out = "[";
    for (const std::size_t at : all) {
      const CallNode& call = calls_[at];
      if (out.size() > 1) out += ',';
      out += "{\"tool_call_id\":" + json_string(call.id) + ",\"tool\":" + json_string(call.tool) +
             ",\"status\":" + json_string(call.status) +
             ",\"ms\":" + (call.ms ? std::to_string(std::llround(*call.ms)) : "null") +
             ",\"depends_on\":" + call.depends_on + ",\"calls\":" + list(call.below) + '}';
    }
    return out + ']';
  }

  std::vector<CallNode> calls_;
  std::vector<std::size_t> tops_;
};

ToolOutcome get_task_tree(const ToolRun& run, const HouseToolSources& house) {
  TaskTreeQuery query;
  query.task = JsonView(run.arguments)["task_id"].string().value_or("");
  query.with_envelopes = true;
  query.owner = sees_only(run.caller);
  const auto told = house.queries.task_tree(query);
  if (!told.ok()) {
    return text_outcome(told.status().code() == Code::not_found
                            ? "No call of task " + query.task + " has been indexed."
                            : told.status().message(),
                        CallStatus::tool_error);
  }
  const JsonView task(*told);
  return structured_outcome(
      "{\"task_id\":" + json_string(query.task) + ",\"calls\":" + CallTree(task).json() +
      ",\"truncated\":" + std::string(task["truncated"].text()) +
      ",\"indexed_through\":" + std::string(task["indexed_through"].text()) + '}');
}

// --- list_upstreams

std::string_view what_to_do(const UpstreamState& upstream) {
  if (upstream.state == "up") return {};
  if (upstream.state == "starting") return "Wait: its calls are answered as soon as it is up.";
  if (upstream.state == "stopped") return "The orchestrator is shutting down.";
  return "It is started again by itself. If it keeps failing, read last_error, run its command by "
         "hand, and see its stderr in the trace (type system).";
}

// Tools of `server` whose arguments nobody here can check.
std::size_t unchecked_of(const ToolSet& tools, const std::string& server) {
  std::size_t count = 0;
  for (const ToolSpec* spec : tools.listed())
    if (spec->server == server && !tools.find(spec->name)->schema->unchecked_reason().empty())
      ++count;
  return count;
}

ToolOutcome list_upstreams(const ToolSet& tools, const HouseToolSources& house) {
  std::string out = "{\"upstreams\":[";
  for (const UpstreamState& one : house.upstreams()) {
    if (out.back() != '[') out += ',';
    out += "{\"server\":" + json_string(one.key) +
           ",\"transport\":\"stdio\",\"era\":" + (one.revision.empty() ? "null" : "\"legacy\"") +
           ",\"revision\":" + (one.revision.empty() ? "null" : json_string(one.revision)) +
           ",\"state\":" + json_string(one.state) +
           ",\"in_flight\":" + std::to_string(one.in_flight) +
           ",\"restarts\":" + std::to_string(one.restarts) +
           ",\"tools\":" + std::to_string(one.tools) +
           ",\"unchecked_tools\":" + std::to_string(unchecked_of(tools, one.key)) +
           ",\"last_error\":" + (one.last_error.empty() ? "null" : json_string(one.last_error));
    if (const auto advice = what_to_do(one); !advice.empty())
      out += ",\"fix\":" + json_string(advice);
    out += '}';
  }
  return structured_outcome(out + "]}");
}

// --- suggest_tools

constexpr std::int64_t kSuggested = 8;

ToolOutcome suggest_tools(const ToolRun& run, const HouseToolSources& house) {
  const auto search = house.graph.search();
  const GraphPicturePtr picture = house.graph.picture();
  if (!search || !picture)
    return text_outcome("The tools are being indexed; try again.", CallStatus::tool_error);
  JsonView query, limit, after;
  JsonView(run.arguments).pick({{"query", &query}, {"limit", &limit}, {"after", &after}});
  std::string out = "{\"tools\":[";
  for (const ToolSuggestion& one :
       search->suggest(query.string().value_or(""), after.string().value_or(""), picture->graph(),
                       static_cast<std::size_t>(limit.integer().value_or(kSuggested)))) {
    if (out.back() != '[') out += ',';
    out += fmt::format(R"({{"name":{},"score":{:.4f},"why":{}}})", json_string(one.tool), one.score,
                       json_string(one.why));
  }
  return structured_outcome(out + "]}");
}

}  // namespace

Status add_house_tools(ToolRegistry& tools, WorkerPool& workers, WorkerPool& query_workers,
                       HouseToolSources sources) {
  const auto house = std::make_shared<const HouseToolSources>(std::move(sources));
  const auto add = [&tools](ToolSpec spec, ToolFunction function, WorkerPool& on) {
    return tools.add(make_function_tool(std::move(spec), std::move(function), on));
  };
  Status added = add(
      make_tool_spec(
          "record_thought",
          "Publishes a thought of yours in the trace, before what you do next; its event id.",
          R"({"type":"object","properties":{"thought":{"type":["string","object"],"description":)"
          R"("Text, or {reasoning_chain, observation_reflection?, state_assessment?, intent?, )"
          R"(telemetry?}"}},"required":["thought"],"additionalProperties":false})",
          R"({"readOnlyHint":false,"destructiveHint":false,"openWorldHint":false})"),
      [house](const ToolRun& run) { return record_thought(run, *house); }, workers);
  if (!added.ok()) return added;
  added = add(
      make_tool_spec("get_task_tree",
                     "The calls of a task as a tree, by who caused whom: tool, status, ms.",
                     R"({"type":"object","properties":{"task_id":{"type":"string",)"
                     R"("minLength":1}},"required":["task_id"],)"
                     R"("additionalProperties":false})",
                     kReadOnly),
      [house](const ToolRun& run) { return get_task_tree(run, *house); }, query_workers);
  if (!added.ok()) return added;
  added = add(
      make_tool_spec(
          "suggest_tools",
          "Tools for what you want to do, by words and by what usually follows the tool you used "
          "last.",
          R"({"type":"object","properties":{"query":{"type":"string","maxLength":1000},)"
          R"("limit":{"type":"integer","minimum":1,"maximum":50},"after":{"type":"string",)"
          R"("description":"the tool used last"}},"required":["query"],)"
          R"("additionalProperties":false})",
          kReadOnly),
      [house](const ToolRun& run) { return suggest_tools(run, *house); }, workers);
  if (!added.ok()) return added;
  return add(
      make_tool_spec(
          "list_upstreams",
          "The MCP servers behind this one: state, tools, restarts, last error, what to do.",
          R"({"type":"object","properties":{},"additionalProperties":false})", kReadOnly),
      [house, &tools](const ToolRun&) { return list_upstreams(*tools.snapshot(), *house); },
      workers);
}

}  // namespace devs
