#include "orchestrator/calls/call_trace.h"

#include <utility>

namespace devs {

CallTrace::CallTrace(CallTrace&& other) noexcept
    : bus_(other.bus_),
      owner_(std::move(other.owner_)),
      place_(std::move(other.place_)),
      repeats_(std::move(other.repeats_)),
      open_(std::exchange(other.open_, false)),
      thought_(other.thought_),
      action_(other.action_) {
}

CallTrace::~CallTrace() {
  if (!open_) return;
  ObservationEnvelope last_word;
  last_word.status = CallStatus::abandoned;
  last_word.stderr_text = "The call was dropped before its result arrived.";
  observation(std::move(last_word));
}

Draft CallTrace::draft(EncodedEnvelope envelope) const {
  Draft draft = draft_of(std::move(envelope));
  draft.topics = owner_;
  return draft;
}

Status CallTrace::begin(const std::optional<ThoughtEnvelope>& thought,
                        const ActionEnvelope& action) {
  std::vector<Draft> drafts;
  if (thought) drafts.push_back(draft(encode_thought(*thought)));
  drafts.push_back(draft(encode_action(action)));
  auto published = bus_->publish_all_and_reserve(std::move(drafts));
  if (!published.ok()) return published.status();
  if (thought) thought_ = published->first;
  action_ = published->first + (thought ? 1 : 0);
  place_ = std::move(published->second);
  repeats_.origin = action.origin;
  repeats_.tool_call_id = action.tool_call_id;
  repeats_.call_index = action.call_index;
  repeats_.span_id = action.span_id;
  repeats_.parent_span_id = action.parent_span_id;
  repeats_.tool_name = action.tool_name;
  repeats_.server = action.server;
  open_ = true;
  return {};
}

Sequence CallTrace::observation(ObservationEnvelope last_word) {
  open_ = false;
  last_word.origin = std::move(repeats_.origin);
  last_word.tool_call_id = std::move(repeats_.tool_call_id);
  last_word.call_index = repeats_.call_index;
  last_word.span_id = std::move(repeats_.span_id);
  last_word.parent_span_id = std::move(repeats_.parent_span_id);
  last_word.tool_name = std::move(repeats_.tool_name);
  last_word.server = std::move(repeats_.server);
  auto published = bus_->publish_reserved(draft(encode_observation(last_word)), std::move(place_));
  return published.ok() ? *published : 0;  // 0: the bus is closed
}

}  // namespace devs
