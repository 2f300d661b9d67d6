#pragma once

#include "orchestrator/channels/channel_texts.h"
#include "orchestrator/channels/channels.h"
#include "orchestrator/streams/stream_routes.h"
#include "protocol/ids.h"
#include "trace/clock.h"

namespace devs {

// How the streams of channels open (streams 3.3): what a client is told first, what one
// that is late or comes back is given, where the stream ends, and that it is counted.  By
// the keys of the profiles, DB and CH.
//
// REQUIRES: all outlive the openers.
StreamOpeners channel_openers(Channels& channels, const ChannelTexts& texts, const Clock& clock,
                              const Epoch& epoch);

}  // namespace devs
