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

}  // namespace devs
