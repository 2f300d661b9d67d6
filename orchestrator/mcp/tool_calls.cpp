#include <chrono>
#include <memory>
#include <utility>

#include "orchestrator/mcp/client_link.h"
#include "orchestrator/mcp/result_meta.h"
#include "orchestrator/mcp/rpc_dispatcher.h"
#include "orchestrator/mcp/task_call.h"
#include "protocol/json.h"
#include "protocol/mcp.h"

namespace devs {
namespace {

// Of whom the state of a round is, and what it was.
struct Round {
  std::string principal, name, arguments;
  RequestState state;
};

// How one request's call is answered.
struct Terms {
  std::string id;  // as written
  McpRevision revision;
  McpHousePtr house;
  std::unique_ptr<Round> round;  // where the client comes back with answers: modern era
};

RpcEnd end_of(Terms& terms, CallAnswer answer, bool cancelled) {
  const std::string_view id = terms.id;
  const bool modern = is_modern(terms.revision);
  RpcEnd end;
  if (cancelled) {
    end.silent = true;
  } else if (!answer.refused.ok()) {
    end = refused_end(id, answer.refused);
  } else if (answer.outcome.asks && terms.round) {
    Round& round = *terms.round;
    round.state.first_call = std::move(answer.call_id);
    end =
        result_end(id, input_required(*terms.house,
                                      {round.principal, "tools/call", round.name, round.arguments},
                                      std::move(round.state), answer.outcome));
  } else if (answer.outcome.fault && answer.outcome.fault->code == kRpcMissingCapability) {
    end = missing_capability(id, *answer.outcome.fault, terms.revision, true);
  } else if (answer.outcome.fault) {
    end = fault_end(id, *answer.outcome.fault);
  } else if (answer.outcome.result.empty()) {
    end = fault_end(id, fault_of(Status(Code::cancelled, "the call was stopped")));
  } else {
    std::string result = modern ? std::move(answer.outcome.result)
                                : down_level_result(answer.outcome.result, terms.revision);
    result = with_receipt(std::move(result), answer.receipt);
    end = result_end(id, modern ? modern_result(result, terms.house->options.version) : result);
  }
  return end;
}

// What has to be undone when a call ends, whoever ends it.
struct CallInFlight {
  McpHousePtr house;
  SessionPtr session;  // may be null
  LooseCalls::PlacePtr loose;
  std::shared_ptr<ImplicitTask> task;
  RunningCallPtr running;
  std::shared_ptr<CallListener> listener;
  std::string key;                     // of the request within its session
  std::shared_ptr<TaskCall> mcp_task;  // null: it cannot become one
  Terms terms;

  void operator()(CallAnswer answer) {
    if (session) {
      withdraw_questions(session, listener);
      session->remove_call(key);
      session->touch(house->reactor.now());
    }
    loose.reset();
    task->end_call(house->reactor.clock());
    auto plain = [running = running, listener = listener,
                  terms = std::move(terms)](CallAnswer ended) mutable {
      listener->end(end_of(terms, std::move(ended), running->cancelled()));
    };
    if (!mcp_task) return plain(std::move(answer));
    mcp_task->answer(std::move(answer), std::move(plain));
  }
};

}  // namespace

RpcFault id_in_flight() {
  return {.code = kRpcInvalidRequest, .message = "a request with this id is in flight", .data = {}};
}

std::string request_key(std::string_view id) {
  const JsonView token(id);
  if (token.is_string() && id.find('\\') != std::string_view::npos)
    return json_string(token.string().value_or(""));
  return id == "-0" ? "0" : std::string(id);
}

LooseCalls::Key loose_key(const RpcTurn& turn, std::string_view id) {
  return {.principal = turn.principal.name, .pipe = turn.channel.get(), .request = request_key(id)};
}

void begin_tool_call(const RpcTurn& turn, RpcReply& reply) {
  const McpHousePtr& house = turn.house;
  const std::string_view id = turn.message.id;
  auto params = decode_call_tool(turn.message.params);
  if (!params.ok()) return reply.now(fault_end(id, fault_of(params.status())));

  CallRequest request;
  RequestState state;
  if (auto refused = take_client(
          turn, {turn.principal.name, "tools/call", params->name, params->arguments}, state)) {
    return reply.now(std::move(*refused));
  }
  TaskPlan plan;
  if (auto refused = plan_task(turn, *params, !state.client.answers.empty(), plan))
    return reply.now(std::move(*refused));
  request.client = state.client;
  request.first_call_id = state.first_call;
  // A task is not its session's: it goes on when that ends.
  const SessionPtr session = plan.only ? nullptr : turn.session;
  CallInFlight call{
      .house = house,
      .session = session,
      .loose = {},
      .task = {},
      .running = std::make_shared<RunningCall>(house->calls),
      .listener = {},
      .key = request_key(id),
      .mcp_task = {},
      .terms = {.id = std::string(id), .revision = turn.revision, .house = house, .round = {}}};
  if (turn.meta) {
    call.terms.round = std::make_unique<Round>(
        Round{turn.principal.name, params->name, params->arguments, std::move(state)});
  }
  if (session && !session->add_call(call.key, call.running)) {
    return reply.now(fault_end(id, id_in_flight(), 400));
  }
  if (!turn.session && !turn.meta && !plan.only)
    call.loose = house->loose.add(loose_key(turn, id), call.running);
  call.task = turn.session ? std::shared_ptr<ImplicitTask>(turn.session, &turn.session->task())
                           : house->tasks.of(turn.principal.name);
  if (plan.may) call.mcp_task = std::make_shared<TaskCall>(turn, plan, call.running);
  std::function<void()> on_left;
  if (call.mcp_task) {
    on_left = [weak = std::weak_ptr<TaskCall>(call.mcp_task)] {
      if (const auto here = weak.lock()) here->left();
    };
  } else if (turn.meta) {
    on_left = [running = call.running] { running->cancel("the client has left"); };
  }
  call.listener = reply.later(params->progress_token, std::move(on_left));

  request.jsonrpc_id = id;
  request.principal = turn.principal;
  if (turn.session) {
    request.client_name = turn.session->identity().client_name;
    request.session_id = turn.session->identity().public_id;
  } else if (turn.meta) {
    request.client_name = turn.meta->client_name;
  }
  request.task_id = call.task->begin_call(house->reactor.clock());
  if (!params->progress_token.empty()) {
    request.progress = [listener = call.listener](std::string_view fields) {
      listener->progress(fields);
    };
  }
  request.params = std::move(params).value();
  request.log = log_to(turn, call.listener);
  request.let_poll = [listener = call.listener](std::chrono::milliseconds retry) {
    listener->let_poll(retry);
  };
  request.ask = ask_of(turn, call.listener);
  const RunningCallPtr running = call.running;
  const std::shared_ptr<TaskCall> mcp_task = call.mcp_task;
  const std::shared_ptr<CallListener> listener = call.listener;
  request.answer = std::move(call);
  if (mcp_task) return mcp_task->begin(std::move(request), listener);
  running->begun(house->calls.begin(std::move(request)));
}

void cancel_tool_call(const RpcTurn& turn) {
  const std::string_view id = turn.message.params["requestId"].text();
  RunningCallPtr call;
  if (turn.session && !id.empty()) call = turn.session->find_call(request_key(id));
  // Over stdio also what was begun before the session.
  if (!call && !id.empty() && (!turn.session || turn.channel))
    call = turn.house->loose.find(loose_key(turn, id));
  if (!call) return turn.house->unknown_cancels.add();  // ended, or never was: no matter
  call->cancel(turn.message.params["reason"].string().value_or(""));
}

}  // namespace devs
