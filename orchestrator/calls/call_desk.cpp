#include "orchestrator/calls/call_desk.h"

#include <algorithm>
#include <utility>

#include "orchestrator/calls/call_house.h"

namespace devs {
namespace {

// How far ahead the deadline timer looks at most: a call with a shorter timeout
// than those already parked is found no later than this.
constexpr std::chrono::milliseconds kLookAgain{1000};

ToolOutcome timed_out(const Call& call) {
  return text_outcome(
      "No result within " + std::to_string(call.timeout.count()) + " ms; the tool was stopped.",
      CallStatus::timeout_exceeded);
}

}  // namespace

class CallDesk::Impl {
 public:
  Impl(Options options, Epoch epoch, TraceStreamBus& bus, StoredWaiters& waiters,
       ToolRegistry& tools, Reactor& reactor, WorkerPool& workers, Log& log, Metrics& metrics)
      : house_(std::make_shared<CallHouse>(options, std::move(epoch), bus, waiters, tools, reactor,
                                           workers, log, metrics)),
        due_([this] { end_overdue(); }) {
    house_->on_parked = [this] { watch_deadlines(); };
    house_->on_answered = [this] { tell_drain(); };
  }

  CallId begin(CallRequest request) {
    auto call = std::make_unique<Call>(std::move(request), house_->bus);
    const CallId id = call->id = house_->next_id++;
    ++house_->in_flight;
    run_tool_call(std::move(call), *house_);
    return id;
  }

  bool cancel(CallId id, std::string_view by, std::string_view reason) {
    CallPtr call = house_->calls.take(id);
    if (!call) return false;
    call->cancelled_by = by;
    std::string words = "cancelled by the " + std::string(by);
    if (!reason.empty()) words.append(": ").append(reason);
    finish(std::move(call), text_outcome(words, CallStatus::cancelled), *house_);
    return true;
  }

  bool ask_within(CallId id, CallRequest::Ask ask) {
    return house_->calls.with(id, [&ask](Call& call) { call.request.ask.swap(ask); });
  }

  std::size_t in_flight() const { return house_->in_flight; }

  void drain(TimePoint deadline) {
    house_->draining = true;
    if (wait_empty(deadline)) return;
    // One that was let in before may park only now: so again and again.  What is left then
    // waits for the disk alone; a disk that refuses wakes it too.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    do {
      for (CallId id : house_->calls.ids()) cancel(id, "shutdown", "the drain time is over");
      if (wait_empty(std::chrono::steady_clock::now() + std::chrono::milliseconds(20))) return;
    } while (std::chrono::steady_clock::now() < until);
    house_->log.error("calls_unanswered", {{"count", std::to_string(house_->in_flight)}});
  }

 private:
  bool wait_empty(TimePoint deadline) {
    MutexLock lock(mutex_);
    while (house_->in_flight != 0)
      if (!answered_.wait_until(mutex_, deadline)) return house_->in_flight == 0;
    return true;
  }

  void tell_drain() {
    if (!house_->draining) return;
    MutexLock lock(mutex_);
    answered_.notify_all();
  }

  // The timer lives on the reactor; parking posts there once per idle period.
  void watch_deadlines() {
    if (watching_.exchange(true)) return;
    house_->reactor.post([this] { end_overdue(); });
  }

  void end_overdue() {
    const TimePoint now = house_->reactor.now();
    while (CallPtr call = house_->calls.take_due(now)) {
      ToolOutcome outcome = timed_out(*call);
      finish(std::move(call), std::move(outcome), *house_);
    }
    auto next = house_->calls.next_deadline();
    if (!next) {
      watching_ = false;
      next = house_->calls.next_deadline();  // parked between the look and the flag
      if (!next || watching_.exchange(true)) return;
    }
    house_->reactor.timers().set(due_, std::min<TimePoint>(*next, now + kLookAgain));
  }

  // Shared only so that a tool that outlives the house finds nobody.
  const std::shared_ptr<CallHouse> house_;
  Timer due_;
  std::atomic<bool> watching_{false};
  Mutex mutex_;
  CondVar answered_;
};

CallDesk::CallDesk(Options options, Epoch epoch, TraceStreamBus& bus, StoredWaiters& waiters,
                   ToolRegistry& tools, Reactor& reactor, WorkerPool& workers, Log& log,
                   Metrics& metrics)
    : impl_(std::make_unique<Impl>(options, std::move(epoch), bus, waiters, tools, reactor, workers,
                                   log, metrics)) {
}
CallDesk::~CallDesk() = default;

CallId CallDesk::begin(CallRequest request) {
  return impl_->begin(std::move(request));
}
bool CallDesk::cancel(CallId id, std::string_view by, std::string_view reason) {
  return impl_->cancel(id, by, reason);
}
bool CallDesk::ask_within(CallId id, CallRequest::Ask ask) {
  return impl_->ask_within(id, std::move(ask));
}
std::size_t CallDesk::in_flight() const {
  return impl_->in_flight();
}
void CallDesk::drain(TimePoint deadline) {
  impl_->drain(deadline);
}

}  // namespace devs
