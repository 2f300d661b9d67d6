#include <fmt/format.h>

#include <array>
#include <utility>
#include <variant>

#include "orchestrator/export/exporters.h"
#include "orchestrator/export/open_calls.h"
#include "orchestrator/export/otel_names.h"
#include "orchestrator/export/otlp_span.h"
#include "protocol/envelope_writer.h"

namespace devs {

std::string_view otel::error_type_of(std::string_view status) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes{{
      {"TOOL_ERROR", "tool_error"},
      {"VALIDATION_FAILED", "validation_failed"},
      {"UPSTREAM_UNAVAILABLE", "upstream_unavailable"},
      {"TIMEOUT_EXCEEDED", "timeout"},
      {"ACCESS_DENIED", "access_denied"},
      {"UNKNOWN_TOOL", "-32602"},
      {"CANCELLED", "cancelled"},
      {"ABANDONED", "abandoned"},
  }};
  for (const auto& [name, type] : kTypes)
    if (name == status) return type;
  return "_OTHER";
}

namespace {

// A call becomes one SERVER span, a thought a span of no duration with the event
// `saop.thought`: so the parent that its actions name is in the file.  Gaps are spans
// of no duration too.  The resource follows the spans, because it holds what is known
// only at the end; members of a JSON object have no order.
class OtlpExporter final : public TraceExporter {
 public:
  explicit OtlpExporter(ExportOptions options)
      : options_(std::move(options)), reader_(options_.epoch, options_.content) {}

  void begin(std::string& out) override {
    out += R"({"resourceSpans":[{"scopeSpans":[{"scope":)";
    MemberWriter(out).text("name", "mcp-orchestrator").text("version", options_.version).end();
    out.append(",\"schemaUrl\":").append(json_string(otel::kSchemaUrl)).append(",\"spans\":[\n");
  }

  void entry(const StoredLine& line, bool matches, std::string& out) override {
    EnvelopeParts parts = reader_.read(line);
    if (parts.facts.type == "action") {
      for (const auto& call : calls_.open({std::move(parts), matches, {}})) give_up(call);
    } else if (parts.facts.type == "observation") {
      const auto call = calls_.take(parts.tool_call_id);
      if (matches || (call && call->matches))
        append_call(call ? &call->action : nullptr, parts, out);
    } else if (!matches) {
      return;
    } else if (parts.facts.type == "thought") {
      append_thought(parts, out);
    } else {
      ++omissions_.other_entries;
    }
  }

  void gap(const Loss& loss, std::string& out) override {
    ++gaps_;
    lost_ += loss.through - loss.from + 1;
    const std::string seed = fmt::format("{}:gap:{}", options_.epoch, loss.from);
    OtlpSpan span;
    span.trace_id = otlp_id_of(seed, 32);
    span.span_id = otlp_id_of(seed, 16);
    span.name = otel::kGap;
    span.start_ns = span.end_ns = reader_.last_ns();
    span.attributes.text("saop.gap.from", encode_event_id(options_.epoch, loss.from))
        .text("saop.gap.to", encode_event_id(options_.epoch, loss.through))
        .number("saop.gap.count", static_cast<std::int64_t>(loss.through - loss.from + 1))
        .text("saop.gap.reason", name_of(loss.reason));
    append(span, out);
  }

  void end(std::string& out) override {
    for (const auto& call : calls_.take_all()) give_up(call);
    OtlpAttributes resource;
    resource.text(otel::kServiceName, "mcp-orchestrator")
        .text(otel::kServiceVersion, options_.version)
        .text("saop.epoch", options_.epoch)
        .text_if("saop.export.filter", options_.filter)
        .number("saop.export.gaps", static_cast<std::int64_t>(gaps_))
        .number("saop.export.lost_entries", static_cast<std::int64_t>(lost_))
        .number("saop.export.unfinished_calls",
                static_cast<std::int64_t>(omissions_.unfinished_calls))
        .number("saop.export.other_entries", static_cast<std::int64_t>(omissions_.other_entries));
    out.append("\n]}],\"resource\":{\"attributes\":").append(resource.json());
    out.append("},\"schemaUrl\":").append(json_string(otel::kSchemaUrl)).append("}]}\n");
  }

