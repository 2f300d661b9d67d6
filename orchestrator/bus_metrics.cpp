#include "orchestrator/bus_metrics.h"

#include <chrono>

namespace devs {

BusMetrics::BusMetrics(Metrics& metrics, const TraceStreamBus& bus)
    : bus_(bus),
      published_(metrics.counter("bus_published_total")),
      refused_full_(metrics.counter("bus_refused_total", "reason=\"full\"")),
      refused_unavailable_(metrics.counter("bus_refused_total", "reason=\"unavailable\"")),
      ring_entries_(metrics.gauge("bus_ring_entries")),
      ring_bytes_(metrics.gauge("bus_ring_bytes")),
      queue_entries_(metrics.gauge("recorder_queue_entries")),
      queue_bytes_(metrics.gauge("recorder_queue_bytes")),
      queue_oldest_ms_(metrics.gauge("recorder_queue_oldest_ms")) {
  metrics.gauge("bus_ring_max_entries").set(static_cast<std::int64_t>(bus.options().ring_entries));
  metrics.gauge("bus_ring_max_bytes").set(static_cast<std::int64_t>(bus.options().ring_bytes));
}

void BusMetrics::refresh() const {
  const TraceStreamBus::Report now = bus_.report();
  // Of two that ask at once, the later may have looked first: a counter must not go back.
  published_.raise(now.published);
  refused_full_.raise(now.refused_full);
  refused_unavailable_.raise(now.refused_unavailable);
  ring_entries_.set(static_cast<std::int64_t>(now.ring_entries));
  ring_bytes_.set(static_cast<std::int64_t>(now.ring_bytes));
  queue_entries_.set(static_cast<std::int64_t>(now.unstored_entries));
  queue_bytes_.set(static_cast<std::int64_t>(now.unstored_bytes));
  queue_oldest_ms_.set(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.oldest_unstored).count());
}

}  // namespace devs
