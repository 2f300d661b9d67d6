#pragma once

#include <optional>
#include <string_view>

#include "orchestrator/channels/channel_key.h"
#include "orchestrator/net/http_message.h"
#include "orchestrator/net/request_head.h"

namespace devs {

// How a route calls what it is about: channels in general, and debates.
struct ChannelWords {
  std::string_view id_member;  // `debateId`, in the path, in answers and first frames
  std::string_view noun;       // `Debate`
};
inline constexpr ChannelWords kDebateWords{"debateId", "Debate"};
inline constexpr ChannelWords kChannelWords{"id", "Channel"};

// The channel that the path of a request names; nullopt: it breaks its grammar.
std::optional<ChannelKey> channel_of(const RequestHead& head, const ChannelWords& words);

HttpAnswer bad_channel(const ChannelWords& words);
HttpAnswer channel_not_found(const ChannelKey& key, const ChannelWords& words);

}  // namespace devs
