#include "orchestrator/calls/builtin_tools.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::string_view kReadOnly = R"({"readOnlyHint":true,"openWorldHint":false})";

// Without an index a filtered question reads the log backwards; this is how far,
// so that asking for a task of last year does not read a year.
constexpr std::size_t kMaxScan = 100'000;
constexpr std::size_t kScanStep = 2'000;

ToolOutcome echo(const ToolRun& run) {
  const JsonView arguments(run.arguments);
  ToolOutcome outcome;
  outcome.result = "{\"content\":[{\"type\":\"text\",\"text\":";
  outcome.result += arguments["text"].text();
  outcome.result += "}]";
  if (const JsonView structured = arguments["structured"]; structured.present())
    outcome.result.append(",\"structuredContent\":").append(structured.text());
  outcome.result += ",\"isError\":false}";
  return outcome;
}

ToolOutcome fail(const ToolRun& run) {
  const JsonView arguments(run.arguments);
  const std::string message = arguments["message"].string().value_or("asked to fail");
  const std::string kind = arguments["kind"].string().value_or("tool");
  if (kind == "throw") throw std::runtime_error(message);
  ToolOutcome outcome = text_outcome(message, CallStatus::tool_error);
  if (kind == "protocol") {
    outcome.result.clear();
    outcome.fault = RpcFault{kRpcInternal, message, {}};
  }
  return outcome;
}

struct TraceQuestion {
  std::string task_id, session_id;
  std::vector<std::string> types;
  std::optional<Sequence> since;
  std::size_t limit = 100;

  bool matches(const Entry& entry) const {
    if (!task_id.empty() && entry.facts.task_id != task_id) return false;
    if (!session_id.empty() && entry.facts.session_id != session_id) return false;
    return types.empty() ||
           std::find(types.begin(), types.end(), entry.facts.type) != types.end();
  }
};

// The newest page, in log order; or, with `since`, the first page after it.
Result<std::vector<EntryPtr>> answer(const TraceQuestion& asked, const FlightLog& log) {
  std::vector<EntryPtr> found;
  const Sequence last = log.last();
  if (asked.since) {
    Sequence from = *asked.since + 1;
    for (std::size_t seen = 0; from <= last && seen < kMaxScan && found.size() < asked.limit;) {
      std::vector<EntryPtr> stretch;
      if (Status read = log.read(from, kScanStep, 8 * kMiB, stretch); !read.ok()) return read;
      if (stretch.empty()) break;
      for (const EntryPtr& entry : stretch)
        if (found.size() < asked.limit && asked.matches(*entry)) found.push_back(entry);
      seen += stretch.size();
      from += stretch.size();
    }
    return found;
  }
  for (Sequence before = last + 1; before > 1 && last + 1 - before < kMaxScan &&
                                   found.size() < asked.limit;) {
    const Sequence from = before > kScanStep ? before - kScanStep : 1;
    std::vector<EntryPtr> stretch;
    for (Sequence at = from; at < before;) {
      const std::size_t had = stretch.size();
      if (Status read = log.read(at, static_cast<std::size_t>(before - at), 8 * kMiB, stretch);
          !read.ok())
        return read;
      if (stretch.size() == had) break;
      at += stretch.size() - had;
    }
    for (auto entry = stretch.rbegin(); entry != stretch.rend(); ++entry)
      if (found.size() < asked.limit && asked.matches(**entry)) found.push_back(*entry);
    before = from;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

ToolOutcome get_trace(const ToolRun& run, const FlightLog& log) {
  const JsonView arguments(run.arguments);
  TraceQuestion asked;
  asked.task_id = arguments["task_id"].string().value_or("");
  asked.session_id = arguments["session_id"].string().value_or("");
  asked.limit = static_cast<std::size_t>(arguments["limit"].integer().value_or(100));
  arguments["types"].each_element(
      [&](JsonView type) { asked.types.push_back(type.string().value_or("")); });
  if (const JsonView since = arguments["since"]; since.present()) {
    auto id = decode_event_id(since.string().value_or(""));
    if (!id.ok() || id->epoch != log.epoch())
      return text_outcome("since is not an event id of this log, such as " +
                              encode_event_id(log.epoch(), 1),
                          CallStatus::tool_error);
    asked.since = id->sequence;
  }

  auto found = answer(asked, log);
  if (!found.ok())
    return text_outcome("The log could not be read: " + found.status().message(),
                        CallStatus::tool_error);
  std::string page = "{\"envelopes\":[", ids = "],\"ids\":[";
  for (const EntryPtr& entry : *found) {
    if (entry != found->front()) page += ',', ids += ',';
    page += entry->body;
    append_json_string(ids, encode_event_id(log.epoch(), entry->sequence));
  }
  page += ids + "],\"next\":";
  append_json_string(page, encode_event_id(log.epoch(), found->empty() ? asked.since.value_or(0)
                                                                       : found->back()->sequence));
  page += '}';
  ToolOutcome outcome;
  outcome.result = "{\"content\":[{\"type\":\"text\",\"text\":" + json_string(page) +
                   "}],\"structuredContent\":" + page + ",\"isError\":false}";
  return outcome;
}

}  // namespace

Status add_builtin_tools(ToolRegistry& tools, bool all, WorkerPool& workers, Reactor& reactor,
                         const FlightLog& log) {
  std::vector<ToolPtr> ours;
  ours.push_back(make_function_tool(
      make_tool_spec("echo", "Returns its text, and `structured` as structured content.",
                     R"({"type":"object","properties":{"text":{"type":"string"},"structured":{}},)"
                     R"("required":["text"],"additionalProperties":false})",
                     kReadOnly),
      echo, workers));
  ours.push_back(make_function_tool(
      make_tool_spec(
          "get_trace",
          "Envelopes of the trace log: the newest page, or with `since` what came after that id.",
          R"({"type":"object","properties":{"task_id":{"type":"string"},"session_id":{"type":"string"},)"
          R"("types":{"type":"array","items":{"type":"string"}},"since":{"type":"string"},)"
          R"("limit":{"type":"integer","minimum":1,"maximum":1000}},"additionalProperties":false})",
          kReadOnly),
      [&log](const ToolRun& run) { return get_trace(run, log); }, workers));
  if (all) {
    ours.push_back(make_sleep_tool(reactor));
    ours.push_back(make_function_tool(
        make_tool_spec(
            "fail", "Fails on demand: as a tool, as a protocol error, or by throwing.",
            R"({"type":"object","properties":{"kind":{"enum":["tool","protocol","throw"]},)"
            R"("message":{"type":"string"}},"additionalProperties":false})",
            kReadOnly),
        fail, workers));
  }
  for (ToolPtr& tool : ours)
    if (Status added = tools.add(std::move(tool)); !added.ok()) return added;
  return {};
}

}  // namespace devs
