#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orchestrator/calls/call_trace.h"
#include "orchestrator/calls/tool_call.h"
#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/calls/turn_tracker.h"
#include "trace/clock.h"
#include "trace/mutex.h"

namespace devs {

struct Call;
// The observation of a call that was dropped (call_identity.cpp).
ObservationEnvelope abandoned_word(const Call& call);

// One call in flight.  Passed along as a unique_ptr: whoever holds it is the only
// one who may speak for it.
struct Call {
  Call(CallRequest asked, TraceStreamBus& bus)
      : request(std::move(asked)),
        trace(bus, request.principal, [this] { return abandoned_word(*this); }) {}

  CallId id = 0;
  CallRequest request;
  ToolSetPtr tools;  // the snapshot this call was decided on
  const RegisteredTool* tool = nullptr;
  TurnTracker::Place place;
  std::string tool_call_id, trace_id, span_id, parent_span_id;
  std::string thought_id, thought_span_id;  // empty without a thought
  std::string cancelled_by;
  std::string errors;  // of the validation, JSON array text
  Status refusal;      // not ok: the caller hears this instead of an outcome
  std::stop_source stop;
  TimePoint started{};    // of the tool; meaningless before `executed`
  bool executed = false;  // the tool was started
  TimePoint hard_deadline{};
  std::chrono::milliseconds timeout{};
  CallTrace trace;  // last: its own last word tells of the others
};
using CallPtr = std::unique_ptr<Call>;

// Calls that wait: for their action to be stored, for their tool.
//
// Result, timeout, cancellation and shutdown may race for one; take() gives it to
// exactly one of them, so there is one observation and one answer without a state
// flag anywhere.  A late result finds nothing.  Thread-safe.
class CallTable {
 public:
  void park(CallPtr call, TimePoint deadline) DEVS_EXCLUDES(mutex_);
  CallPtr take(CallId id) DEVS_EXCLUDES(mutex_);
  // Runs `look` on a parked call under the lock; false when it is gone.  `look`
  // may only read and set members.
  bool with(CallId id, const std::function<void(Call&)>& look) DEVS_EXCLUDES(mutex_);
  // Moves the deadline, never beyond the call's hard one; false when it is gone.
  bool extend(CallId id, TimePoint deadline) DEVS_EXCLUDES(mutex_);

  // Takes one call whose deadline has passed; null when there is none.
  CallPtr take_due(TimePoint now) DEVS_EXCLUDES(mutex_);
  std::optional<TimePoint> next_deadline() const DEVS_EXCLUDES(mutex_);
  std::vector<CallId> ids() const DEVS_EXCLUDES(mutex_);

 private:
  struct Parked {
    CallPtr call;
    TimePoint deadline;
  };
  mutable Mutex mutex_;
  std::unordered_map<CallId, Parked> parked_ DEVS_GUARDED_BY(mutex_);
  std::set<std::pair<TimePoint, CallId>> by_deadline_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
