#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/exchange.h"
#include "orchestrator/net/http_message.h"
#include "orchestrator/net/principal.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/streams/filter.h"
#include "orchestrator/streams/projection.h"
#include "orchestrator/streams/stream_metrics.h"
#include "orchestrator/streams/stream_profile.h"
#include "trace/flight_log.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"
#include "trace/work.h"

namespace devs {

// Frames of no log that may wait for one stream: its client takes them, or does without.
inline constexpr std::size_t kMaxUnrecorded = 64 * 1024;

// What somebody who knows more about a stream than its profile gives when one opens.
struct StreamOpening {
  Filter filter = {};  // what the request asked for; may be narrowed
  // Goes on from a snapshot (streams 1.2): whoever took (state, applied) together misses
  // nothing after it, and gets nothing twice.  Null: as the request resumes.
  std::optional<Sequence> applied = std::nullopt;
  std::optional<std::string> first = std::nullopt;  // instead of the profile's first frames
  std::string frames = {};  // after the first frames: the snapshot, ready-made
  // Where one begins that does not resume; null: live.
  std::optional<Sequence> fresh_from = std::nullopt;
  // The stream is over, this was its last entry: up to it, and the end; 204 for who has
  // seen it.
  std::optional<Sequence> ended_at = std::nullopt;
  // Told once it is sure to open: what it answers lives as long as the stream.
  std::function<std::shared_ptr<void>(const std::string& stream_id)> joined = {};
};
// Fills the opening in, or answers instead (404, 401).  On an http worker, after the
// parameters were found good.
using StreamOpener = std::function<std::optional<HttpAnswer>(const Exchange&, StreamOpening&)>;

// Every reader of the log that came over HTTP.
//
// A reader is a sequence number, a filter and a projection; it has no queue.
// Readers that want the same bytes form a group: entries are matched and encoded
// once per group, in one shared buffer, and each reader's connection is told to
// come and pull.  Groups are found by the topics they follow, so publishing costs
// the groups that match, not the readers there are.
//
// A reader behind the ring has a worker fetch the next stretch of the flight log;
// the reactor reads no file.
//
// Handlers run on http workers; goodbye() belongs to the owner; readers() is for any
// thread.
class StreamHub {
 public:
  struct Options {
    std::chrono::milliseconds heartbeat{30'000};  // may shorten a profile's own; at most 30 s
    unsigned retry_ms = 2'000;                    // told to clients after the first frames
    std::size_t max_clients = 10'000;             // beyond: 503
    std::size_t max_per_principal = 64;           // not for operators: 429
    bool checkpoint = true;                       // `id:` before heartbeats when the log moved
    // Why the stream of that stream token must end, if it must: asked about each every
    // 10 s, on the reactor.  Empty: none ever must.
    std::function<std::optional<Eviction>(const Principal&)> recheck = {};
  };

  // `projections` besides `raw`, `console` and `named`.
  StreamHub(Options options, TraceStreamBus& bus, const FlightLog& log, Reactor& reactor,
            WorkerPool& workers, Log& lines, Metrics& metrics,
            std::vector<std::shared_ptr<const Projection>> projections = {});
  ~StreamHub();
  StreamHub(const StreamHub&) = delete;
  StreamHub& operator=(const StreamHub&) = delete;

  // Answers one GET of `profile`: checks parameters, resume position and caps,
  // then streams; or responds with the refusal.  REQUIRES: the profile outlives the hub,
  // and its projection is known.
  void open(Exchange& exchange, const StreamProfile& profile, const StreamOpener& opener = {});
  bool knows_projection(std::string_view name) const;

  // --- open streams, by the id their `X-Stream-Id` told ---

  // `GET /trace/readers`: every open stream; for operators.
  void list(Exchange& exchange);
  // `DELETE /trace/readers/{id}`: `evicted` (`admin`) and the end; for operators.
  void evict(Exchange& exchange);
  // `POST /trace/streams/{id}/topics`: `{"topics":[...]}`, or `{"add":[],"remove":[]}`.
  // Holds from the place where the reader stands; the answer names its sequence.
  void change_topics(Exchange& exchange);
  // `POST /trace/streams/{id}/step`: `{"count":n}` entries of a replay with `step=1`.
  void step(Exchange& exchange);

  // One ready-made frame of server-sent events for that one, which no log has.  `then` is
  // told on the reactor whether it was taken: not when the stream is gone or is a WebSocket,
  // or kMaxUnrecorded bytes wait in it.  Any thread.
  void put(std::string stream_id, std::string frame, MoveFunction<void(bool taken)> then);
  // `goodbye` to that one, as goodbye() says it.  Any thread.
  void part(std::string stream_id);

  // Every reader gets `goodbye` with its own retry (1000..5000 ms) and ends, spread
  // over at most `spread`.  New readers are refused with 503.
  void goodbye(std::chrono::milliseconds spread);

  std::size_t readers() const;                             // any thread
  std::size_t readers_of(std::string_view profile) const;  // by key; any thread
  std::int64_t uptime_s() const;                           // any thread

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace devs
