#include "trace/entry.h"

#include <utility>

namespace devs {

Draft draft_of(EncodedEnvelope envelope) {
  EnvelopeFacts facts = facts_of(envelope.body);
  return {std::move(envelope.body), std::move(facts), envelope.stamp_at};
}

Draft draft_of_published(std::string compact_body) {
  EnvelopeFacts facts = facts_of(compact_body);
  return {std::move(compact_body), std::move(facts), std::nullopt};
}

}  // namespace devs
