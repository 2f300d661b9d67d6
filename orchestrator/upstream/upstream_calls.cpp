#include "orchestrator/upstream/upstream_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <stop_token>
#include <utility>

#include "orchestrator/upstream/upstream_task.h"
#include "protocol/json_rpc.h"

namespace devs {
namespace {

ToolOutcome outcome_of(UpstreamReply reply) {
  ToolOutcome outcome;
  outcome.status = reply.fault || reply.is_error ? CallStatus::tool_error : CallStatus::success;
  outcome.fault = std::move(reply.fault);
  outcome.result = std::move(reply.result);
  return outcome;
}

std::string encode_call(std::string_view token, std::string_view tool, bool as_task,
                        const ToolRun& run) {
  std::string params = R"({"name":)";
  params.reserve(run.arguments.size() + 256);
  append_json_string(params, tool);
  params += R"(,"arguments":)";
  params += run.arguments.empty() ? "{}" : run.arguments;
  if (as_task) params.append(",").append(kTaskParam);
  if (run.wants_progress || !run.traceparent.empty()) {
    params += R"(,"_meta":{)";
    if (run.wants_progress) params.append(R"("progressToken":)").append(token);
    if (!run.traceparent.empty()) {
      if (run.wants_progress) params += ',';
      params += R"("traceparent":)";
      append_json_string(params, run.traceparent);
    }
    params += '}';
  }
  params += '}';
  return encode_rpc_request(token, "tools/call", params);
}

// `params` without its token: what the caller's own token is put in front of.
std::string fields_of(JsonView params) {
  std::string out = "{";
  params.each_member([&out](const std::string& name, JsonView value) {
    if (name == "progressToken") return;
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
    out += ':';
    out += value.text();
  });
  out += '}';
  return out;
}

}  // namespace

struct UpstreamCalls::Call {
  using OnStop = std::stop_callback<std::function<void()>>;

  Call(std::string name, bool task_only, ToolRun what, ToolDone how, MoveFunction<void()> too_late)
      : tool(std::move(name)),
        as_task(task_only),
        run(std::move(what)),
        done(std::move(how)),
        deadline(std::move(too_late)) {}

