#include "orchestrator/channels/channels.h"

#include <utility>

#include "orchestrator/channels/channel_events.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

Status status_of(const ChannelBook::Told& told, const ChannelKey& key) {
  switch (told.refusal) {
    case ChannelBook::Refusal::none:
      return {};
    case ChannelBook::Refusal::unknown:
      return Status(Code::not_found, "there is no channel " + key.text());
    case ChannelBook::Refusal::exists:
      return Status(Code::invalid_argument, "the channel exists already: " + key.text());
    case ChannelBook::Refusal::completed:
      return Status(Code::invalid_argument, "the channel is completed: " + key.text());
    case ChannelBook::Refusal::wrong_state:
      return Status(Code::invalid_argument, "the channel is not in the state for that event");
    case ChannelBook::Refusal::bus:
      return told.bus;
  }
  return told.bus;
}

// The compact text of an event's data that may be said in a channel of that name.
Result<std::string> checked_data(std::string_view channel, std::string_view event,
                                 std::string_view data) {
  auto text = compact_json(data, kEnvelopeJson);
  if (!text.ok()) return text;
  if (const auto bad = check_channel_event(channel, event, JsonView(*text)))
    return Status(Code::invalid_argument, bad->field + ": " + bad->message);
  return text;
}

}  // namespace

Channels::Channels(Options options, TraceStreamBus& bus, const StoredLog& stored, Epoch epoch,
                   StreamHub& hub, const Clock& clock, Log& log, Metrics& metrics)
    : epoch_(std::move(epoch)),
      hub_(hub),
      clock_(clock),
      log_(log),
      told_metric_(metrics.counter("channels_broadcast_total")),
      refused_metric_(metrics.counter("channels_refused_total")),
      known_metric_(metrics.gauge("channels_known")),
      book_(options, bus, stored, clock),
      clients_(log) {
  known_metric_.set(static_cast<std::int64_t>(book_.channels()));
}

Result<std::string> Channels::broadcast(std::string_view channel, std::string_view id,
                                        std::string_view event, std::string_view data) {
  const auto key = channel_key(channel, id);
  if (!key) return Status(Code::invalid_argument, std::string(kChannelGrammar));
  const auto text = checked_data(channel, event, data);
  if (!text.ok()) return text.status();
  const ChannelBook::Told told = tell(*key, event, *text, Principal{});
  if (Status refused = status_of(told, *key); !refused.ok()) return refused;
  return encode_event_id(epoch_, told.sequence);
}

std::size_t Channels::client_count(std::string_view channel, std::string_view id) const {
  return clients_.count({std::string(channel), std::string(id)});
}

ChannelBook::Told Channels::create(const ChannelKey& key, std::string_view data,
                                   const Principal& who) {
  return note(key, "created", book_.create(key, data, who));
}

ChannelBook::Told Channels::tell(const ChannelKey& key, std::string_view event,
                                 std::string_view data, const Principal& who,
                                 ChannelBook::MustExist must_exist) {
  return note(key, event, book_.tell(key, event, data, who, must_exist));
}

ChannelBook::Told Channels::note(const ChannelKey& key, std::string_view event,
                                 ChannelBook::Told told) {
  if (told.refusal != ChannelBook::Refusal::none) {
    refused_metric_.add();
    return told;
  }
  told_metric_.add();
  known_metric_.set(static_cast<std::int64_t>(book_.channels()));
  log_.info("channel_broadcast", {{"channel", key.text()},
                                  {"event", std::string(event)},
                                  {"id", encode_event_id(epoch_, told.sequence)},
                                  {"clients", std::to_string(clients_.count(key))}});
  return told;
}

}  // namespace devs
