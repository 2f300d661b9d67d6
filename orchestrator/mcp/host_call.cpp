#include "orchestrator/mcp/host_call.h"

#include <atomic>
#include <memory>
#include <stop_token>
#include <utility>

#include "orchestrator/mcp/client_link.h"
#include "protocol/json.h"
#include "trace/mutex.h"

namespace devs {
namespace {

// In the list of those that have a deadline while the function of the host runs, not
// while a client is asked.
class HostCall final : public SlowCall, public std::enable_shared_from_this<HostCall> {
 public:
  HostCall(const RpcTurn& turn, HostCallOptions options, RequestState state)
      : house_(turn.house),
        options_(std::move(options)),
        id_(turn.message.id),
        method_(turn.message.method),
        principal_(turn.principal),
        revision_(turn.revision),
        session_(turn.session),
        state_(std::move(state)) {}
  ~HostCall() override { house_->reads->remove(*this); }

  // The client wants no answer any more.  Any thread.
  void leave() {
    stop_.request_stop();
    RpcEnd silence;
    silence.silent = true;
    end(std::move(silence));
  }

  void run_for(const RpcTurn& turn, std::shared_ptr<CallListener> listener) {
    log_ = log_to(turn, listener);
    ask_ = ask_of(turn, listener);
    listener_ = std::move(listener);
    const auto running = std::make_shared<RunningCall>([weak = weak_from_this()] {
      if (const auto here = weak.lock()) here->leave();
    });
    if (session_ && !session_->add_call(request_key(id_), running)) {
      ended_ = true;  // the id is the other request's
      return listener_->end(fault_end(id_, id_in_flight(), 400));
    }
    if (!turn.session && !turn.meta) keep(house_->loose.add(loose_key(turn, id_), running));
    run();
  }

 private:
  StateOwner owner() const { return {principal_.name, method_, options_.name, options_.arguments}; }

  // The time is over: what the function says after this goes nowhere.
  void slow() override {
    stop_.request_stop();
    end(fault_end(
        id_, fault_of(Status(Code::deadline_exceeded,
                             "No answer within " +
                                 std::to_string(house_->options.read_timeout.count()) + " ms."))));
  }

  void run() {
    if (ended_) return;
    house_->reads->add(shared_from_this());
    ToolRun run;
    run.caller = principal_;
    run.arguments = options_.arguments;
    run.deadline = house_->reactor.now() + house_->options.read_timeout;
    run.stop = stop_.get_token();
    run.log = log_;
    run.let_poll = [listener = listener_](std::chrono::milliseconds retry) {
      listener->let_poll(retry);
    };
    run.client = state_.client;
    options_.function->start(std::move(run), [self = shared_from_this()](ToolOutcome outcome) {
      self->done(std::move(outcome));
    });
  }

  void done(ToolOutcome outcome) {
    house_->reads->remove(*this);
    if (ended_) return;
    if (outcome.asks) {
      if (auto refused = why_not_asked(state_.client, outcome)) {
        outcome = std::move(*refused);
      } else if (ask_) {
        return ask(std::move(outcome));
      }
    }
    end(end_of(outcome));
  }

  // Until the end, which may have come already: who is known can be cancelled.
  void keep(LooseCalls::PlacePtr place) {
    MutexLock lock(mutex_);
    if (!place || !ended_) loose_.swap(place);
  }

  // By whoever is first.
  void end(RpcEnd last_word) {
    if (ended_.exchange(true)) return;
    if (session_) {
      withdraw_questions(session_, listener_);
      session_->remove_call(request_key(id_));
    }
    keep(nullptr);
    listener_->end(std::move(last_word));
  }

  void ask(ToolOutcome outcome) {
    state_.client.state = std::move(outcome.state);
    ++state_.client.round;
    if (outcome.questions.empty()) return run();
    ask_(std::move(outcome.questions),
         [self = shared_from_this()](Result<CallRequest::Answers> answers) {
           if (!answers.ok())
             return self->done(text_outcome(answers.status().message(), CallStatus::tool_error));
           for (auto& [key, answer] : *answers)
             self->state_.client.answers.insert_or_assign(key, std::move(answer));
           self->run();
         });
    if (ended_) withdraw_questions(session_, listener_);  // it ended while it asked
  }

  RpcEnd end_of(const ToolOutcome& outcome) {
    if (outcome.asks)
      return result_end(id_, input_required(*house_, owner(), std::move(state_), outcome));
    if (outcome.fault && outcome.fault->code == kRpcMissingCapability)
      return missing_capability(id_, *outcome.fault, revision_, false);
    if (outcome.fault) return fault_end(id_, *outcome.fault);
    if (outcome.status != CallStatus::success) {
      // Neither a prompt nor a resource has a place for an error in its result.
      std::string words;
      JsonView(outcome.result)["content"].each_element(
          [&words](JsonView block) { words += block["text"].string().value_or(""); });
      return fault_end(id_, {.code = kRpcInternal, .message = std::move(words), .data = {}});
    }
    if (!is_modern(revision_)) return result_end(id_, outcome.result);
    return result_end(id_, modern_result(outcome.result, house_->options.version, options_.hints));
  }

  const McpHousePtr house_;
  const HostCallOptions options_;
  const std::string id_, method_;
  const Principal principal_;
  const McpRevision revision_;
  const SessionPtr session_;  // legacy era; may be null
  Mutex mutex_;
  LooseCalls::PlacePtr loose_ DEVS_GUARDED_BY(mutex_);
  std::atomic<bool> ended_{false};
  // One round after the other: whoever runs the round has these.
  RequestState state_;
  std::shared_ptr<CallListener> listener_;
  LogFunction log_;
  AskFunction ask_;
  std::stop_source stop_;
};

}  // namespace

void begin_host_call(const RpcTurn& turn, RpcReply& reply, HostCallOptions options) {
  RequestState state;
  const StateOwner owner{turn.principal.name, turn.message.method, options.name, options.arguments};
  if (auto refused = take_client(turn, owner, state)) return reply.now(std::move(*refused));
  auto call = std::make_shared<HostCall>(turn, std::move(options), std::move(state));
  std::function<void()> on_left;
  if (turn.meta)
    on_left = [weak = std::weak_ptr<HostCall>(call)] {
      if (const auto here = weak.lock()) here->leave();
    };
  call->run_for(turn, reply.later({}, std::move(on_left)));
}

}  // namespace devs
