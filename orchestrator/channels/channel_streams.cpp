#include "orchestrator/channels/channel_streams.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "orchestrator/channels/channel_catch_up.h"
#include "orchestrator/channels/channel_frames.h"
#include "orchestrator/channels/channel_path.h"
#include "orchestrator/streams/stream_query.h"
#include "trace/random.h"

namespace devs {
namespace {

struct Sources {
  Channels& channels;
  const ChannelTexts texts;
  const Clock& clock;
  const Epoch epoch;
};

bool names_an_id(const RequestHead& head) {
  const std::string* const query = head.query_param("lastEventId");
  return !head.field("last-event-id").empty() || (query != nullptr && !query->empty());
}

// The turn the client had last; false: what it says is no number.
bool read_last_turn(const RequestHead& head, std::optional<std::uint64_t>& turn) {
  const std::string* const text = head.query_param("lastTurnNumber");
  if (text == nullptr) return true;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, turn.emplace());
  return error == std::errc() && stop == end;
}

std::string connected_data(const ChannelKey& key, const ChannelWords& words,
                           const std::string& client, bool in_messages) {
  const bool debate = &words == &kDebateWords;
  const std::string who = fmt::format(R"("clientId":"{}")", client);
  const std::string where = debate ? fmt::format(R"("debateId":"{}")", key.id)
                                   : fmt::format(R"("channel":"{}","id":"{}")", key.name, key.id);
  return in_messages ? '{' + where + ',' + who + R"(,"message":"Connected"})"
                     : '{' + who + ',' + where + '}';
}

std::optional<HttpAnswer> open(const Sources& house, const ChannelWords& words,
                               const Exchange& exchange, StreamOpening& opening) {
  const RequestHead& head = exchange.head();
  const auto key = channel_of(head, words);
  if (!key) return bad_channel(words);
  std::optional<std::uint64_t> last_turn;
  if (!read_last_turn(head, last_turn))
    return bad_parameter({"lastTurnNumber", "must be a number, 0 or more"});
  const ChannelBook& book = house.channels.book();
  const ChannelBook::Picture seen = book.look(*key, exchange.principal());
  if (!seen.state && book.require_existing()) return channel_not_found(*key, words);

  const std::string* const framing = head.query_param("framing");
  const ChannelFrames frames{.in_messages = framing != nullptr && *framing == "message",
                             .clock = house.clock};
  const std::string client = new_uuid_v7(house.clock);
  frames.append(opening.first.emplace(), "connected",
                connected_data(*key, words, client, frames.in_messages));
  // All that is visible is in what was seen: if the channel ends after this, the stream
  // shows it.
  opening.fresh_from = seen.applied + 1;
  if (seen.state && seen.state->completed_at() != 0) {
    opening.ended_at = seen.state->completed_at();
    opening.fresh_from = seen.state->first();
  }
  if (last_turn && !names_an_id(head)) {
    CatchUp caught =
        catch_up(seen, *last_turn, *key, words.id_member, house.texts, frames, house.epoch);
    opening.applied = caught.applied;
    opening.frames = std::move(caught.frames);
  }
  opening.joined = [&clients = house.channels.clients(), client, key = *key,
                    in_messages = frames.in_messages](const std::string& stream_id) {
    return clients.enter(
        {.id = client, .stream_id = stream_id, .channel = key, .in_messages = in_messages});
  };
  return std::nullopt;
}

}  // namespace

StreamOpeners channel_openers(Channels& channels, const ChannelTexts& texts, const Clock& clock,
                              const Epoch& epoch) {
  const auto house = std::make_shared<const Sources>(Sources{channels, texts, clock, epoch});
  const auto opener = [house](const ChannelWords& words) -> StreamOpener {
    return [house, &words](const Exchange& exchange, StreamOpening& opening) {
      return open(*house, words, exchange, opening);
    };
  };
  return {{"DB", opener(kDebateWords)}, {"CH", opener(kChannelWords)}};
}

}  // namespace devs
