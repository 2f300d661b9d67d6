#include <chrono>
#include <utility>

#include "orchestrator/calls/call_house.h"

namespace devs {
namespace {

// Nothing was begun: no envelope, no answer but the reason.
void refuse(CallPtr call, Status why, CallHouse& house) {
  call->request.answer({.outcome = {}, .refused = std::move(why), .receipt = {}});
  call.reset();
  --house.in_flight;
  house.on_answered();
}

Status admit(const CallHouse& house) {
  if (house.draining) return Status(Code::cancelled, "the orchestrator is shutting down");
  if (house.in_flight > house.options.max_in_flight)
    return Status(Code::resource_exhausted, "too many calls in flight");
  return {};
}

// Why the tool will not even be asked; nullopt: it will.
std::optional<ToolOutcome> decided_early(Call& call) {
  const CallToolParams& params = call.request.params;
  if (!call.tool) {
    ToolOutcome unknown;
    unknown.status = CallStatus::unknown_tool;
    unknown.fault = RpcFault{kRpcInvalidParams, "Unknown tool: " + params.name, {}};
    return unknown;
  }
  const auto errors = call.tool->schema->check(params.arguments);
  if (errors.empty()) return std::nullopt;
  call.errors = "[";
  for (const SchemaError& error : errors) {
    if (call.errors.size() > 1) call.errors += ',';
    call.errors += "{\"path\":" + json_string(error.path) + ",\"rule\":" + json_string(error.rule) +
                   ",\"message\":" + json_string(error.message) + "}";
  }
  call.errors += ']';
  return text_outcome(call.tool->schema->help(params.name, errors), CallStatus::validation_failed);
}

// Encoding this much would hold up everybody else on the reactor.
constexpr std::size_t kLargeResult = 64 * 1024;

// Does `work` on a worker when the outcome is large, else, or when no worker will
// have it, here and now.
template <class F>
void where_it_fits(std::size_t result_bytes, CallHouse& house, F work) {
  if (result_bytes < kLargeResult) return work();
  // Shared, because a refused Work is gone and what it owes is not.
  auto owed = std::make_shared<F>(std::move(work));
  if (!house.workers.try_submit([owed] { (*owed)(); }).ok()) (*owed)();
}

// The obligation every started tool holds: dying uncalled is an answer too.  A tool
// may outlive the house (it never looked at its stop token): then nobody is left
// to tell.
class Owed {
 public:
  Owed(CallId id, CallHouse& house) : id_(id), house_(house.weak_from_this()) {}
  Owed(Owed&& other) noexcept
      : id_(other.id_), house_(std::move(other.house_)), paid_(std::exchange(other.paid_, true)) {}
  Owed& operator=(Owed&&) = delete;
  ~Owed() {
    if (!paid_) (*this)(text_outcome("The tool ended without an answer.", CallStatus::tool_error));
  }
  void operator()(ToolOutcome outcome) {
    paid_ = true;
    const auto house = house_.lock();
    if (!house) return;
    CallPtr call = house->calls.take(id_);
    if (!call) return house->late.add();  // someone else has told how this story ended
    const std::size_t bytes = outcome.result.size();
    where_it_fits(bytes, *house,
                  [call = std::move(call), outcome = std::move(outcome), house]() mutable {
                    finish(std::move(call), std::move(outcome), *house);
                  });
  }

 private:
  const CallId id_;
  std::weak_ptr<CallHouse> house_;
  bool paid_ = false;
};

}  // namespace

void run_tool_call(CallPtr call, CallHouse& house) {
  if (Status fits = admit(house); !fits.ok()) return refuse(std::move(call), fits, house);
  identify(*call, house);

  Status told = call->trace.begin(thought_of(*call), action_of(*call, house));
  if (!told.ok()) {
    house.turns.ended(call->place);
    return refuse(std::move(call), told, house);
  }
  house.started.add();

  if (auto outcome = decided_early(*call))
    return finish(std::move(call), std::move(*outcome), house);

  const CallId id = call->id;
  const Sequence action = call->trace.action_sequence();
  const TimePoint deadline = house.reactor.now() + call->timeout;
  house.calls.park(std::move(call), deadline);  // goes on at start()
  house.on_parked();
  house.waiters.when_stored(action,
                            [id, &house](const Status& stored) { start(id, stored, house); });
}

// On the reactor.  The action is on disk: the tool may run.
void start(CallId id, const Status& stored, CallHouse& house) {
  if (!stored.ok()) {
    if (CallPtr call = house.calls.take(id)) {
      call->refusal = stored;
      finish(std::move(call),
             text_outcome(
                 "The action could not be stored, so the tool was not started: " + stored.message(),
                 CallStatus::abandoned),
             house);
    }
    return;
  }

  ToolPtr tool;  // shared: a timeout may take the call before start() returns
  ToolRun run;
  const bool waiting = house.calls.with(id, [&](Call& call) {
    call.executed = true;
    call.started = house.reactor.now();
    tool = call.tool->tool;
    run.id = id;
    run.arguments = call.request.params.arguments;
    run.deadline = call.started + call.timeout;
    run.stop = call.stop.get_token();
    run.wants_progress = static_cast<bool>(call.request.progress);
    run.traceparent = "00-" + call.trace_id + "-" + call.span_id + "-01";
    if (run.wants_progress)
      run.progress = [id, timeout = call.timeout, tell = call.request.progress,
                      weak = house.weak_from_this()](std::string_view fields) {
        const auto here = weak.lock();
        if (!here || !here->calls.extend(id, here->reactor.now() + timeout)) return;
        tell(fields);
      };
  });
  if (!waiting) return;  // cancelled while its action was on the way to the disk
  tool->start(std::move(run), ToolDone(Owed(id, house)));
}

// On any thread, by whoever took the call.
void finish(CallPtr call, ToolOutcome outcome, CallHouse& house) {
  call->stop.request_stop();  // a tool that still runs has nobody to tell
  house.turns.ended(call->place);
  const Sequence observation =
      call->trace.observation(observation_of(*call, outcome, house.reactor.now()));

  const std::size_t bytes = outcome.result.size();
  auto tell = [call = std::move(call), outcome = std::move(outcome), observation,
               &house]() mutable {
    // Not stored means the disk refuses: the tool ran all the same, so its caller
    // hears of it, and `/readyz` tells everybody else.
    std::string receipt = receipt_of(*call, house, observation);
    call->request.answer({.outcome = std::move(outcome),
                          .refused = std::move(call->refusal),
                          .receipt = std::move(receipt)});
    call.reset();
    --house.in_flight;
    house.on_answered();
  };
  if (observation == 0) return tell();  // the bus is closed: nothing to wait for
  house.waiters.when_stored(observation,
                            [tell = std::move(tell), bytes, &house](const Status&) mutable {
                              where_it_fits(bytes, house, std::move(tell));
                            });
}

}  // namespace devs
