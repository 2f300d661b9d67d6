#include "orchestrator/channels/channels.h"

#include <utility>

#include "orchestrator/channels/channel_events.h"
#include "orchestrator/channels/channel_frames.h"
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
      book_(options.book, bus, clock),
      index_(std::move(options.index), bus, stored, epoch_, log, metrics),
      clients_(log) {
  index_.read_back([this](const StoredLine& line) { book_.read(line); });
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

Status Channels::send_to_client(std::string_view client_id, std::string_view event,
                                std::string_view data) {
  const auto client = clients_.find(client_id);
  if (!client) return Status(Code::not_found, "nobody of that id listens");
  const auto text = checked_data(client->channel.name, event, data);
  if (!text.ok()) return text.status();
  std::string frame;
  ChannelFrames{.in_messages = client->in_messages, .clock = clock_}.append(frame, event, *text);
  // What the reactor has not seen yet is bounded here, what the stream has not sent there.
  const std::size_t size = frame.size();
  if (client->on_its_way->fetch_add(size) + size > kMaxUnrecorded) {
    client->on_its_way->fetch_sub(size);
    return Status(Code::resource_exhausted, "too much waits for that client");
  }
  hub_.put(client->stream_id, std::move(frame),
           [on_its_way = client->on_its_way, size, id = client->id, &log = log_](bool taken) {
             on_its_way->fetch_sub(size);
             if (!taken) log.warn("channel_send_dropped", {{"client", id}});
           });
  return {};
}

void Channels::shutdown() {
  for (ChannelClient& client : clients_.all()) hub_.part(std::move(client.stream_id));
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
