#pragma once

#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// What the bus knows of itself, as metrics.  Taken when somebody asks: a disk that hangs
// lets nothing happen by which a number could be kept up.
//
// Thread-safe.  REQUIRES: both outlive it.
class BusMetrics {
 public:
  BusMetrics(Metrics& metrics, const TraceStreamBus& bus);

  void refresh() const;

 private:
  const TraceStreamBus& bus_;
  Counter& published_;
  Counter& refused_full_;
  Counter& refused_unavailable_;
  Gauge& ring_entries_;
  Gauge& ring_bytes_;
  Gauge& queue_entries_;
  Gauge& queue_bytes_;
  Gauge& queue_oldest_ms_;
};

}  // namespace devs
