#include "orchestrator/streams/stream_metrics.h"

#include <string>

namespace devs {

std::string_view name_of(ReaderState state) {
  switch (state) {
    case ReaderState::live:
      return "live";
    case ReaderState::ring:
      return "ring";
    case ReaderState::disk:
      return "disk";
  }
  return "live";
}

std::string_view name_of(Eviction reason) {
  switch (reason) {
    case Eviction::stalled:
      return "stalled";
    case Eviction::token_expired:
      return "token_expired";
    case Eviction::token_revoked:
      return "token_revoked";
    case Eviction::admin:
      return "admin";
  }
  return "stalled";
}

StreamMetrics::StreamMetrics(Metrics& metrics)
    : opened(metrics.counter("streams_opened_total")),
      resets(metrics.counter("stream_resets_total")),
      skipped_heartbeats(metrics.counter("stream_heartbeats_skipped_total")),
      gathers(metrics.counter("stream_gathers_total")),
      deliveries(metrics.counter("stream_deliveries_total")),
      bytes(metrics.counter("stream_delivered_bytes_total")),
      refused_503_(metrics.counter("streams_refused_total", "code=\"503\"")),
      refused_429_(metrics.counter("streams_refused_total", "code=\"429\"")) {
  const auto label = [](std::string_view name, std::string_view value) {
    return std::string(name) + "=\"" + std::string(value) + '"';
  };
  for (std::size_t at = 0; at < evictions_.size(); ++at)
    evictions_[at] = &metrics.counter("stream_evictions_total",
                                      label("reason", name_of(static_cast<Eviction>(at))));
  for (std::size_t at = 0; at < readers_.size(); ++at)
    readers_[at] =
        &metrics.gauge("stream_readers", label("state", name_of(static_cast<ReaderState>(at))));
}

}  // namespace devs
