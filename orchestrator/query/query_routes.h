#pragma once

#include <functional>

#include "orchestrator/net/route_table.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/query/query_filter.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/result.h"
#include "trace/metrics.h"

namespace devs {

// Adds `GET /trace/envelopes`, `/trace/sessions`, `/trace/tasks/{id}/tree` and
// `/trace/stats`.  A principal who is no operator is answered about what it published
// itself.  And `GET /api/analytics/traces/list` and `/api/analytics/traces`, the rows of the
// trace explorer: everybody's own, operators too.  400 {"error":"BAD_REQUEST","field","message"};
// 503 INDEX_UNAVAILABLE with the reason while there is no index to ask, QUERY_TOO_BROAD when a
// question takes longer than one may, QUERIES_BUSY when too many wait.
//
// `workers` are for questions only: a broad one takes a second, and who publishes or
// calls a tool does not wait for it.
//
// `caught_up` waits until the index is where the log is, or says why it is not: before rows
// of the explorer are answered, so that who was told of one finds it.  Runs on `workers`.
//
// Metrics: trace_queries_total, trace_queries_refused_total{reason}.
//
// REQUIRES: `queries`, `workers` and `metrics` outlive the table, `queries` and
// `metrics` the threads of `workers`.
Status add_query_routes(
    RouteTable& routes, const TraceQueries& queries, WorkerPool& workers, Metrics& metrics,
    const std::function<Status()>& caught_up = [] { return Status(); });

// The 400 that names it.
HttpAnswer bad_field(const BadField& bad);

}  // namespace devs
