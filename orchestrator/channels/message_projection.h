#pragma once

#include <string>
#include <string_view>

#include "orchestrator/streams/projection.h"
#include "trace/clock.h"

namespace devs {

// `message`: named entries for clients that listen to `message` alone, each in a wrapper
// that says what it is (streams 3.2): `{"event","data","timestamp","id"}`.  Control events
// come in the same wrapper.
class MessageProjection final : public Projection {
 public:
  // REQUIRES: `clock` outlives this.  It stamps control events, which no entry dates.
  explicit MessageProjection(const Clock& clock) : clock_(clock) {}

  std::string_view name() const override { return "message"; }
  void append(const EntryView& entry, std::string_view id, std::string& out) const override;
  bool shows(const EntryView& entry, std::string_view id) const override;
  void append_control(const ControlEvent& event, std::string& out) const override;

 private:
  const Clock& clock_;
};

}  // namespace devs
