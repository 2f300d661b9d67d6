#include <array>
#include <chrono>
#include <utility>

#include "orchestrator/calls/call_house.h"
#include "orchestrator/calls/task_trace.h"
#include "protocol/ids.h"
#include "trace/random.h"

namespace devs {
namespace {

constexpr std::array<std::string_view, 5> kRoles = {"orchestrator", "researcher", "architect",
                                                    "developer", "reviewer"};

struct TraceParent {
  std::string trace_id, parent_id;  // empty: the header counts as absent
};

bool is_hex_id(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos &&
         text.find_first_not_of('0') != text.npos;
}

// W3C Trace Context, version 00.
TraceParent decode_traceparent(std::string_view text) {
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  if (text.substr(0, 2) == "ff" || (text.size() > 55 && text.substr(0, 2) == "00")) return {};
  const auto trace = text.substr(3, 32), parent = text.substr(36, 16);
  if (!is_hex_id(trace, 32) || !is_hex_id(parent, 16)) return {};
  return {std::string(trace), std::string(parent)};
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

const std::string& parent_span_of(const Call& call) {
  return call.thought_id.empty() ? call.parent_span_id : call.thought_span_id;
}

// The words of a result the house made itself: its one text block.
std::string words_of(const ToolOutcome& outcome) {
  if (outcome.fault) return outcome.fault->message;
  std::string words;
  JsonView(outcome.result)["content"].each_element([&](JsonView block) {
    if (auto text = block["text"].string()) words += *text;
  });
  return words;
}

}  // namespace

void identify(Call& call, CallHouse& house) {
  CallToolParams& params = call.request.params;
  SaopContext& context = params.context;
  call.tools = house.tools.snapshot();
  call.tool = params.name.size() <= kMaxToolNameBytes ? call.tools->find(params.name) : nullptr;
  call.timeout = house.options.timeout;
  call.hard_deadline = house.reactor.now() + house.options.hard_timeout;

  if (context.agent_id.empty()) context.agent_id = reduce_to_saop_id(call.request.client_name);
  if (context.agent_role.empty())
    for (std::string_view role : kRoles)
      if (context.agent_id == role) context.agent_role = role;
  if (context.session_id.empty()) context.session_id = std::move(call.request.session_id);
  if (context.task_id.empty()) context.task_id = std::move(call.request.task_id);
  if (context.thread_id.empty()) context.thread_id = "main";
  call.tool_call_id =
      context.tool_call_id.empty() ? new_uuid_v7(house.reactor.clock()) : context.tool_call_id;
  call.place = house.turns.begin(
      context.task_id, context.thread_id, context.turn_index, context.thought != nullptr,
      [&house](std::string_view task) { return trace_of_task(house.epoch, task); });

  const TraceParent parent = decode_traceparent(params.traceparent);
  call.trace_id = parent.trace_id.empty() ? std::move(call.place.trace_id) : parent.trace_id;
  call.parent_span_id = parent.parent_id;
  if (context.thought) {
    call.thought_id = new_uuid_v7(house.reactor.clock());
    call.thought_span_id = random_hex(8);
  }
  call.span_id = random_hex(8);
}

EnvelopeOrigin origin_of(const Call& call) {
  const SaopContext& context = call.request.params.context;
  return {.turn_index = call.place.turn_index,
          .agent_id = context.agent_id,
          .agent_role = context.agent_role,
          .session_id = context.session_id,
          .task_id = context.task_id,
          .thread_id = context.thread_id,
          .trace_id = call.trace_id};
}

std::optional<ThoughtEnvelope> thought_of(const Call& call) {
  if (!call.request.params.context.thought) return std::nullopt;
  return ThoughtEnvelope{.origin = origin_of(call),
                         .thought_id = call.thought_id,
                         .span_id = call.thought_span_id,
                         .parent_span_id = call.parent_span_id,
                         .thought = *call.request.params.context.thought};
}

ActionEnvelope action_of(const Call& call, const CallHouse&) {
  const CallToolParams& params = call.request.params;
  const ToolSpec* spec = call.tool ? &call.tool->tool->spec() : nullptr;
  ActionEnvelope action;
  action.origin = origin_of(call);
  action.tool_call_id = call.tool_call_id;
  action.call_index = call.place.call_index;
  action.source_thought_id = call.thought_id;
  action.span_id = call.span_id;
  action.parent_span_id = parent_span_of(call);
  action.tool_name = std::string(utf8_prefix(params.name, kPreviewBytes));
  action.arguments = params.arguments;
  if (spec) {
    action.server = spec->server;
    action.upstream_tool = spec->upstream_tool;
  }
  action.timeout_ms = static_cast<std::uint64_t>(call.timeout.count());
  action.depends_on = params.context.depends_on;
  action.parent_tool_call_id = params.context.parent_tool_call_id;
  const std::string& id = call.request.jsonrpc_id;
  action.jsonrpc_request_id = JsonView(id).string().value_or(id);
  return action;
}

namespace {

// What an observation repeats of its action.
ObservationEnvelope repeats_of(const Call& call) {
  ObservationEnvelope repeats;
  repeats.origin = origin_of(call);
  repeats.tool_call_id = call.tool_call_id;
  repeats.call_index = call.place.call_index;
  repeats.span_id = call.span_id;
  repeats.parent_span_id = parent_span_of(call);
  repeats.tool_name = std::string(utf8_prefix(call.request.params.name, kPreviewBytes));
  if (call.tool) repeats.server = call.tool->tool->spec().server;
  return repeats;
}

}  // namespace

ObservationEnvelope abandoned_word(const Call& call) {
  ObservationEnvelope last_word = repeats_of(call);
  last_word.status = CallStatus::abandoned;
  last_word.stderr_text = "The call was dropped before its result arrived.";
  return last_word;
}

ObservationEnvelope observation_of(const Call& call, const ToolOutcome& outcome, TimePoint now) {
  ObservationEnvelope last_word = repeats_of(call);
  last_word.status = outcome.status;
  last_word.input_required = outcome.asks;
  const std::string& first = call.request.first_call_id;
  if (!first.empty() && first != call.tool_call_id) {
    last_word.mrtr_round = call.request.client.round;
    last_word.mrtr_first = first;
  }
  last_word.executed = call.executed;
  last_word.duration_ms = call.executed ? milliseconds(now - call.started) : 0;
  switch (outcome.status) {
    case CallStatus::success:
    case CallStatus::tool_error:
      last_word.result = outcome.result;
      if (outcome.fault) last_word.stderr_text = outcome.fault->message;
      break;
    case CallStatus::validation_failed:
      last_word.stdout_text = words_of(outcome);
      last_word.errors = call.errors;
      break;
    case CallStatus::timeout_exceeded:
      last_word.timeout_ms = static_cast<double>(call.timeout.count());
      last_word.stderr_text = words_of(outcome);
      break;
    case CallStatus::cancelled:
      last_word.cancelled_by = call.cancelled_by;
      last_word.stderr_text = words_of(outcome);
      break;
    default:
      last_word.stderr_text = words_of(outcome);
  }
  return last_word;
}

std::string receipt_of(const Call& call, const CallHouse& house, Sequence observation) {
  if (!call.request.params.context.present) return {};
  const auto event = [&](Sequence sequence) {
    return json_string(encode_event_id(house.epoch, sequence));
  };
  std::string receipt = "{\"tool_call_id\":" + json_string(call.tool_call_id) +
                        ",\"turn_index\":" + std::to_string(call.place.turn_index) +
                        ",\"call_index\":" + std::to_string(call.place.call_index);
  if (call.trace.thought_sequence() != 0)
    receipt += ",\"thought\":" + event(call.trace.thought_sequence());
  receipt += ",\"action\":" + event(call.trace.action_sequence());
  if (observation != 0) receipt += ",\"observation\":" + event(observation);
  return receipt + "}";
}

}  // namespace devs