  ExportOmissions omissions() const override { return omissions_; }

 private:
  using Calls = OpenCalls<std::monostate>;

  void give_up(const Calls::Call& call) { omissions_.unfinished_calls += call.matches ? 1u : 0u; }

  void append(const OtlpSpan& span, std::string& out) {
    if (spans_++ != 0) out += ",\n";
    append_otlp_span(out, span);
  }

  // The ids of the envelope; without them, the same for all of one task.
  OtlpSpan span_of(const EnvelopeParts& parts, std::string_view what) const {
    const std::string task = options_.epoch + ':' + parts.facts.task_id;
    OtlpSpan span;
    span.trace_id = parts.trace_id.empty() ? otlp_id_of(task, 32) : parts.trace_id;
    span.span_id =
        !parts.span_id.empty() ? parts.span_id : otlp_id_of(fmt::format("{}:{}", task, what), 16);
    span.parent_span_id = parts.parent_span_id == span.span_id ? "" : parts.parent_span_id;
    span.attributes.text_if(otel::kAgent, parts.facts.agent_id)
        .text_if(otel::kAgentName, parts.agent_role)
        .text_if(otel::kConversation, parts.facts.session_id)
        .text_if(otel::kTask, parts.facts.task_id)
        .text_if(otel::kThread, parts.thread_id)
        .text(otel::kEvent, parts.event_id);
    if (parts.turn_index) span.attributes.number(otel::kTurn, *parts.turn_index);
    return span;
  }

  void append_thought(const EnvelopeParts& thought, std::string& out) {
    OtlpSpan span = span_of(thought, thought.event_id);
    span.name = span.event = otel::kThought;
    span.start_ns = span.end_ns = thought.time_ns;
    span.event_attributes.text_if(otel::kText, thought.text);
    append(span, out);
  }

  // `action` may be missing: an orphan knows its own end and how long it lasted.
  void append_call(const EnvelopeParts* action, const EnvelopeParts& observation,
                   std::string& out) {
    const EnvelopeParts& head = action != nullptr ? *action : observation;
    const std::string& tool = head.facts.tool.empty() ? observation.facts.tool : head.facts.tool;
    OtlpSpan span = span_of(head, head.tool_call_id.empty() ? head.event_id : head.tool_call_id);
    span.name = tool.empty() ? std::string(otel::kCallTool) : fmt::format("tools/call {}", tool);
    span.kind = OtlpSpan::kServer;
    span.start_ns = start_of(action, observation);
    span.end_ns = observation.time_ns;
    const std::string& server = head.server.empty() ? observation.server : head.server;
    span.attributes.text(otel::kMcpMethod, otel::kCallTool)
        .text(otel::kOperation, otel::kExecuteTool)
        .text(otel::kToolType, otel::kFunction)
        .text_if(otel::kTool, tool)
        .text_if(otel::kToolCall, head.tool_call_id)
        .text_if(otel::kRequest, head.request_id)
        .text_if(otel::kServer, server)
        .text_if(otel::kStatus, observation.facts.status);
    if (head.call_index) span.attributes.number(otel::kCallIndex, *head.call_index);
    if (action != nullptr) {
      span.attributes.text(otel::kEndEvent, observation.event_id)
          .text_if(otel::kToolArguments, action->text);
    } else {
      span.attributes.flag(otel::kOrphan, true);
    }
    span.attributes.text_if(otel::kToolResult, observation.text);
    if (is_failure(observation)) {
      span.status = OtlpSpan::kError;
      span.attributes.text(otel::kErrorType, otel::error_type_of(observation.facts.status));
    }
    append(span, out);
  }

  const ExportOptions options_;
  EnvelopeReader reader_;
  Calls calls_;
  ExportOmissions omissions_;
  std::uint64_t spans_ = 0, gaps_ = 0, lost_ = 0;
};

}  // namespace

std::unique_ptr<TraceExporter> make_otlp_exporter(ExportOptions options) {
  return std::make_unique<OtlpExporter>(std::move(options));
}

}  // namespace devs