  const std::string tool;
  const bool as_task;
  const ToolRun run;
  ToolDone done;
  Timer deadline;
  bool sent = false;
  std::uint64_t request = 0;  // of ours, whose answer it waits for
  std::string task;           // the id of the task it is there, as a token
  double progress = -std::numeric_limits<double>::infinity();
  std::optional<OnStop> on_stop;  // last: it may run as soon as it exists
};

UpstreamCalls::UpstreamCalls(Options options, Correlation& correlation, Reactor& reactor, Send send)
    : options_(std::move(options)),
      correlation_(correlation),
      reactor_(reactor),
      send_(std::move(send)) {
}

UpstreamCalls::~UpstreamCalls() = default;

void UpstreamCalls::begin(std::string tool, bool as_task, ToolRun run, ToolDone done) {
  if (!closed_because_.empty()) {
    done(unavailable(closed_because_));
    return;
  }
  const bool has_room = in_flight() < options_.max_in_flight;
  if (!has_room && line_.size() >= options_.max_waiting) {
    done(unavailable(
        fmt::format("{} calls are running and {} wait already", in_flight(), line_.size())));
    return;
  }
  const std::uint64_t id = correlation_.next_id();
  auto& call = calls_[id];
  call = std::make_unique<Call>(std::move(tool), as_task, std::move(run), std::move(done),
                                [this, id] { give_up(id, CallStatus::timeout_exceeded); });
  restart_clock(*call);
  call->on_stop.emplace(call->run.stop, [weak = weak_from_this(), id, &reactor = reactor_] {
    reactor.post([weak, id] {
      if (const auto self = weak.lock()) self->give_up(id, CallStatus::cancelled);
    });
  });
  if (has_room) {
    send(id, *call);
  } else {
    line_.push_back(id);
  }
}

void UpstreamCalls::send(std::uint64_t id, Call& call) {
  call.sent = true;
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  ask(id, call, id, encode_call(std::to_string(id), call.tool, call.as_task, call.run));
}

void UpstreamCalls::ask(std::uint64_t id, Call& call, std::uint64_t request,
                        std::string_view line) {
  call.request = request;
  correlation_.expect(request, [this, id](UpstreamReply reply) { on_reply(id, std::move(reply)); });
  if (!send_(line)) finish(id, unavailable("it does not read its input"));
}

void UpstreamCalls::on_reply(std::uint64_t id, UpstreamReply reply) {
  if (!reply.unavailable.empty()) return finish(id, unavailable(reply.unavailable));
  Call& call = *calls_.at(id);
  if (call.as_task && call.task.empty() && !reply.fault) {
    if (auto task = created_task(reply.result)) {
      call.task = std::move(*task);
      const std::uint64_t request = correlation_.next_id();
      return ask(
          id, call, request,
          encode_rpc_request(std::to_string(request), "tasks/result", encode_task_id(call.task)));
    }
  }
  if (!call.task.empty()) reply.result = without_related_task(std::move(reply.result));
  finish(id, outcome_of(std::move(reply)));
}

void UpstreamCalls::send_next() {
  while (!line_.empty() && in_flight() < options_.max_in_flight) {
    const std::uint64_t id = line_.front();
    line_.pop_front();
    send(id, *calls_.at(id));
  }
}

void UpstreamCalls::restart_clock(Call& call) {
  reactor_.timers().set(call.deadline, reactor_.now() + options_.timeout);
}

bool UpstreamCalls::progress(JsonView params) {
  const std::optional<std::uint64_t> id = decode_own_id(params["progressToken"].text());
  const auto found = id ? calls_.find(*id) : calls_.end();
  if (found == calls_.end()) return false;
  Call& call = *found->second;
  const std::optional<double> value = params["progress"].number();
  if (!call.run.wants_progress || !value || *value <= call.progress) return false;
  call.progress = *value;
  restart_clock(call);
  if (call.run.progress) call.run.progress(fields_of(params));
  return true;
}

void UpstreamCalls::give_up(std::uint64_t id, CallStatus status) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;  // it has ended; who asked was late
  const Call& call = *found->second;
  const bool past_deadline =
      call.run.deadline != TimePoint() && reactor_.now() >= call.run.deadline;
  const bool too_late = status == CallStatus::timeout_exceeded || past_deadline;
  if (call.sent) tell_cancelled(call, too_late);
  finish(id, too_late ? text_outcome(fmt::format("No result within {} ms; the tool was stopped.",
                                                 options_.timeout.count()),
                                     CallStatus::timeout_exceeded)
                      : text_outcome("The call was cancelled.", CallStatus::cancelled));
}

// A child that takes no more lines learns it from its end.
void UpstreamCalls::tell_cancelled(const Call& call, bool too_late) {
  if (!call.task.empty()) {
    const std::uint64_t request = correlation_.next_id();
    correlation_.expect(request, [](const UpstreamReply&) {});  // what it says changes nothing
    static_cast<void>(send_(
        encode_rpc_request(std::to_string(request), "tasks/cancel", encode_task_id(call.task))));
    return;
  }
  const std::string params =
      fmt::format(R"({{"requestId":{},"reason":"{}"}})", call.request,
                  too_late ? "the call timed out" : "the call was cancelled");
  static_cast<void>(send_(encode_rpc_notification("notifications/cancelled", params)));
}

void UpstreamCalls::finish(std::uint64_t id, ToolOutcome outcome) {
  auto ended = calls_.extract(id);
  if (ended.empty()) return;
  Call& call = *ended.mapped();
  correlation_.forget(call.request);
  call.on_stop.reset();
  call.deadline.cancel();
  if (call.sent) {
    in_flight_.fetch_sub(1, std::memory_order_relaxed);
  } else {
    std::erase(line_, id);
  }
  call.done(std::move(outcome));
  send_next();
}

void UpstreamCalls::close(std::string why) {
  closed_because_ = std::move(why);
  line_.clear();  // nothing of it is sent any more
  while (!calls_.empty()) finish(calls_.begin()->first, unavailable(closed_because_));
}

ToolOutcome UpstreamCalls::unavailable(std::string_view why) const {
  return text_outcome(
      fmt::format("Upstream `{}` is not available: {}. What it wrote to stderr is in the "
                  "orchestrator's log (event upstream_stderr, server {}).",
                  options_.server, why, options_.server),
      CallStatus::upstream_unavailable);
}

}  // namespace devs
