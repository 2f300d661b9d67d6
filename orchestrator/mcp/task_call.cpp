#include "orchestrator/mcp/task_call.h"

#include <algorithm>
#include <utility>

#include "orchestrator/mcp/client_link.h"
#include "orchestrator/mcp/task_json.h"
#include "protocol/json.h"

namespace devs {

RpcEnd needs_tasks(const RpcTurn& turn) {
  const std::string required = "{\"extensions\":{" + json_string(kTasksExtension) + ":{}}}";
  return fault_for(turn, *lacks_capability(required).fault, 400);
}

std::optional<RpcEnd> plan_task(const RpcTurn& turn, const CallToolParams& params,
                                bool asked_before, TaskPlan& plan) {
  const ToolSetPtr tools = turn.house->tools.snapshot();
  const RegisteredTool* const tool = tools->find(params.name);
  if (tool == nullptr) return std::nullopt;  // whoever calls it says so
  const TaskMode mode = tool->tool->spec().task;
  const auto not_so = [&](std::string_view why) {
    return fault_for(turn, {kRpcMethodNotFound, params.name + " " + std::string(why), {}});
  };
  if (turn.meta) {
    if (!turn.meta->client.tasks_ext) {
      if (mode != TaskMode::required) return std::nullopt;
      return needs_tasks(turn);
    }
    plan.may = mode != TaskMode::never;
    plan.only = mode == TaskMode::required;
    plan.at_once =
        plan.only || mode == TaskMode::always || (mode == TaskMode::after_input && asked_before);
    return std::nullopt;
  }
  const JsonView task = turn.message.params["task"];
  if (!has_core_tasks(turn.revision) || !task.present()) {
    if (mode != TaskMode::required) return std::nullopt;
    return not_so("must be called as a task");
  }
  if (!task.is_object()) return bad_params(turn, "/task: must be an object");
  const JsonView ttl = task["ttl"];
  if (ttl.present() && ttl.integer().value_or(0) <= 0)
    return bad_params(turn, "/task/ttl: must be a positive integer");
  if (mode == TaskMode::never) return not_so("cannot be called as a task");
  plan.may = plan.at_once = plan.only = true;
  plan.ttl_ms = std::min(ttl.integer().value_or(Tasks::kTtlMs), Tasks::kTtlMs);
  return std::nullopt;
}

TaskCall::TaskCall(const RpcTurn& turn, TaskPlan plan, RunningCallPtr running)
    : house_(turn.house),
      principal_(turn.principal.name),
      id_(turn.message.id),
      revision_(turn.revision),
      plan_(plan),
      running_(std::move(running)),
      stage_(plan.at_once ? Stage::storing : Stage::plain) {
}

TaskCall::~TaskCall() {
  house_->promotions->remove(*this);
}

std::function<void()> TaskCall::canceller() const {
  return [running = running_] { running->cancel("the task was cancelled"); };
}

CallRequest::Ask TaskCall::asker(const TaskRecord& record) const {
  return [tasks = house_->mcp_tasks, key = record.key](std::vector<ClientQuestion> questions,
                                                       CallRequest::Asked asked) {
    tasks->ask(key, std::move(questions), std::move(asked));
  };
}

void TaskCall::begin(CallRequest request, std::shared_ptr<CallListener> listener) {
  listener_ = std::move(listener);
  if (plan_.at_once) return begin_at_once(std::move(request));
  const auto self = shared_from_this();  // the request holds us, and is gone when it is answered
  running_->begun(house_->calls.begin(std::move(request)));
  house_->promotions->add(self);
}

void TaskCall::begin_at_once(CallRequest request) {
  const auto record = house_->mcp_tasks->add(principal_, plan_.ttl_ms, canceller());
  if (!record.ok()) {
    {
      MutexLock lock(mutex_);
      stage_ = Stage::plain;
    }
    return begin_without(std::move(request), record.status());
  }
  house_->mcp_tasks->store(record->key, [self = shared_from_this(), record = *record,
                                         request = std::move(request)](const Status& done) mutable {
    if (!self->stored(record, done)) return self->begin_without(std::move(request), done);
    request.ask = self->asker(record);
    request.progress = {};  // a task has none, and no log
    request.log = {};
    self->running_->begun(self->house_->calls.begin(std::move(request)));
  });
}

// There is no task: a plain call, if its client can use one.
void TaskCall::begin_without(CallRequest request, const Status& why) {
  if (!plan_.only) return running_->begun(house_->calls.begin(std::move(request)));
  request.answer({.outcome = {}, .call_id = {}, .refused = why, .receipt = {}});
}

void TaskCall::slow() {
  const auto record = house_->mcp_tasks->add(principal_, plan_.ttl_ms, canceller());
  if (!record.ok()) return;  // it stays as it is
  bool ended = !running_->ask_within(asker(*record));
  if (!ended) {
    MutexLock lock(mutex_);
    ended = stage_ != Stage::plain;
    if (!ended) stage_ = Stage::storing;
  }
  if (ended) return house_->mcp_tasks->drop(record->key);
  house_->mcp_tasks->store(record->key,
                           [self = shared_from_this(), record = *record](const Status& done) {
                             if (!self->stored(record, done)) self->running_->ask_within({});
                           });
}

bool TaskCall::stored(const TaskRecord& record, const Status& done) {
  std::optional<Held> held;
  {
    MutexLock lock(mutex_);
    held.swap(held_);
    key_ = record.key;
    stage_ = done.ok() ? Stage::task : held ? Stage::over : Stage::plain;
  }
  if (done.ok()) {
    listener_->end(result_end(
        id_, is_modern(revision_)
                 ? modern_result(created_result(record, revision_), house_->options.version)
                 : created_result(record, revision_)));
    if (held) house_->mcp_tasks->end(record.key, end_of_task(std::move(held->answer)));
  } else if (held) {
    held->plain(std::move(held->answer));
  }
  return done.ok();
}

void TaskCall::answer(CallAnswer answer, Plain plain) {
  house_->promotions->remove(*this);
  std::string key;
  {
    MutexLock lock(mutex_);
    if (stage_ == Stage::storing) {
      held_.emplace(Held{std::move(answer), std::move(plain)});
      return;
    }
    if (stage_ == Stage::task) key = key_;
    stage_ = Stage::over;
  }
  if (key.empty()) return plain(std::move(answer));
  house_->mcp_tasks->end(key, end_of_task(std::move(answer)));
}

void TaskCall::left() {
  {
    MutexLock lock(mutex_);
    if (stage_ != Stage::plain) return;
  }
  running_->cancel("the client has left");
}

}  // namespace devs
