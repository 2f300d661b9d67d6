#include <utility>

#include "orchestrator/export/chrome_tracks.h"
#include "orchestrator/export/exporters.h"
#include "orchestrator/export/open_calls.h"
#include "protocol/envelope_writer.h"

namespace devs {
namespace {

// Times are whole microseconds, rounded down: a viewer reads them into doubles, where a
// nanosecond of our years is already lost, and rounding one way keeps the order.
std::int64_t us(std::int64_t ns) {
  return ns / 1000;
}

class ChromeExporter final : public TraceExporter {
 public:
  explicit ChromeExporter(ExportOptions options)
      : options_(std::move(options)), reader_(options_.epoch, options_.content) {}

  void begin(std::string& out) override {
    out += "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
    write(
        chrome_name_event("process_name", ChromeTracks::kLogPid, 0, "flight log " + options_.epoch),
        out);
  }

  void entry(const StoredLine& line, bool matches, std::string& out) override {
    EnvelopeParts parts = reader_.read(line);
    if (parts.facts.type == "action") {
      begin_call(std::move(parts), matches, out);
    } else if (parts.facts.type == "observation") {
      end_call(parts, matches, out);
    } else if (matches) {
      instant(parts, out);
    }
  }

  void gap(const Loss& loss, std::string& out) override {
    const std::uint64_t count = loss.through - loss.from + 1;
    std::string args;
    MemberWriter(args)
        .text("from", encode_event_id(options_.epoch, loss.from))
        .text("to", encode_event_id(options_.epoch, loss.through))
        .number("count", count)
        .text("reason", name_of(loss.reason))
        .end();
    ChromeLane log;
    log.pid = log.tid = ChromeTracks::kLogPid;
    event(out, "gap: " + std::to_string(count) + " entries", "gap", 'i', reader_.last_ns(), log,
          [&args](MemberWriter& members) { members.text("s", "g").json("args", args); });
    ++gaps_;
    lost_ += count;
  }

  void end(std::string& out) override {
    for (const auto& call : calls_.take_all()) unfinished(call, out);
    out += "\n],\"otherData\":";
    MemberWriter(out)
        .text("format", "mcp-orchestrator-chrome/1")
        .text("version", options_.version)
        .text("exported_at", options_.exported_at)
        .text("filter", options_.filter)
        .text("epoch", options_.epoch)
        .number("gaps", gaps_)
        .number("lost_entries", lost_)
        .number("unfinished_calls", omissions_.unfinished_calls)
        .end();
    out += "}\n";
  }

  ExportOmissions omissions() const override { return omissions_; }

 private:
  using Calls = OpenCalls<ChromeLanePtr>;

  void write(std::string_view event, std::string& out) {
    if (events_++ != 0) out += ",\n";
    out += event;
  }
  void write_names(const ChromeTracks::Names& names, std::string& out) {
    for (const std::string& name : names) write(name, out);
  }

  template <class More>
  void event(std::string& out, std::string_view name, std::string_view category, char phase,
             std::int64_t ns, const ChromeLane& lane, More&& more) {
    write({}, out);
    MemberWriter members(out);
    members.text("name", name)
        .text("cat", category)
        .text("ph", std::string_view(&phase, 1))
        .number("ts", us(ns))
        .number("pid", std::uint64_t{lane.pid})
        .number("tid", std::uint64_t{lane.tid});
    more(members);
    members.end();
  }

  void begin_call(EnvelopeParts parts, bool matches, std::string& out) {
    ChromeLanePtr lane;
    if (matches) lane = occupy(parts, parts.time_ns, out);
    for (const auto& call : calls_.open({std::move(parts), matches, std::move(lane)}))
      unfinished(call, out);
  }

