#include "orchestrator/mcp/client_link.h"

#include <chrono>
#include <utility>

#include "orchestrator/mcp/log_rate.h"
#include "protocol/json.h"
#include "trace/mutex.h"

namespace devs {
namespace {

// Milliseconds since 1970.
std::int64_t wall_ms(const McpHouse& house) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             house.reactor.clock().wall().time_since_epoch())
      .count();
}

// What the copies of one LogFunction share.
struct SharedLogRate {
  Mutex mutex;
  LogRate rate DEVS_GUARDED_BY(mutex);

  LogRate::Verdict next(TimePoint now) {
    MutexLock lock(mutex);
    return rate.next(now);
  }
};

std::string log_params(LogLevel level, std::string_view logger, std::string_view data) {
  std::string params = "{\"level\":" + json_string(name_of(level));
  if (!logger.empty()) params += ",\"logger\":" + json_string(logger);
  return params + ",\"data\":" + std::string(data) + '}';
}

}  // namespace

LogFunction log_to(const RpcTurn& turn, const std::shared_ptr<CallListener>& listener) {
  if (turn.meta && !turn.meta->log_level) return {};
  const LogLevel least = turn.meta ? *turn.meta->log_level : LogLevel::info;
  return [listener, session = turn.session, least, house = turn.house,
          rate = std::make_shared<SharedLogRate>()](LogLevel level, std::string_view logger,
                                                    std::string_view data) {
    if (level < (session ? session->log_level() : least)) return;
    const LogRate::Verdict verdict = rate->next(house->reactor.now());
    if (verdict == LogRate::Verdict::left_out) return;
    const std::string params =
        verdict == LogRate::Verdict::goes
            ? log_params(level, logger, data)
            : log_params(LogLevel::warning, "mcp-orchestrator",
                         R"("More than 100 log messages in a second: the rest is left out.")");
    listener->say(encode_rpc_notification("notifications/message", params),
                  CallListener::Say::droppable);
  };
}

AskFunction ask_of(const RpcTurn& turn, const std::shared_ptr<CallListener>& listener) {
  if (!turn.session) return {};
  return [listener, session = turn.session](std::vector<ClientQuestion> questions,
                                            CallRequest::Asked asked) {
    session->host_requests().ask(
        listener.get(), std::move(questions),
        [&](std::string_view message) {
          return listener->say(message, CallListener::Say::always) || session->tell(message, {});
        },
        std::move(asked));
  };
}

void withdraw_questions(const SessionPtr& session, const std::shared_ptr<CallListener>& listener) {
  if (!session) return;
  session->host_requests().withdraw(listener.get(), [&](std::string_view message) {
    return listener->say(message, CallListener::Say::always) || session->tell(message, {});
  });
}

std::optional<RpcEnd> take_client(const RpcTurn& turn, const StateOwner& owner,
                                  RequestState& into) {
  if (turn.session) into.client.can = turn.session->identity().client;
  if (!turn.meta) return std::nullopt;
  auto retry = decode_retry(turn.message.params);
  if (!retry.ok()) return fault_for(turn, fault_of(retry.status()));
  if (retry->state) {
    auto state = open_state(*turn.house->options.seal, owner, *retry->state, wall_ms(*turn.house));
    if (!state) {
      return fault_for(turn, {.code = kRpcInvalidParams,
                              .message = "requestState is not valid for this request",
                              .data = R"({"reason":"invalid_request_state"})"});
    }
    into = std::move(*state);
  }
  into.client.can = turn.meta->client;
  for (auto& [key, answer] : retry->answers)
    into.client.answers.insert_or_assign(key, std::move(answer));
  return std::nullopt;
}

std::string input_required(const McpHouse& house, const StateOwner& owner, RequestState state,
                           const ToolOutcome& outcome) {
  state.client.state = outcome.state;
  ++state.client.round;
  std::string out = R"({"resultType":"input_required")";
  if (!outcome.questions.empty()) out += ",\"inputRequests\":{";
  bool first = true;
  for (const ClientQuestion& question : outcome.questions) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, question.key);
    out += ":{\"method\":" + json_string(question.method) + ",\"params\":" + question.params + '}';
  }
  if (!first) out += '}';
  out += ",\"requestState\":" +
         json_string(seal_state(*house.options.seal, owner, state, wall_ms(house))) + '}';
  return modern_result(out, house.options.version);
}

RpcEnd missing_capability(std::string_view id, const RpcFault& fault, McpRevision revision,
                          bool as_result) {
  if (is_modern(revision)) return fault_end(id, fault, 400);
  const std::string words = fault.message + ": " + fault.data;
  if (as_result) return result_end(id, text_outcome(words, CallStatus::tool_error).result);
  return fault_end(id, {.code = kRpcInternal, .message = words, .data = {}});
}

}  // namespace devs
