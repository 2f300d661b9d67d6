#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "orchestrator/net/exchange.h"
#include "orchestrator/net/stored_waiters.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// `POST /trace/publish`: envelopes of other processes, verbatim (SAOP 7).  One
// envelope, an array (all or nothing), or NDJSON (line by line).  The answer goes
// out once the entries are stored.  Idempotency-Key: kept 10 minutes, 10 000 keys.
//
// handle() runs on http workers.
class PublishEndpoint {
 public:
  PublishEndpoint(Epoch epoch, TraceStreamBus& bus, StoredWaiters& waiters, const Clock& clock,
                  Log& log, Metrics& metrics);
  ~PublishEndpoint();
  void handle(Exchange& exchange);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace devs
