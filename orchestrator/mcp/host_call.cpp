#include "orchestrator/mcp/host_call.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <utility>

#include "orchestrator/mcp/client_link.h"
#include "protocol/json.h"

namespace devs {
namespace {

// Told to the function; nobody enforces it.
constexpr std::chrono::seconds kHostCallLimit{30};

class HostCall : public std::enable_shared_from_this<HostCall> {
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
    run();
  }

 private:
  StateOwner owner() const { return {principal_.name, method_, options_.name, options_.arguments}; }

  void run() {
    ToolRun run;
    run.caller = principal_;
    run.arguments = options_.arguments;
    run.deadline = house_->reactor.now() + kHostCallLimit;
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
    if (outcome.asks) {
      if (auto refused = why_not_asked(state_.client, outcome)) {
        outcome = std::move(*refused);
      } else if (ask_) {
        return ask(std::move(outcome));
      }
    }
    end(end_of(outcome));
  }

  // By whoever is first.
  void end(RpcEnd last_word) {
    if (ended_.exchange(true)) return;
    if (session_) {
      withdraw_questions(session_, listener_);
      session_->remove_call(request_key(id_));
    }
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
