#pragma once

#include <functional>
#include <string>
#include <vector>

#include "orchestrator/net/http_front.h"
#include "orchestrator/net/route_table.h"
#include "orchestrator/upstream/upstream_set.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// What health answers from.  Everything is asked at the moment of the request.
struct HealthSources {
  TraceStreamBus& bus;
  Metrics& metrics;
  const Clock& clock;
  std::function<bool()> draining;
  std::function<bool()> shedding;
  std::function<std::vector<UpstreamState>()> upstreams;
};

// GET /healthz   the process turns
// GET /readyz    it can take calls; 503 says why not, every reason
// GET /health    seed 000's: status, serverName, uptime in seconds
// GET /metrics   Prometheus text (credential asked)
// GET /upstreams how each upstream fares (credential asked)
Status add_health_routes(RouteTable& routes, HealthSources sources);

}  // namespace devs
