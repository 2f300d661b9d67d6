#include <algorithm>
#include <chrono>
#include <utility>

#include "orchestrator/calls/call_house.h"

namespace devs {
namespace {

// Nothing was begun: no envelope, no answer but the reason.
void refuse(CallPtr call, Status why, CallHouse& house) {
  call->request.answer({.outcome = {}, .call_id = {}, .refused = std::move(why), .receipt = {}});
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

void run_tool(CallId id, CallHouse& house);

void answered(CallId id, Result<CallRequest::Answers> answers, CallHouse& house) {
  if (!answers.ok()) {
    if (CallPtr call = house.calls.take(id))
      finish(std::move(call), text_outcome(answers.status().message(), CallStatus::tool_error),
             house);
    return;
  }
  const bool waits = house.calls.with(id, [&answers](Call& call) {
    for (auto& [key, answer] : *answers)
      call.request.client.answers.insert_or_assign(key, std::move(answer));
  });
  if (waits) run_tool(id, house);
}

// The client is asked within this call, and the tool called again with its answers.
// Meanwhile the tool's clock stands still.
void ask(CallPtr call, ToolOutcome outcome, CallHouse& house) {
  const CallId id = call->id;
  ClientSide& client = call->request.client;
  client.state = std::move(outcome.state);
  ++client.round;
  const auto ask_them = call->request.ask;
  const TimePoint deadline = call->hard_deadline;
  house.calls.park(std::move(call), deadline);  // goes on at answered()
  house.on_parked();
  if (outcome.questions.empty()) return answered(id, CallRequest::Answers(), house);
  ask_them(std::move(outcome.questions),
           [id, weak = house.weak_from_this()](Result<CallRequest::Answers> answers) {
             if (const auto here = weak.lock()) answered(id, std::move(answers), *here);
           });
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
    if (outcome.asks) {
      if (auto refused = why_not_asked(call->request.client, outcome)) {
        outcome = std::move(*refused);
      } else if (call->request.ask) {
        return ask(std::move(call), std::move(outcome), *house);
      }
    }
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

// Once the action is on disk, and again after each round of questions.
void run_tool(CallId id, CallHouse& house) {
  ToolPtr tool;  // shared: a timeout may take the call before start() returns
  ToolRun run;
  const TimePoint now = house.reactor.now();
  const bool waiting = house.calls.with(id, [&](Call& call) {
    if (!std::exchange(call.executed, true)) call.started = now;
    tool = call.tool->tool;
    run.id = id;
    run.caller = call.request.principal;
    run.arguments = call.request.params.arguments;
    run.deadline = std::min(now + call.timeout, call.hard_deadline);
    run.stop = call.stop.get_token();
    run.client = call.request.client;
    run.log = call.request.log;
    run.origin = origin_of(call);
    run.span_id = call.span_id;
    run.let_poll = call.request.let_poll;
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
  if (!waiting) return;  // cancelled meanwhile
  if (run.client.round > 0) house.calls.extend(id, run.deadline);
  tool->start(std::move(run), ToolDone(Owed(id, house)));
}

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
  call->request.params.context.thought.reset();  // it is told, and may be large

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

  run_tool(id, house);
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
    std::string& first = call->request.first_call_id;
    call->request.answer({.outcome = std::move(outcome),
                          .call_id = std::move(first.empty() ? call->tool_call_id : first),
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
