#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/channels/channel_key.h"
#include "protocol/json.h"
#include "trace/entry.h"

namespace devs {

// What is said in a channel (streams 7.1): events of known names with members they must
// have, and any other name with any object.

// Speakers and phases are kept for each turn, and compared with what is asked for.
inline constexpr std::size_t kMaxChannelWord = 256;

// What of an event is wrong, as the answer names it.
struct BadEvent {
  std::string field;  // `event`, `data.speaker`
  std::string message;
};
// nullopt: it may be published on a channel of that name.
std::optional<BadEvent> check_channel_event(std::string_view channel, std::string_view event,
                                            JsonView data);

// The entry: `data` is its payload, byte for byte.  An empty `event`: the channel was
// created, which no stream shows.  `turn`: utterances so far, this one included.  `owner`:
// as owner_topic() says, or empty.
Draft channel_draft(const ChannelKey& key, std::string_view event, std::string_view data,
                    std::uint64_t turn, std::string_view owner);

// Data of the events the house says itself.  `ms`: wall clock since 1970.
std::string created_data(std::int64_t ms, JsonView title, JsonView metadata);
std::string pause_data(const ChannelKey& key, JsonView reason, std::int64_t ms);
std::string resume_data(const ChannelKey& key, std::int64_t ms);
struct Intervention {
  std::string id;
  JsonView type, content, directed_to;  // directed_to may be absent: to everybody
};
std::string intervention_data(const ChannelKey& key, const Intervention& said, std::int64_t ms);

}  // namespace devs
