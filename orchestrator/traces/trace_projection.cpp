#include "orchestrator/traces/trace_projection.h"

#include <chrono>

#include "orchestrator/query/span.h"
#include "protocol/envelope_writer.h"
#include "protocol/sse_frame.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

std::string wrapped(std::string_view type, std::int64_t ms, std::string_view data) {
  std::string out;
  MemberWriter members(out);
  members.text("type", type);
  if (ms != 0)
    members.text("timestamp", iso_of_ms(ms));
  else
    members.json("timestamp", "null");
  members.json("data", data).end();
  return out;
}

}  // namespace

void TraceProjection::append(const EntryView& entry, std::string_view id, std::string& out) const {
  const auto span = span_of({id, entry.body, entry.facts, entry.topics});
  if (!span) return;
  std::string row;
  append_row(row, *span);
  constexpr std::int64_t kNsPerMs = 1'000'000;
  const std::string data =
      wrapped(span->opens ? "trace" : "trace_update", entry.facts.timestamp_ns / kNsPerMs, row);
  append_sse_frame(out, {.id = id, .event = {}, .data = data});
}

bool TraceProjection::shows(const EntryView& entry, std::string_view id) const {
  return span_of({id, entry.body, entry.facts, entry.topics}).has_value();
}

void TraceProjection::append_control(const ControlEvent& event, std::string& out) const {
  using std::chrono::milliseconds;
  const auto now = std::chrono::duration_cast<milliseconds>(clock_.wall().time_since_epoch());
  const std::string data = wrapped(event.name, now.count(), event.data);
  append_sse_frame(out, {.id = event.id, .event = {}, .data = data, .retry_ms = event.retry_ms});
}

}  // namespace devs
