#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "orchestrator/channels/channel_key.h"
#include "orchestrator/channels/channel_state.h"
#include "orchestrator/channels/channel_texts.h"

namespace devs {

// Answers about one channel as JSON text (streams 7.2).  `id_member`: how the route calls
// the id, `debateId` or `id`.

// A page of what was said, and a transcript, hold so much text at most.
inline constexpr std::size_t kMaxChannelAnswer = 8 * 1024 * 1024;

std::string channel_json(const ChannelState& state, const ChannelKey& key,
                         std::string_view id_member, std::size_t clients, std::string_view last_id);

struct UtterancesAsked {
  std::size_t offset = 0, limit = 100;
  const std::string* speaker = nullptr;  // null: everybody's
  const std::string* phase = nullptr;
};
// `total` counts what fits speaker and phase; fewer than `limit` come when more would be
// too much text.
std::string utterances_json(const ChannelState& state, const ChannelTexts& texts,
                            const UtterancesAsked& asked);

// `truncated` when the rest would be too much text: utterances_json() has it.
std::string transcript_json(const ChannelState& state, const ChannelTexts& texts,
                            const ChannelKey& key, std::string_view id_member);

}  // namespace devs
