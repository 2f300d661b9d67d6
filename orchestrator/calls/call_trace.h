#pragma once

#include <optional>
#include <string>

#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// The story one call tells the bus: a thought, an action, an observation.
//
// The action reserves the place of its observation, so the last word is never
// refused for want of room.  Dying with an action still open publishes the
// observation ABANDONED, so the only way to leave an action unanswered in the
// flight log is to crash (and the next start answers it).
//
// Confined to whoever holds the call.
class CallTrace {
 public:
  // `owner`: a topic that each of its entries carries; may be empty.
  CallTrace(TraceStreamBus& bus, std::string owner) : bus_(&bus), owner_(std::move(owner)) {}
  CallTrace(CallTrace&& other) noexcept;
  CallTrace& operator=(CallTrace&&) = delete;
  ~CallTrace();

  // The host's words, if there were any (a thought is never invented), and the
  // action: both are told, or neither.  Remembers what the observation repeats.
  Status begin(const std::optional<ThoughtEnvelope>& thought, const ActionEnvelope& action);
  // Fills in what the action said; 0 when the bus is closed.
  Sequence observation(ObservationEnvelope last_word);

  Sequence thought_sequence() const { return thought_; }
  Sequence action_sequence() const { return action_; }

 private:
  Draft draft(EncodedEnvelope envelope) const;

  TraceStreamBus* bus_;
  std::string owner_;
  TraceStreamBus::Reservation place_;
  ObservationEnvelope repeats_;  // of the open action
  bool open_ = false;
  Sequence thought_ = 0;
  Sequence action_ = 0;
};

}  // namespace devs
