#include "orchestrator/channels/message_projection.h"

#include <chrono>

#include "orchestrator/channels/channel_frames.h"
#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

}  // namespace

void MessageProjection::append(const EntryView& entry, std::string_view id,
                               std::string& out) const {
  if (entry.facts.name.empty()) return;
  const JsonView payload = JsonView(entry.body)["payload"];
  if (payload.present())
    append_message_frame(out, entry.facts.name, payload.text(), id,
                         entry.facts.timestamp_ns / kNsPerMs);
}

bool MessageProjection::shows(const EntryView& entry, std::string_view) const {
  return !entry.facts.name.empty();
}

void MessageProjection::append_control(const ControlEvent& event, std::string& out) const {
  const auto now = clock_.wall().time_since_epoch();
  append_message_frame(out, event.name, event.data, event.id,
                       std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                       event.retry_ms);
}

}  // namespace devs
