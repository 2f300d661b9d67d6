#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "orchestrator/agents/agent_keeper.h"
#include "orchestrator/agents/agent_streams.h"
#include "orchestrator/agents/agent_tasks.h"
#include "orchestrator/calls/call_recovery.h"
#include "orchestrator/channels/channel_streams.h"
#include "orchestrator/channels/message_projection.h"
#include "orchestrator/graph/graph_keeper.h"
#include "orchestrator/orchestrator_server.h"
#include "orchestrator/query/trace_index.h"
#include "orchestrator/streams/publish_endpoint.h"
#include "orchestrator/streams/stream_routes.h"
#include "orchestrator/traces/span_ingest.h"
#include "orchestrator/traces/trace_projection.h"
#include "trace/flight_log.h"

namespace devs {

// All rooms of one server, and what they are to each other; OrchestratorServer alone holds it.
//
// Built bottom-up, so destroyed top-down: whoever produces dies before whoever consumes.
// assemble() comes first, once, before anybody listens; shutdown() is idempotent, of one thread.
class OrchestratorServer::Parts {
 public:
  Parts(Options given, std::unique_ptr<FlightLog> opened, std::unique_ptr<Pins> pinned,
        std::unique_ptr<StreamTokens> tokens, std::unique_ptr<AgentTaskStore> agent_store,
        const CallRecovery& recovery, const Clock& clock_, Log& lines)
      : options(std::move(given)),
        clock(clock_),
        log(lines),
        flight_log(std::move(opened)),
        pins(std::move(pinned)),
        bus({.ring_entries = options.ring_entries,
             .ring_bytes = options.ring_bytes,
             .last = flight_log->last(),
             .last_stamp_ns = recovery.last_stamp_ns(),
             .open_from = flight_log->found().carry.open_from},
            clock),
        recorder(bus, *flight_log, pins.get(), log, metrics, options.recorder),
        keeper(*flight_log, *pins, clock, log, metrics, options.keeper),
        reactor(clock, metrics),
        http_workers({.name = "http", .threads = options.http_threads, .queue_capacity = 4096}),
        house_workers({.name = "house", .threads = 2, .queue_capacity = 16'384}),
        tool_workers({.name = "tool", .threads = options.tool_threads, .queue_capacity = 16'384}),
        waiters(bus, reactor),
        calls(options.calls, flight_log->epoch(), bus, waiters, tools, reactor, house_workers, log,
              metrics),
        subscribers(bus, *flight_log, reactor, house_workers, log, metrics),
        agents(options.agents, std::move(agent_store), bus, *flight_log, flight_log->epoch(),
               reactor, house_workers, log, metrics),
        hub(watched(options.streams, *tokens), bus, *flight_log, reactor, house_workers, log,
            metrics, projections()),
        channels(options.channels, bus, *flight_log, flight_log->epoch(), hub, clock, log, metrics),
        publishing(flight_log->epoch(), bus, waiters, clock, log, metrics),
        trace_pages(bus, *flight_log),
        graph(options.graph, bus, *flight_log, flight_log->epoch(), tools, clock, log, metrics),
        index({.dir = options.trace_dir,
               .visible = [this] { return bus.head(); },
               .beside =
                   [this] {
                     graph.work();
                     channels.index().work();
                   }},
              *flight_log, flight_log->epoch(), log, metrics),
        queries(index.readers(), *flight_log, flight_log->epoch()),
        spans(bus, waiters, queries, clock, metrics),
        query_workers({.name = "query", .threads = 1, .queue_capacity = 16, .nice = 10}),
        mcp(options.mcp, calls, tools, reactor, house_workers, log, metrics),
        upstreams(options.upstreams, bus, tools, reactor, house_workers, log, metrics),
        stream_tokens(std::move(tokens)),
        access(options.access, stream_tokens.get()),
        agent_tasks(agents, bus, waiters, calls, clock, metrics) {}

  // The recorder rings the bells of what is declared below it.
  ~Parts() {
    bus.close();
    recorder.stop();
  }

  // Streams that came with a stream token are asked about.
  static StreamHub::Options watched(StreamHub::Options options, const StreamTokens& tokens) {
    options.recheck = [&tokens](const Principal& reader) -> std::optional<Eviction> {
      switch (tokens.standing(reader)) {
        case StreamTokens::Standing::good:
          return std::nullopt;
        case StreamTokens::Standing::revoked:
          return Eviction::token_revoked;
        case StreamTokens::Standing::expired:
          return Eviction::token_expired;
      }
      return std::nullopt;
    };
    return options;
  }
  // What the rooms add to the table of streams: how they show an entry, and what they know
  // of a stream that opens.
  std::vector<std::shared_ptr<const Projection>> projections() {
    std::vector<std::shared_ptr<const Projection>> all = agent_projections(agents.table());
    all.insert(all.end(), options.projections.begin(), options.projections.end());
    all.push_back(std::make_shared<TraceProjection>(clock));
    all.push_back(std::make_shared<const MessageProjection>(clock));
    return all;
  }
  StreamOpeners stream_openers() {
    StreamOpeners openers =
        channel_openers(channels, {bus, *flight_log}, clock, flight_log->epoch());
    add_agent_openers(openers, agents, bus, agents.require_existing());
    return openers;
  }
  // Waits for it; the reason when it takes longer than somebody who asks may wait.
  Status index_caught_up() {
    constexpr std::chrono::seconds kCaughtUpWithin{2};
    if (Status failed = index.status(); !failed.ok()) return failed;
    if (index.wait_through(bus.head(), std::chrono::steady_clock::now() + kCaughtUpWithin))
      return {};
    return {Code::unavailable, "the trace index is still behind the log"};
  }
  Status assemble(const CallRecovery& recovery);
  struct Pace {
    std::chrono::milliseconds drain, goodbye, flush;  // calls, readers, what they were told
  };
  void shutdown(Pace pace);

  const Options options;
  const Clock& clock;
  Log& log;
  Metrics metrics;
  const std::unique_ptr<FlightLog> flight_log;
  const std::unique_ptr<Pins> pins;
  TraceStreamBus bus;
  FlightRecorder recorder;
  SegmentKeeper keeper;
  Reactor reactor;
  WorkerPool http_workers;
  WorkerPool house_workers;  // replay, large upstream answers, spawning, subscribers, MCP tasks
  WorkerPool tool_workers;   // functions of the host: slow ones hold up each other only
  StoredWaiters waiters;
  ToolRegistry tools;
  CallDesk calls;
  Subscribers subscribers;
  AgentKeeper agents;
  StreamHub hub;
  Channels channels;
  PublishEndpoint publishing;
  TraceEndpoint trace_pages;
  GraphKeeper graph;
  TraceIndex index;
  TraceQueries queries;
  SpanIngest spans;
  WorkerPool query_workers;  // broad questions hold up each other only
  McpEndpoint mcp;
  UpstreamSet upstreams;
  const std::unique_ptr<StreamTokens> stream_tokens;
  Access access;
  AgentTasks agent_tasks;
  std::unique_ptr<HttpFront> front;
  std::atomic<bool> draining{false};
  bool stopped = false;
  std::jthread turning;  // the reactor's
};

}  // namespace devs
