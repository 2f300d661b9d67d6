#include "orchestrator/orchestrator_server.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "orchestrator/agents/agent_keeper.h"
#include "orchestrator/agents/agent_routes.h"
#include "orchestrator/agents/agent_streams.h"
#include "orchestrator/agents/agent_tasks.h"
#include "orchestrator/calls/builtin_tools.h"
#include "orchestrator/calls/call_recovery.h"
#include "orchestrator/channels/channel_routes.h"
#include "orchestrator/channels/channel_streams.h"
#include "orchestrator/channels/message_projection.h"
#include "orchestrator/explorer_page.h"
#include "orchestrator/graph/graph_keeper.h"
#include "orchestrator/graph/graph_routes.h"
#include "orchestrator/health.h"
#include "orchestrator/house_tools.h"
#include "orchestrator/query/query_routes.h"
#include "orchestrator/query/trace_index.h"
#include "orchestrator/streams/publish_endpoint.h"
#include "orchestrator/streams/stream_routes.h"
#include "orchestrator/streams/stream_token_routes.h"
#include "orchestrator/traces/span_ingest.h"
#include "orchestrator/traces/trace_projection.h"
#include "trace/flight_log.h"

namespace devs {

// Built bottom-up, so destroyed top-down: whoever produces dies before whoever
// consumes.
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

Status OrchestratorServer::Parts::assemble(const CallRecovery& recovery) {
  // Whoever died inside a call is answered first, before anybody can listen.
  // All at once, so that the log cannot end between two of them.
  if (std::vector<Draft> abandoned = recovery.abandoned(); !abandoned.empty())
    if (auto told = bus.publish_all(std::move(abandoned)); !told.ok()) return told.status();
  if (Status told = agent_tasks.recover(); !told.ok()) return told;

  if (Status added =
          add_builtin_tools(tools, options.all_builtin_tools, tool_workers, reactor, *flight_log);
      !added.ok())
    return added;
  if (Status added = add_house_tools(tools, tool_workers, query_workers,
                                     {.bus = bus,
                                      .epoch = flight_log->epoch(),
                                      .queries = queries,
                                      .upstreams = [this] { return upstreams.states(); },
                                      .graph = graph,
                                      .clock = clock});
      !added.ok())
    return added;

  RouteTable routes;
  HealthSources sources{.bus = bus,
                        .metrics = metrics,
                        .clock = clock,
                        .draining = [this] { return draining.load(); },
                        .shedding = [this] { return front->shedding(); },
                        .upstreams = [this] { return upstreams.states(); }};
  // Hot rows first: the router tries them in order.
  Status added = mcp.add_routes(routes);
  if (added.ok()) added = add_stream_routes(routes, hub, publishing, trace_pages, stream_openers());
  if (added.ok()) added = add_stream_token_routes(routes, *stream_tokens);
  if (added.ok())
    added = add_query_routes(routes, queries, query_workers, metrics,
                             [this] { return index_caught_up(); });
  if (added.ok()) added = add_span_routes(routes, spans);
  if (added.ok())
    added = add_graph_routes(routes, {.graph = graph,
                                      .hub = hub,
                                      .waiters = waiters,
                                      .workers = query_workers,
                                      .clock = clock,
                                      .epoch = flight_log->epoch()});
  if (added.ok())
    added = add_channel_routes(routes, {.channels = channels,
                                        .texts = {bus, *flight_log},
                                        .waiters = waiters,
                                        .clock = clock,
                                        .epoch = flight_log->epoch()});
  if (added.ok())
    added = add_agent_routes(routes, {.tasks = agent_tasks,
                                      .keeper = agents,
                                      .tokens = *stream_tokens,
                                      .stored = *flight_log,
                                      .workers = query_workers,
                                      .clock = clock,
                                      .log = log,
                                      .metrics = metrics,
                                      .trusted_proxies = options.http.trusted_proxies});
  if (added.ok()) added = add_health_routes(routes, std::move(sources));
  if (added.ok()) added = add_explorer_routes(routes, options.explorer_dir);
  if (added.ok()) added = add_own_stream_routes(routes, hub, options.profiles);
  if (!added.ok()) return added;

  front = std::make_unique<HttpFront>(
      options.http, std::move(routes),
      [this](Exchange& exchange, const Route& route) { return access.check(exchange, route); },
      reactor, http_workers, log, metrics);
  return {};
}

void OrchestratorServer::Parts::shutdown(Pace pace) {
  if (std::exchange(stopped, true)) return;
  draining = true;                           // /readyz says so
  front->close();                            // new connections and requests are refused
  calls.drain(clock.steady() + pace.drain);  // all answered; the rest is cancelled
  mcp.close();                               // answer streams end
  upstreams.stop();                          // children reaped
  http_workers.stop();                       // no request is left that publishes
  graph.stop();                              // what it learned is told and saved
  bus.close();                               // the last sequence is now known
  recorder.stop();                           // and on disk, therefore visible
  channels.index().stop();                   // what was said last is noted
  keeper.stop();                             // what is not sealed will be at the next start
  index.stop();                              // questions that wait are refused
  query_workers.stop();
  if (turning.joinable()) {
    hub.goodbye(pace.goodbye);             // readers get it, a retry: hint, the end
    mcp.wait_stdio_written(pace.goodbye);  // the client over stdio has its answers
    front->stop(clock.steady() + pace.goodbye + pace.flush);
    reactor.stop();
    turning.join();
  }
  house_workers.stop();
  tool_workers.stop();  // last: a tool that ignores its stop token holds up nothing but the exit
}

namespace {

// Reads the end of the log, from the first call on that may lack its own.
CallRecovery recover_calls(const FlightLog& flight_log) {
  const LogCarry carry = flight_log.found().carry;
  CallRecovery recovery(carry.last_stamp_ns);
  for (Sequence at = carry.open_from; at <= flight_log.last();)
    at = flight_log
             .read(at, {},
                   [&recovery](const StoredLine& line) { recovery.see(line.body, line.topics); })
             .next;
  return recovery;
}

std::int64_t wall_ms(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch())
      .count();
}

}  // namespace

