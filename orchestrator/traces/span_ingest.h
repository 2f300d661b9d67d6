#pragma once

#include "orchestrator/access/rate_limit.h"
#include "orchestrator/net/exchange.h"
#include "orchestrator/net/route_table.h"
#include "orchestrator/net/stored_waiters.h"
#include "orchestrator/query/trace_queries.h"
#include "orchestrator/traces/known_spans.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Spans of one principal in a second; a host that has more sends fewer of them.
inline constexpr std::size_t kMaxSpansPerSecond = 100;
// One span, with what frames it, stays within an envelope that streams show.
inline constexpr std::size_t kMaxSpanBody = 1'000'000;

// `POST /api/analytics/traces`: one span of a host becomes an entry of the log (sent_span.h).
//
// 201 {"id"} once it is stored: the id of its row.  One whose row is there already updates it.
// 400 names the column at fault; 429 with Retry-After; 503 while the recorder cannot store.
//
// handle() runs on http workers.
//
// Metrics: spans_sent_total, spans_refused_total{reason}.
class SpanIngest {
 public:
  // REQUIRES: all outlive this.
  SpanIngest(TraceStreamBus& bus, StoredWaiters& waiters, const TraceQueries& queries,
             const Clock& clock, Metrics& metrics);

  void handle(Exchange& exchange);

 private:
  bool knows(const std::string& id, const std::string& owner) const;

  TraceStreamBus& bus_;
  StoredWaiters& waiters_;
  const TraceQueries& queries_;
  const Clock& clock_;
  RateLimit rate_{{.max = kMaxSpansPerSecond, .window = std::chrono::milliseconds(1'000)}};
  KnownSpans known_;
  Counter& sent_;
  Counter& bad_;
  Counter& too_many_;
};

// REQUIRES: `ingest` outlives the table.
Status add_span_routes(RouteTable& routes, SpanIngest& ingest);

}  // namespace devs
