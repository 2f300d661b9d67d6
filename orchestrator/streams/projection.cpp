#include "orchestrator/streams/projection.h"

#include "protocol/json.h"
#include "protocol/sse_frame.h"

namespace devs {

void RawProjection::append(const EntryView& entry, std::string_view id, std::string& out) const {
  append_sse_frame(out, {.id = id, .event = entry.facts.name, .data = entry.body});
}

void NamedProjection::append(const EntryView& entry, std::string_view id, std::string& out) const {
  if (entry.facts.name.empty()) return;
  const JsonView payload = JsonView(entry.body)["payload"];
  if (payload.present())
    append_sse_frame(out, {.id = id, .event = entry.facts.name, .data = payload.text()});
}

bool NamedProjection::shows(const EntryView& entry, std::string_view) const {
  return !entry.facts.name.empty();
}

}  // namespace devs