Result<std::unique_ptr<OrchestratorServer>> OrchestratorServer::open(Options options) {
  Log& log = options.log ? *options.log : stderr_log();
  const Clock& clock = options.clock ? *options.clock : system_clock();
  if (Status may = check_bind(options.http.host, options.access); !may.ok()) return may;
  if (const std::string weak = weakness_of(options.access); !weak.empty())
    log.warn("weak_token", {{"reason", weak}});
  if (!options.access.enabled && !options.access.tokens.empty())
    log.warn("tokens_unused",
             {{"reason", "auth.tokens say who is who only with AUTH_ENABLED=true"}});
  options.graph.dir = options.trace_dir;
  options.channels.index.dir = options.trace_dir;
  if (options.mcp.version.empty()) options.mcp.version = kVersion;
  options.http.auth_on = options.access.enabled;

  auto flight_log = FlightLog::open({.dir = options.trace_dir,
                                     .segment_bytes = options.segment_bytes,
                                     .segment_age = options.segment_age,
                                     .clock = &clock},
                                    log);
  if (!flight_log.ok()) return flight_log.status();
  auto pins =
      Pins::open((*flight_log)->files(), (*flight_log)->directory() / "pins.json", options.trigger);
  if (!pins.ok()) return pins.status();
  if (!options.mcp.seal) {
    auto seal = Seal::open((*flight_log)->directory() / "seal.key");
    if (!seal.ok()) return seal.status();
    options.mcp.seal = std::make_shared<const Seal>(std::move(*seal));
  }
  if (!options.mcp.tasks) {
    auto tasks = TaskStore::open((*flight_log)->directory(), wall_ms(clock));
    if (!tasks.ok()) return tasks.status();
    options.mcp.tasks = std::move(*tasks);
  }
  auto tokens = StreamTokens::open(options.access.stream_tokens, (*flight_log)->directory(), clock);
  if (!tokens.ok()) return tokens.status();
  const auto agents_file = (*flight_log)->directory() / "agent_tasks.db";
  auto agents = AgentTaskStore::open(agents_file, (*flight_log)->epoch(), (*flight_log)->last());
  if (!agents.ok())
    return Status(agents.status().code(),
                  agents_file.string() + ": " + agents.status().message() +
                      (agents.status().code() == Code::data_loss
                           ? "; remove it to begin with no tasks (those in it are lost)"
                           : ""));
  const CallRecovery recovery = recover_calls(**flight_log);

  auto parts =
      std::make_unique<Parts>(std::move(options), std::move(*flight_log), std::move(*pins),
                              std::move(*tokens), std::move(*agents), recovery, clock, log);
  if (Status built = parts->assemble(recovery); !built.ok()) return built;
  return std::unique_ptr<OrchestratorServer>(new OrchestratorServer(std::move(parts)));
}

