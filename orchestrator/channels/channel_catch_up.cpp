#include "orchestrator/channels/channel_catch_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "orchestrator/streams/control_event.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

using Turn = ChannelState::Turn;

// As it was said, and that it is not new; one too large for a stream is named only.
void append_said(std::string& out, const Entry& entry, const std::string& id,
                 const ChannelFrames& frames) {
  if (entry.body.size() > kMaxStreamedEnvelope) {
    const ControlEvent told = oversize_event(id, entry.body.size());
    return frames.append(out, told.name, told.data, id);
  }
  std::string data(JsonView(entry.body)["payload"].text());
  data.back() = ',';  // of an object that has members: it is an utterance
  frames.append(out, "catchup_utterance", data += R"("isCatchup":true})", id);
}

}  // namespace

CatchUp catch_up(const ChannelBook::Picture& seen, std::uint64_t last_turn, const ChannelKey& key,
                 std::string_view id_member, const ChannelTexts& texts, const ChannelFrames& frames,
                 const Epoch& epoch) {
  const ChannelState nothing{""};
  const ChannelState& state = seen.state ? *seen.state : nothing;
  const auto begin =
      std::partition_point(state.turns().begin(), state.turns().end(),
                           [last_turn](const Turn& turn) { return turn.number <= last_turn; });
  const auto end = state.turns().end();

  CatchUp caught{.frames = {}, .applied = seen.applied};
  if (state.completed_at() != 0) caught.applied = state.completed_at() - 1;
  std::string phase = state.phase(), said;
  ChannelStatus status = state.status();
  std::size_t sent = 0;
  Turn last;
  texts.read(begin, end, [&](const Turn& turn, const Entry& entry) {
    if (sent > 0 && said.size() + entry.body.size() > kMaxCatchup) {
      // As of here, then: what came later comes with the rest.
      caught.applied = last.sequence;
      phase = state.text_of(last.phase);
      status = ChannelStatus::live;
      return false;
    }
    append_said(said, entry, encode_event_id(epoch, turn.sequence), frames);
    last = turn;
    ++sent;
    return true;
  });
  frames.append(
      caught.frames, "catchup_start",
      fmt::format(R"({{"{}":"{}","missedTurnCount":{},"fromTurnNumber":{},"toTurnNumber":{}}})",
                  id_member, key.id, end - begin, begin == end ? last_turn + 1 : begin->number,
                  state.turn()));
  caught.frames += said;
  frames.append(
      caught.frames, "catchup_complete",
      fmt::format(R"({{"{}":"{}","utterancesSent":{},"currentPhase":{},"debateStatus":"{}"}})",
                  id_member, key.id, sent, json_string(phase), name_of(status)),
      encode_event_id(epoch, caught.applied));
  return caught;
}

}  // namespace devs
