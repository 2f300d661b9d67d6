#pragma once

#include "orchestrator/channels/channel_texts.h"
#include "orchestrator/channels/channels.h"
#include "orchestrator/net/route_table.h"
#include "orchestrator/net/stored_waiters.h"
#include "trace/clock.h"

namespace devs {

struct ChannelSources {
  Channels& channels;
  ChannelTexts texts;
  StoredWaiters& waiters;
  const Clock& clock;
  Epoch epoch;
};

// The rows of this room (streams 7.2), each for debates and for channels in general:
// `POST /api/debates` and `POST /api/channels/{name}`; under `/api/debates/{debateId}` and
// `/api/channels/{name}/{id}` GET of itself, `utterances`, `transcript`, POST of `events`,
// `pause`, `resume`, `interventions`.  What was posted is stored when the answer leaves.
//
// REQUIRES: all outlive the table.
Status add_channel_routes(RouteTable& routes, const ChannelSources& sources);

// How a route calls what it is about.
struct ChannelWords {
  std::string_view id_member;  // `debateId`
  std::string_view noun;       // `Debate`
};
inline constexpr ChannelWords kDebateWords{"debateId", "Debate"};
inline constexpr ChannelWords kChannelWords{"id", "Channel"};

// The channel the path of a request names; nullopt: it breaks its grammar, and `refusal`
// says so.
std::optional<ChannelKey> channel_of(const RequestHead& head, const ChannelWords& words,
                                     HttpAnswer& refusal);
HttpAnswer channel_not_found(const ChannelKey& key, const ChannelWords& words);

}  // namespace devs
