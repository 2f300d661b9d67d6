#pragma once

#include <string>
#include <string_view>

#include "orchestrator/streams/projection.h"
#include "trace/clock.h"

namespace devs {

// `trace`: what an entry says of a span, as a row of the trace explorer (streams 3.2, EX).
//
//   id: E-n
//   data: {"type":"trace","timestamp":"ISO","data":{row}}
//
// `trace` is a whole row, `trace_update` some columns of one: clients merge by the row's `id`.
// The timestamp is the entry's, so that replay says the same; null when it has none.
// Clients hear only `message`, so control events come in the same wrapper, with the time at
// which they are told.
class TraceProjection final : public Projection {
 public:
  // REQUIRES: `clock` outlives this.
  explicit TraceProjection(const Clock& clock) : clock_(clock) {}

  std::string_view name() const override { return "trace"; }
  void append(const EntryView& entry, std::string_view id, std::string& out) const override;
  bool shows(const EntryView& entry, std::string_view id) const override;
  void append_control(const ControlEvent& event, std::string& out) const override;

 private:
  const Clock& clock_;
};

}  // namespace devs