  void end_call(const EnvelopeParts& observation, bool matches, std::string& out) {
    auto call = calls_.take(observation.tool_call_id);
    if (!matches && !(call && call->matches)) return;
    const EnvelopeParts* const action = call ? &call->action : nullptr;
    const EnvelopeParts& head = action != nullptr ? *action : observation;
    const std::int64_t start_ns = start_of(action, observation);
    // A host's clock may have gone back after its action: then the row it took then is
    // not known to be free at this start.
    const bool held = call && call->mark && start_ns == action->time_ns;
    ChromeLanePtr lane = held ? call->mark : occupy(head, start_ns, out);
    if (!held && call && call->mark) call->mark->open = false;
    lane->open = false;
    lane->free_us = us(observation.time_ns);

    const std::string& tool = head.facts.tool.empty() ? observation.facts.tool : head.facts.tool;
    event(out, tool.empty() ? "tools/call" : tool, "tool", 'X', start_ns, *lane,
          [&](MemberWriter& members) {
            members.number("dur", us(observation.time_ns) - us(start_ns));
            if (is_failure(observation)) members.text("cname", "terrible");
            members.json("args", call_args(action, observation));
          });
  }

  void unfinished(const Calls::Call& call, std::string& out) {
    if (!call.matches) return;
    ++omissions_.unfinished_calls;
    event(out, call.action.facts.tool.empty() ? "tools/call" : call.action.facts.tool, "tool", 'B',
          call.action.time_ns, *call.mark,
          [&](MemberWriter& members) { members.json("args", call_args(&call.action, {})); });
  }

  void instant(const EnvelopeParts& parts, std::string& out) {
    ChromeTracks::Names names;
    const ChromeLanePtr lane = tracks_.first_lane(parts.facts.task_id, agent_of(parts), names);
    write_names(names, out);
    const std::string& name = parts.facts.name.empty() ? parts.facts.type : parts.facts.name;
    std::string args;
    MemberWriter members(args);
    write_origin(members, parts);
    members.text_if("text", parts.text).end();
    event(out, name.empty() ? "entry" : name, parts.facts.type == "thought" ? "thought" : "entry",
          'i', parts.time_ns, *lane,
          [&](MemberWriter& to) { to.text("s", "t").json("args", args); });
  }

  ChromeLanePtr occupy(const EnvelopeParts& parts, std::int64_t from_ns, std::string& out) {
    ChromeTracks::Names names;
    ChromeLanePtr lane =
        tracks_.free_lane(parts.facts.task_id, agent_of(parts), us(from_ns), names);
    write_names(names, out);
    lane->open = true;
    return lane;
  }

  // Two lines of reasoning of one agent are two rows.
  static std::string agent_of(const EnvelopeParts& parts) {
    if (parts.thread_id.empty() || parts.thread_id == "main") return parts.facts.agent_id;
    return parts.facts.agent_id + " / " + parts.thread_id;
  }

  static void write_origin(MemberWriter& members, const EnvelopeParts& parts) {
    members.text("event_id", parts.event_id)
        .text_if("session_id", parts.facts.session_id)
        .text_if("agent_id", parts.facts.agent_id)
        .text_if("agent_role", parts.agent_role)
        .text_if("trace_id", parts.trace_id)
        .text_if("span_id", parts.span_id);
    if (parts.turn_index) members.number("turn_index", *parts.turn_index);
  }

  static std::string call_args(const EnvelopeParts* action, const EnvelopeParts& observation) {
    const EnvelopeParts& head = action != nullptr ? *action : observation;
    std::string out;
    MemberWriter args(out);
    write_origin(args, head);
    args.text_if("tool_call_id", head.tool_call_id)
        .text_if("server", head.server.empty() ? observation.server : head.server);
    if (action == nullptr) args.boolean("orphan", true);
    if (action != nullptr) args.text_if("arguments", action->text);
    if (observation.sequence == 0) {
      args.boolean("unfinished", true);
    } else {
      args.text("observation_event_id", observation.event_id)
          .text_if("status", observation.facts.status);
      if (observation.exit_code) args.number("exit_code", *observation.exit_code);
      args.text_if("result", observation.text);
    }
    args.end();
    return out;
  }

  const ExportOptions options_;
  EnvelopeReader reader_;
  ChromeTracks tracks_;
  Calls calls_;
  ExportOmissions omissions_;
  std::uint64_t events_ = 0, gaps_ = 0, lost_ = 0;
};

}  // namespace

std::unique_ptr<TraceExporter> make_chrome_exporter(ExportOptions options) {
  return std::make_unique<ChromeExporter>(std::move(options));
}

}  // namespace devs
