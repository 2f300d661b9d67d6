#pragma once

#include "orchestrator/graph/graph_keeper.h"
#include "orchestrator/net/route_table.h"
#include "orchestrator/net/stored_waiters.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/streams/stream_hub.h"

namespace devs {

struct GraphSources {
  const GraphKeeper& graph;
  const StreamHub& hub;
  StoredWaiters& waiters;
  WorkerPool& workers;  // where questions are answered
  const Clock& clock;
  Epoch epoch;
};

// The rows of this room (streams 8): `GET /api/graph/snapshot`, `path`, `related`,
// `neighbors`, `community`, `export`, `stats`, and `GET /api/metrics`.  A parameter that
// is missing or breaks its grammar: 400; a tool that is not in the graph: 404.
//
// REQUIRES: all outlive the table.
Status add_graph_routes(RouteTable& routes, const GraphSources& sources);

}  // namespace devs
