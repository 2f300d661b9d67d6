#include "orchestrator/calls/call_trace.h"

#include <utility>

namespace devs {

CallTrace::~CallTrace() {
  if (open_) observation(abandoned_());
}

Draft CallTrace::draft(EncodedEnvelope envelope) const {
  Draft draft = draft_of(std::move(envelope));
  draft.topics = owner_topic(caller_);
  return draft;
}

Status CallTrace::begin(const std::optional<ThoughtEnvelope>& thought,
                        const ActionEnvelope& action) {
  std::vector<Draft> drafts;
  if (thought) drafts.push_back(draft(encode_thought(*thought)));
  drafts.push_back(draft(encode_action(action)));
  auto published = bus_.publish_all_and_reserve(std::move(drafts));
  if (!published.ok()) return published.status();
  if (thought) thought_ = published->first;
  action_ = published->first + (thought ? 1 : 0);
  place_ = std::move(published->second);
  open_ = true;
  return {};
}

Sequence CallTrace::observation(const ObservationEnvelope& last_word) {
  open_ = false;
  auto published = bus_.publish_reserved(draft(encode_observation(last_word)), std::move(place_));
  return published.ok() ? *published : 0;  // 0: the bus is closed
}

}  // namespace devs
