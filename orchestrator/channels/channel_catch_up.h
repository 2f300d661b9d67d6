#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/channels/channel_book.h"
#include "orchestrator/channels/channel_frames.h"
#include "orchestrator/channels/channel_key.h"
#include "orchestrator/channels/channel_texts.h"
#include "protocol/ids.h"

namespace devs {

// A client that comes back is told in one piece; so much is made ready for it, at most,
// before its stream is there.
inline constexpr std::size_t kMaxCatchup = 1024 * 1024;

// What a client missed that had turn `last_turn` last (streams 7.3).
struct CatchUp {
  std::string frames;    // catchup_start, catchup_utterance each, catchup_complete
  Sequence applied = 0;  // the stream goes on after it
};
// All of it as of one picture.  Beyond kMaxCatchup the rest is left to the stream: there
// the utterances come as the events they were.  Of a completed channel `complete` is left
// to the stream too.  Reads files: not for a reactor.
CatchUp catch_up(const ChannelBook::Picture& seen, std::uint64_t last_turn, const ChannelKey& key,
                 std::string_view id_member, const ChannelTexts& texts, const ChannelFrames& frames,
                 const Epoch& epoch);

}  // namespace devs
