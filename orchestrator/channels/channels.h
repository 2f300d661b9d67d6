#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "orchestrator/channels/channel_book.h"
#include "orchestrator/channels/channel_clients.h"
#include "orchestrator/channels/channel_index.h"
#include "orchestrator/channels/channel_key.h"
#include "orchestrator/net/principal.h"
#include "orchestrator/streams/stream_hub.h"
#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/clock.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/stored_log.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Channels, debates among them, as a host program speaks in them (streams 7): what is
// said is an entry of the one log and reaches everybody who listens to
// `GET /api/channels/{name}/{id}/stream`, once, in order.
//
//   server->channels().broadcast("debates", "42", "utterance", json);
//
// A line is written for each event and each client that comes or goes, with counts:
// `channel_broadcast`, `channel_connect`, `channel_disconnect`.
//
// Metrics: channels_broadcast_total, channels_refused_total, channels_known.
//
// Thread-safe; nothing here waits for a client or a disk.
class Channels {
 public:
  struct Options {
    ChannelBook::Options book = {};
    ChannelIndex::Options index = {};  // `dir` is trace_dir
  };

  // Reads what was said before.  REQUIRES: all outlive this.
  Channels(Options options, TraceStreamBus& bus, const StoredLog& stored, Epoch epoch,
           StreamHub& hub, const Clock& clock, Log& log, Metrics& metrics);

  // --- the host's side (streams 7.2, library) ---

  // Says `event` with `data`, the text of a JSON object of at most 4 MiB: the id of the
  // entry, which clients see once it is stored.  A channel that nobody spoke in yet comes
  // to be by it, and is nobody's: with authentication on operators alone hear it; those
  // of a user begin with that user's `POST /api/debates`.
  // invalid_argument: a name, the event or its data break their grammar, or the channel
  // is completed, or not in the state for it.  not_found: it has to exist (require_existing).
  // unavailable, resource_exhausted: as TraceStreamBus::publish().
  Result<std::string> broadcast(std::string_view channel, std::string_view id,
                                std::string_view event, std::string_view data);

  // The same to one client alone, by the `clientId` its first frame told: not recorded,
  // without id, and gone when it does not arrive.  For one that does not read kMaxUnrecorded
  // bytes wait; what is beyond is dropped, with a line `channel_send_dropped`.
  // not_found: nobody of that id listens.  invalid_argument, as broadcast().
  // resource_exhausted: as much is on its way to the reactor.
  Status send_to_client(std::string_view client_id, std::string_view event, std::string_view data);

  // Open streams: of all channels, of those of one name, of one channel.
  std::size_t client_count() const { return clients_.count(); }
  std::size_t client_count(std::string_view channel) const { return clients_.count(channel); }
  std::size_t client_count(std::string_view channel, std::string_view id) const;

  // Every client gets `goodbye` and ends within a second.  Who comes later is served:
  // what ends everything is OrchestratorServer::shutdown().
  void shutdown();

  // --- the room's side ---

  // As ChannelBook's; what was told is counted, and a line of it written.
  ChannelBook::Told create(const ChannelKey& key, std::string_view data, const Principal& who);
  ChannelBook::Told tell(const ChannelKey& key, std::string_view event, std::string_view data,
                         const Principal& who,
                         ChannelBook::MustExist must_exist = ChannelBook::MustExist::no);
  const ChannelBook& book() const { return book_; }
  ChannelIndex& index() { return index_; }
  ChannelClients& clients() { return clients_; }

 private:
  ChannelBook::Told note(const ChannelKey& key, std::string_view event, ChannelBook::Told told);

  const Epoch epoch_;
  StreamHub& hub_;
  const Clock& clock_;
  Log& log_;
  Counter& told_metric_;
  Counter& refused_metric_;
  Gauge& known_metric_;
  ChannelBook book_;
  ChannelIndex index_;
  ChannelClients clients_;
};

}  // namespace devs
