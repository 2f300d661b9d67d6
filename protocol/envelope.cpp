#include "protocol/envelope.h"

#include "protocol/envelope_writer.h"

namespace devs {

void MemberWriter::begin(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  append_json_string(out_, name);
  out_ += ':';
}

MemberWriter& MemberWriter::text(std::string_view name, std::string_view value) {
  begin(name);
  append_json_string(out_, value);
  return *this;
}

MemberWriter& MemberWriter::text_if(std::string_view name, std::string_view value) {
  return value.empty() ? *this : text(name, value);
}

MemberWriter& MemberWriter::number(std::string_view name, std::uint64_t value) {
  return json(name, std::to_string(value));
}

MemberWriter& MemberWriter::number(std::string_view name, std::int64_t value) {
  return json(name, std::to_string(value));
}

MemberWriter& MemberWriter::boolean(std::string_view name, bool value) {
  return json(name, value ? "true" : "false");
}

MemberWriter& MemberWriter::json(std::string_view name, std::string_view value) {
  begin(name);
  out_ += value;
  return *this;
}

MemberWriter& MemberWriter::json_if(std::string_view name, std::string_view value) {
  return value.empty() ? *this : json(name, value);
}

std::size_t write_head(MemberWriter& members, std::string& out, std::string_view type,
                       const EnvelopeOrigin& origin) {
  members.text("type", type)
      .text("schema_version", "1.0.0")
      .number("turn_index", origin.turn_index)
      .json("timestamp_ns", "\"0000000000000000000\"");
  const std::size_t stamp_at = out.size() - 1 - kStampDigits;
  members.text_if("agent_id", origin.agent_id)
      .text_if("agent_role", origin.agent_role)
      .text_if("session_id", origin.session_id)
      .text_if("task_id", origin.task_id)
      .text_if("thread_id", origin.thread_id);
  return stamp_at;
}

void write_spans(MemberWriter& members, const EnvelopeOrigin& origin, std::string_view span_id,
                 std::string_view parent_span_id) {
  members.text_if("trace_id", origin.trace_id)
      .text_if("span_id", span_id)
      .text_if("parent_span_id", parent_span_id);
}

EncodedEnvelope encode_thought(const ThoughtEnvelope& thought) {
  EncodedEnvelope encoded;
  std::string& out = encoded.body;
  MemberWriter members(out);
  encoded.stamp_at = write_head(members, out, "thought", thought.origin);
  members.text_if("thought_id", thought.thought_id);
  write_spans(members, thought.origin, thought.span_id, thought.parent_span_id);
  members.begin("payload");
  MemberWriter payload(out);
  payload.begin("analysis");
  MemberWriter(out)
      .text("observation_reflection", thought.thought.observation_reflection)
      .text("state_assessment", thought.thought.state_assessment)
      .text("reasoning_chain", thought.thought.reasoning_chain)
      .end();
  payload.json_if("intent", thought.thought.intent)
      .json_if("telemetry", thought.thought.telemetry)
      .end();
  members.end();
  return encoded;
}

EncodedEnvelope encode_action(const ActionEnvelope& action) {
  EncodedEnvelope encoded;
  std::string& out = encoded.body;
  out.reserve(action.arguments.size() + 1024);
  MemberWriter members(out);
  encoded.stamp_at = write_head(members, out, "action", action.origin);
  members.text("tool_call_id", action.tool_call_id)
      .number("call_index", action.call_index)
      .text_if("source_thought_id", action.source_thought_id);
  write_spans(members, action.origin, action.span_id, action.parent_span_id);

  std::string depends_on = "[";
  for (const std::string& call : action.depends_on) {
    if (depends_on.size() > 1) depends_on += ',';
    append_json_string(depends_on, call);
  }
  depends_on += ']';

  members.begin("payload");
  MemberWriter payload(out);
  payload.begin("tool_call");
  MemberWriter(out)
      .text("tool_call_id", action.tool_call_id)
      .text("tool_name", action.tool_name)
      .json("arguments", action.arguments.empty() ? "{}" : action.arguments)
      .text_if("server", action.server)
      .text_if("upstream_tool", action.upstream_tool)
      .number("timeout_ms", action.timeout_ms)
      .json("depends_on", depends_on)
      .text_if("parent_tool_call_id", action.parent_tool_call_id)
      .text_if("jsonrpc_request_id", action.jsonrpc_request_id)
      .end();
  payload.end();
  members.end();
  out.shrink_to_fit();  // the ring keeps the body as it is
  return encoded;
}

EncodedEnvelope encode_event(std::string_view type, const EnvelopeOrigin& origin,
                             std::string_view payload) {
  EncodedEnvelope encoded;
  MemberWriter members(encoded.body);
  encoded.stamp_at = write_head(members, encoded.body, type, origin);
  members.text_if("trace_id", origin.trace_id).json("payload", payload).end();
  return encoded;
}

}  // namespace devs
