#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "orchestrator/net/principal.h"
#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// The story one call tells the bus: a thought, an action, an observation.
//
// The action reserves the place of its observation, so the last word is never
// refused for want of room.  Dying with an action still open publishes `abandoned`,
// so the only way to leave an action unanswered in the flight log is to crash (and
// the next start answers it).
//
// Confined to whoever holds the call.
class CallTrace {
 public:
  using Abandoned = std::function<ObservationEnvelope()>;
  // REQUIRES: `caller`, whose its entries are, outlives this.
  CallTrace(TraceStreamBus& bus, const Principal& caller, Abandoned abandoned)
      : bus_(bus), caller_(caller), abandoned_(std::move(abandoned)) {}
  CallTrace(const CallTrace&) = delete;
  CallTrace& operator=(const CallTrace&) = delete;
  ~CallTrace();

  // The host's words, if there were any (a thought is never invented), and the
  // action: both are told, or neither.
  Status begin(const std::optional<ThoughtEnvelope>& thought, const ActionEnvelope& action);
  // 0 when the bus is closed.
  Sequence observation(const ObservationEnvelope& last_word);

  Sequence thought_sequence() const { return thought_; }
  Sequence action_sequence() const { return action_; }

 private:
  Draft draft(EncodedEnvelope envelope) const;

  TraceStreamBus& bus_;
  const Principal& caller_;
  const Abandoned abandoned_;
  TraceStreamBus::Reservation place_;
  bool open_ = false;
  Sequence thought_ = 0;
  Sequence action_ = 0;
};

}  // namespace devs