OrchestratorServer::OrchestratorServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
}
OrchestratorServer::~OrchestratorServer() {
  shutdown();
}

Status OrchestratorServer::add_tool(ToolSpec spec, ToolFunction function) {
  return parts_->tools.add(
      make_function_tool(std::move(spec), std::move(function), parts_->tool_workers));
}

std::vector<std::string> OrchestratorServer::set_tools(
    std::string_view set, std::vector<std::pair<ToolSpec, ToolFunction>> tools) {
  std::vector<ToolPtr> made;
  for (auto& [spec, function] : tools) {
    spec.server = set;
    made.push_back(make_function_tool(std::move(spec), std::move(function), parts_->tool_workers));
  }
  return parts_->tools.replace(set, std::move(made));
}

namespace {

Offer make_offer(std::string key, std::string json, ToolFunction function,
                 CompletionFunction complete, WorkerPool& workers) {
  ToolSpec spec;
  spec.name = key;
  return {std::move(key), std::move(json),
          make_function_tool(std::move(spec), std::move(function), workers), std::move(complete)};
}

}  // namespace

Status OrchestratorServer::add_prompt(std::string name, std::string json, ToolFunction function,
                                      CompletionFunction complete) {
  return parts_->mcp.prompts().add(make_offer(std::move(name), std::move(json), std::move(function),
                                              std::move(complete), parts_->tool_workers));
}
Status OrchestratorServer::add_resource(std::string uri, std::string json, ToolFunction function) {
  return parts_->mcp.resources().add(
      make_offer(std::move(uri), std::move(json), std::move(function), {}, parts_->tool_workers));
}
Status OrchestratorServer::add_resource_template(std::string uri_template, std::string json,
                                                 ToolFunction function,
                                                 CompletionFunction complete) {
  return parts_->mcp.templates().add(make_offer(std::move(uri_template), std::move(json),
                                                std::move(function), std::move(complete),
                                                parts_->tool_workers));
}
bool OrchestratorServer::remove_prompt(std::string_view name) {
  return parts_->mcp.prompts().remove(name);
}
bool OrchestratorServer::remove_resource(std::string_view uri) {
  return parts_->mcp.resources().remove(uri);
}
void OrchestratorServer::resource_updated(std::string_view uri) {
  parts_->mcp.resource_updated(uri);
}

Status OrchestratorServer::start() {
  if (Status listening = parts_->front->listen(); !listening.ok()) return listening;
  parts_->turning = std::jthread([this] { parts_->reactor.run(); });
  parts_->upstreams.start();
  return {};
}

std::uint16_t OrchestratorServer::port() const {
  return parts_->front->port();
}
const std::vector<Route>& OrchestratorServer::routes() const {
  return parts_->front->routes();
}
TraceStreamBus& OrchestratorServer::bus() {
  return parts_->bus;
}
Channels& OrchestratorServer::channels() {
  return parts_->channels;
}
Metrics& OrchestratorServer::metrics() {
  return parts_->metrics;
}
Subscribers::Subscription OrchestratorServer::subscribe(std::function<void(const Entry&)> handler) {
  return parts_->subscribers.subscribe(std::move(handler));
}
std::vector<UpstreamState> OrchestratorServer::upstreams() const {
  return parts_->upstreams.states();
}
void OrchestratorServer::wait_upstreams(std::chrono::milliseconds at_most) {
  parts_->upstreams.wait_settled(parts_->clock.steady() + at_most);
}
void OrchestratorServer::serve_stdio(BytePipe in, BytePipe out,
                                     std::function<void(std::string_view why)> on_end) {
  parts_->mcp.serve_stdio(std::move(in), std::move(out), std::move(on_end), parts_->http_workers);
}
void OrchestratorServer::shutdown() {
  const Options& options = parts_->options;
  parts_->shutdown({options.drain_for, options.goodbye_for, std::chrono::seconds(2)});
}
void OrchestratorServer::shutdown(std::chrono::milliseconds drain_for) {
  const auto goodbye = std::min(drain_for, parts_->options.goodbye_for);
  parts_->shutdown({drain_for, goodbye, std::chrono::milliseconds(100)});
}

}  // namespace devs
