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
constexpr std::size_t kScanStep = 64;         // entries in memory at a time
constexpr std::size_t kScanBytes = 4 * kMiB;  // of one read
// A page becomes part of its own observation: without a bound each page would
// hold the one before, twice.
constexpr std::size_t kMaxPageBytes = 256 * 1024;

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
  std::optional<std::string> owner;  // whose entries alone; nullopt: everybody's
  std::vector<std::string> types;
  std::optional<Sequence> since;
  std::size_t limit = 100;

  // The observation of a page: showing it in the next one shows everything twice.
  static bool own_page(const Entry& entry) {
    return entry.facts.type == "observation" &&
           entry.body.find(R"("tool_name":"get_trace","server":"builtin")") != entry.body.npos;
  }
  bool matches(const Entry& entry) const {
    if (!task_id.empty() && entry.facts.task_id != task_id) return false;
    if (!session_id.empty() && entry.facts.session_id != session_id) return false;
    if (owner && owner_in(entry.topics) != *owner) return false;
    if (own_page(entry)) return false;
    return types.empty() || std::find(types.begin(), types.end(), entry.facts.type) != types.end();
  }
};

// Collects a page: at most `limit` envelopes and kMaxPageBytes of them.
class Page {
 public:
  explicit Page(const TraceQuestion& asked) : asked_(asked) {}

  bool full() const { return full_ || found_.size() >= asked_.limit; }
  void offer(const EntryPtr& entry) {
    if (full() || !asked_.matches(*entry)) return;
    bytes_ += entry->body.size();
    // One that is too large alone is shown alone.
    if (bytes_ > kMaxPageBytes && !found_.empty()) {
      full_ = true;
    } else {
      found_.push_back(entry);
    }
  }
  std::vector<EntryPtr> take() { return std::move(found_); }

 private:
  const TraceQuestion& asked_;
  std::vector<EntryPtr> found_;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

// Entries [from, before) as far as one read goes; one that cannot be read back is
// stepped over.  Never empty-handed without moving on.
Sequence read_some(const FlightLog& log, Sequence from, Sequence before,
                   std::vector<EntryPtr>& out) {
  const ReadLimits limits{static_cast<std::size_t>(before - from), kScanBytes};
  return std::max(from + 1, read_entries(log, from, limits, out).next);
}

// The newest page, in log order; or, with `since`, the first page after it.
std::vector<EntryPtr> answer(const TraceQuestion& asked, const FlightLog& log) {
  Page page(asked);
  const Sequence end = log.last() + 1;
  if (asked.since) {
    for (Sequence from = *asked.since + 1;
         from < end && !page.full() && from - *asked.since <= kMaxScan;) {
      std::vector<EntryPtr> stretch;
      from = read_some(log, from, std::min(end, from + kScanStep), stretch);
      for (const EntryPtr& entry : stretch) page.offer(entry);
    }
    return page.take();
  }
  for (Sequence before = end; before > 1 && end - before < kMaxScan && !page.full();) {
    const Sequence from = before > kScanStep ? before - kScanStep : 1;
    std::vector<EntryPtr> stretch;
    for (Sequence at = from; at < before;) at = read_some(log, at, before, stretch);
    for (auto entry = stretch.rbegin(); entry != stretch.rend(); ++entry) page.offer(*entry);
    before = from;
  }
  std::vector<EntryPtr> found = page.take();
  std::reverse(found.begin(), found.end());
  return found;
}

ToolOutcome get_trace(const ToolRun& run, const FlightLog& log) {
  const JsonView arguments(run.arguments);
  TraceQuestion asked;
  asked.owner = sees_only(run.caller);
  asked.task_id = arguments["task_id"].string().value_or("");
  asked.session_id = arguments["session_id"].string().value_or("");
  asked.limit = static_cast<std::size_t>(arguments["limit"].integer().value_or(100));
  arguments["types"].each_element(
      [&](JsonView type) { asked.types.push_back(type.string().value_or("")); });
  if (const JsonView since = arguments["since"]; since.present()) {
    auto id = decode_event_id(since.string().value_or(""));
    if (!id.ok() || id->epoch != log.epoch())
      return text_outcome(
          "since is not an event id of this log, such as " + encode_event_id(log.epoch(), 1),
          CallStatus::tool_error);
    asked.since = id->sequence;
  }

  const std::vector<EntryPtr> found = answer(asked, log);
  std::string page = "{\"envelopes\":[", ids = "],\"ids\":[";
  for (const EntryPtr& entry : found) {
    if (entry != found.front()) page += ',', ids += ',';
    page += entry->body;
    append_json_string(ids, encode_event_id(log.epoch(), entry->sequence));
  }
  page += ids + "],\"next\":";
  append_json_string(page, encode_event_id(log.epoch(), found.empty() ? asked.since.value_or(0)
                                                                      : found.back()->sequence));
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
  const auto quick = [](ToolSpec spec) {
    spec.task = TaskMode::never;
    return spec;
  };
  ours.push_back(make_function_tool(
      quick(make_tool_spec(
          "echo", "Returns its text, and `structured` as structured content.",
          R"({"type":"object","properties":{"text":{"type":"string"},"structured":{}},)"
          R"("required":["text"],"additionalProperties":false})",
          kReadOnly)),
      echo, workers));
  ours.push_back(make_function_tool(
      quick(make_tool_spec(
          "get_trace",
          "Envelopes of the trace log: the newest page, or with `since` what came after that id.",
          R"({"type":"object","properties":{"task_id":{"type":"string"},"session_id":{"type":"string"},)"
          R"("types":{"type":"array","items":{"type":"string"}},"since":{"type":"string"},)"
          R"("limit":{"type":"integer","minimum":1,"maximum":1000}},"additionalProperties":false})",
          kReadOnly)),
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
