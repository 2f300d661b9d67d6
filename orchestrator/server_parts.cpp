#include "orchestrator/server_parts.h"

#include "orchestrator/agents/agent_routes.h"
#include "orchestrator/calls/builtin_tools.h"
#include "orchestrator/channels/channel_routes.h"
#include "orchestrator/explorer_page.h"
#include "orchestrator/graph/graph_routes.h"
#include "orchestrator/health.h"
#include "orchestrator/house_tools.h"
#include "orchestrator/query/query_routes.h"
#include "orchestrator/streams/stream_token_routes.h"

namespace devs {

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

}  // namespace devs
