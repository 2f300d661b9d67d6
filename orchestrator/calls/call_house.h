#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "orchestrator/calls/call_desk.h"
#include "orchestrator/calls/call_table.h"
#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/calls/turn_tracker.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/stored_waiters.h"
#include "trace/log.h"
#include "trace/metrics.h"

namespace devs {

// The parts one call needs on its way; owned by the CallDesk.
struct CallHouse : std::enable_shared_from_this<CallHouse> {
  CallHouse(const CallDesk::Options& limits, Epoch log_epoch, TraceStreamBus& to,
            StoredWaiters& stored, ToolRegistry& registry, Reactor& home, WorkerPool& pool,
            Log& lines, Metrics& metrics)
      : options(limits),
        epoch(std::move(log_epoch)),
        bus(to),
        waiters(stored),
        tools(registry),
        reactor(home),
        workers(pool),
        log(lines),
        started(metrics.counter("calls_started_total")),
        late(metrics.counter("calls_late_results_total")) {}

  const CallDesk::Options options;
  const Epoch epoch;
  TraceStreamBus& bus;
  StoredWaiters& waiters;
  ToolRegistry& tools;
  Reactor& reactor;
  WorkerPool& workers;  // for what would hold up the reactor
  Log& log;
  Counter& started;
  Counter& late;  // results that found nobody

  CallTable calls;  // those that wait
  TurnTracker turns;
  std::atomic<CallId> next_id{1};
  std::atomic<std::size_t> in_flight{0};  // begun and not answered
  std::atomic<bool> draining{false};

  // The desk's side: something changed that drain() or the deadlines care about.
  MoveFunction<void()> on_parked;    // any thread
  MoveFunction<void()> on_answered;  // any thread
};

// The spine: one call, thought to observation (tool_call.cpp).
void run_tool_call(CallPtr call, CallHouse& house);
void start(CallId id, const Status& stored, CallHouse& house);
void finish(CallPtr call, ToolOutcome outcome, CallHouse& house);

// Who this call is: ids, turn, span (call_identity.cpp).
void identify(Call& call, CallHouse& house);
EnvelopeOrigin origin_of(const Call& call);
std::optional<ThoughtEnvelope> thought_of(const Call& call);  // a host's, or none
ActionEnvelope action_of(const Call& call, const CallHouse& house);
ObservationEnvelope observation_of(const Call& call, const ToolOutcome& outcome, TimePoint now);
std::string receipt_of(const Call& call, const CallHouse& house, Sequence observation);

}  // namespace devs
