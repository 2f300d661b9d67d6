#include "orchestrator/channels/channel_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "protocol/envelope.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

constexpr std::size_t kMaxEventName = 64;
// Stands for the member that names the channel: `debateId` of a debate, else `id`.
constexpr std::string_view kItsId = "<id>";

struct Required {
  std::string_view event;
  std::array<std::string_view, 5> members;  // empty: no more
};
// THE table of known events.
constexpr std::array<Required, 8> kRequired{
    {{"utterance", {"id", "timestamp", "phase", "speaker", "content"}},
     {"phase_transition", {"phase", "timestamp"}},
     {"intervention_submitted", {"interventionId", "type", "directedTo", "timestampMs"}},
     {"intervention_response", {"interventionId", kItsId, "speaker", "response", "timestampMs"}},
     {"pause", {kItsId, "timestamp"}},
     {"resume", {kItsId, "timestamp"}},
     {"complete", {kItsId, "totalDurationMs", "finalPhase", "timestamp"}},
     {"error", {kItsId, "error", "timestamp"}}}};
// Of these the house keeps account.
constexpr std::array<std::string_view, 3> kWords{"phase", "speaker", "finalPhase"};

// `^[a-z][a-z0-9_]{0,63}$`
bool is_event_name(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kMaxEventName && is_lower(name.front()) &&
         std::all_of(name.begin(), name.end(), [is_lower](char c) {
           return is_lower(c) || (c >= '0' && c <= '9') || c == '_';
         });
}

bool is_reserved(std::string_view name) {
  return is_control_event(name) || name == "connected" || name == "heartbeat" ||
         name == "message" || name.starts_with("catchup_");
}

bool is_word(JsonView value) {
  const auto text = value.string();
  return text && !text->empty() && text->size() <= kMaxChannelWord;
}

}  // namespace

std::optional<BadEvent> check_channel_event(std::string_view channel, std::string_view event,
                                            JsonView data) {
  if (!is_event_name(event))
    return BadEvent{"event", "must be a lower-case letter, then at most 63 of a-z, 0-9 and _"};
  if (is_reserved(event)) return BadEvent{"event", "is a name the streams keep for themselves"};
  if (!data.is_object()) return BadEvent{"data", "must be a JSON object"};
  const auto row = std::find_if(kRequired.begin(), kRequired.end(),
                                [event](const Required& one) { return one.event == event; });
  if (row == kRequired.end()) return std::nullopt;
  for (std::string_view member : row->members) {
    if (member.empty()) break;
    if (member == kItsId) member = id_member_of(channel);
    const JsonView value = data[member];
    if (!value.present()) return BadEvent{fmt::format("data.{}", member), "is required"};
    if (std::find(kWords.begin(), kWords.end(), member) != kWords.end() && !is_word(value))
      return BadEvent{fmt::format("data.{}", member), "must be a string of 1 to 256 bytes"};
  }
  return std::nullopt;
}

Draft channel_draft(const ChannelKey& key, std::string_view event, std::string_view data,
                    std::uint64_t turn, std::string_view owner) {
  EncodedEnvelope envelope;
  envelope.body = fmt::format(
      R"({{"type":"channel","schema_version":"1.0.0","turn_index":{},"timestamp_ns":")", turn);
  envelope.stamp_at = envelope.body.size();
  envelope.body.append(kStampDigits, '0');
  envelope.body += fmt::format(R"(","channel":"{}")", key.text());
  if (!event.empty()) envelope.body += fmt::format(R"(,"event":"{}")", event);
  envelope.body.append(R"(,"payload":)").append(data) += '}';
  Draft draft = draft_of(std::move(envelope));
  draft.topics = key.topic();
  if (!owner.empty()) draft.topics.append(1, ',').append(owner);
  return draft;
}

std::string created_data(std::int64_t ms, JsonView title, JsonView metadata) {
  std::string data = fmt::format(R"({{"createdAt":"{}")", iso_of_ms(ms));
  if (title.present()) data.append(R"(,"title":)").append(title.text());
  if (metadata.present()) data.append(R"(,"metadata":)").append(metadata.text());
  return data + '}';
}

std::string pause_data(const ChannelKey& key, JsonView reason, std::int64_t ms) {
  std::string data = fmt::format(R"({{"{}":"{}")", id_member_of(key.name), key.id);
  if (reason.present()) data.append(R"(,"reason":)").append(reason.text());
  return data + fmt::format(R"(,"timestamp":{}}})", ms);
}

std::string resume_data(const ChannelKey& key, std::int64_t ms) {
  return fmt::format(R"({{"{}":"{}","timestamp":{}}})", id_member_of(key.name), key.id, ms);
}

std::string intervention_data(const ChannelKey& key, const Intervention& said, std::int64_t ms) {
  return fmt::format(
      R"({{"interventionId":"{}","{}":"{}","type":{},"content":{},"directedTo":{},"timestampMs":{}}})",
      said.id, id_member_of(key.name), key.id, said.type.text(), said.content.text(),
      said.directed_to.present() ? said.directed_to.text() : "null", ms);
}

}  // namespace devs
