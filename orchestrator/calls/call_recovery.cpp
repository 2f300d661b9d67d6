#include "orchestrator/calls/call_recovery.h"

#include <algorithm>
#include <charconv>

#include "protocol/json.h"

namespace devs {
namespace {

// What this house writes begins like this, and a call has the id of its request.
constexpr std::string_view kOurAction =
    R"({"type":"action","schema_version":"1.0.0","turn_index":)";
constexpr std::string_view kOurObservation =
    R"({"type":"observation","schema_version":"1.0.0","turn_index":)";
constexpr std::string_view kOurThought =
    R"({"type":"thought","schema_version":"1.0.0","turn_index":)";
constexpr std::string_view kStamp = R"("timestamp_ns":")";
constexpr std::string_view kSpanId = R"("span_id":")";
constexpr std::string_view kRequestId = R"("jsonrpc_request_id":")";

// The text of the first string member `key` (ids and stamps: nothing is escaped).
std::string_view value_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == line.npos) return {};
  const std::size_t from = at + key.size(), to = line.find('"', from);
  return to == line.npos ? std::string_view() : line.substr(from, to - from);
}

std::int64_t number_of(std::string_view digits) {
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string text_of(JsonView value) {
  return value.string().value_or("");
}

}  // namespace

void CallRecovery::see(std::string_view line, std::string_view topics) {
  const bool action = line.starts_with(kOurAction);
  const bool observation = !action && line.starts_with(kOurObservation);
  if (!action && !observation && !line.starts_with(kOurThought)) return;
  if (const std::string_view stamp = value_after(line, kStamp); stamp.size() == kStampDigits)
    last_stamp_ns_ = std::max(last_stamp_ns_, number_of(stamp));

  if (observation) {
    open_.erase(std::string(value_after(line, kSpanId)));
  } else if (action && line.find(kRequestId) != line.npos) {
    open_[std::string(value_after(line, kSpanId))] = {seen_++, std::string(line),
                                                      std::string(topics)};
  }
}

std::vector<Draft> CallRecovery::abandoned() const {
  std::vector<const Open*> in_order;
  for (const auto& [id, open] : open_) in_order.push_back(&open);
  std::sort(in_order.begin(), in_order.end(),
            [](const Open* a, const Open* b) { return a->order < b->order; });

  std::vector<Draft> drafts;
  for (const Open* open : in_order) {
    const JsonView action(open->line);
    const JsonView call = action["payload"]["tool_call"];
    ObservationEnvelope last_word;
    last_word.origin = {
        .turn_index = static_cast<std::uint64_t>(action["turn_index"].integer().value_or(0)),
        .agent_id = text_of(action["agent_id"]),
        .agent_role = text_of(action["agent_role"]),
        .session_id = text_of(action["session_id"]),
        .task_id = text_of(action["task_id"]),
        .thread_id = text_of(action["thread_id"]),
        .trace_id = text_of(action["trace_id"])};
    last_word.tool_call_id = text_of(action["tool_call_id"]);
    last_word.call_index = static_cast<std::uint64_t>(action["call_index"].integer().value_or(0));
    last_word.span_id = text_of(action["span_id"]);
    last_word.parent_span_id = text_of(action["parent_span_id"]);
    last_word.tool_name = text_of(call["tool_name"]);
    last_word.server = text_of(call["server"]);
    last_word.status = CallStatus::abandoned;
    last_word.stderr_text = "The orchestrator stopped before the result arrived.";
    last_word.recovered = true;
    const std::int64_t began = number_of(text_of(action["timestamp_ns"]));
    last_word.duration_ms = static_cast<double>(last_stamp_ns_ - began) / 1e6;
    drafts.push_back(draft_of(encode_observation(last_word)));
    drafts.back().topics = open->topics;
  }
  return drafts;
}

}  // namespace devs
