#pragma once

#include <utility>

#include "orchestrator/net/exchange.h"
#include "protocol/ids.h"
#include "trace/flight_log.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// The log over plain requests (streams 4): stretches of it, and single envelopes.
//
// Handlers run on http workers, which may read files.
class TraceEndpoint {
 public:
  TraceEndpoint(TraceStreamBus& bus, const FlightLog& log) : TraceEndpoint(bus, log, log.epoch()) {}
  TraceEndpoint(TraceStreamBus& bus, const StoredLog& log, Epoch epoch)
      : bus_(bus), log_(log), epoch_(std::move(epoch)) {}

  // `GET /trace/log?lastEventId=&limit=`: NDJSON of the envelopes after that id, at
  // most `limit` (1000; at most 10 000) and about 8 MiB.  `X-Next-Event-Id` is the
  // lastEventId of the next call; without the operator role lines of others are left
  // out, and a page may be short, or empty, before the end.  What cannot be read is named by
  // `X-Gap`.
  void log(Exchange& exchange) const;
  // `GET /trace/envelopes/{id}`: the stored text; 410 when retention took it,
  // 404 also for another's, without the operator role.
  void envelope(Exchange& exchange) const;

 private:
  TraceStreamBus& bus_;
  const StoredLog& log_;
  const Epoch epoch_;
};

}  // namespace devs
