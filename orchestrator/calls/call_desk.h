#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/calls/tool_call.h"
#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/stored_waiters.h"
#include "protocol/ids.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Where calls are begun, wait, and end: the owner of everything in flight.
//
// A call publishes its thought (only a host's) and its action, waits until the
// action is stored, runs its tool under a deadline, publishes its observation,
// waits until that is stored too, and only then answers.  Result, timeout,
// cancellation and shutdown may race for a call; exactly one of them takes it,
// so there is one observation and one answer.
//
// Large results are encoded on `workers`, not on the reactor.
//
// All but drain() is thread-safe.  Waiting happens on the
// reactor, which must be running.
class CallDesk {
 public:
  struct Options {
    std::chrono::milliseconds timeout{300'000};         // per call; progress starts it again
    std::chrono::milliseconds hard_timeout{3'600'000};  // nothing moves this one
    std::size_t max_in_flight = 10'000;                 // beyond: refused before the action
  };

  CallDesk(Options options, Epoch epoch, TraceStreamBus& bus, StoredWaiters& waiters,
           ToolRegistry& tools, Reactor& reactor, WorkerPool& workers, Log& log, Metrics& metrics);
  ~CallDesk();
  CallDesk(const CallDesk&) = delete;
  CallDesk& operator=(const CallDesk&) = delete;

  // Answers through request.answer, whatever happens.  The id is good for
  // cancel() until then.  Does not wait.
  CallId begin(CallRequest request);

  // Ends the call with observation CANCELLED; false when it has ended already.
  // `by` is "caller" or "shutdown"; `reason` is the client's words, may be empty.
  bool cancel(CallId id, std::string_view by, std::string_view reason);

  // From now on the call asks its client by `ask` (see CallRequest); empty: not any more.
  // False: it has ended, or is about to.
  bool ask_within(CallId id, CallRequest::Ask ask);

  std::size_t in_flight() const;

  // New calls are refused; returns when none is left.  At `deadline` the rest is
  // cancelled and observed as such.  Blocks; not on the reactor.
  void drain(TimePoint deadline);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace devs
