#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/calls/tool_call.h"
#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/rpc_dispatcher.h"
#include "orchestrator/mcp/rpc_reply.h"
#include "orchestrator/mcp/slow_calls.h"
#include "orchestrator/mcp/tasks.h"

namespace devs {

// -32021: the client has not declared the extension.
RpcEnd needs_tasks(const RpcTurn& turn);

// What is to become of one tools/call (MCP page 5.4).
struct TaskPlan {
  bool may = false;      // become a task, when it takes long
  bool at_once = false;  // from the beginning
  bool only = false;     // a plain answer is not what the client can use
  std::int64_t ttl_ms = Tasks::kTtlMs;
};
// `asked_before`: this is a retry that brings answers.  The fault that ends the request
// here, if there is one.
std::optional<RpcEnd> plan_task(const RpcTurn& turn, const CallToolParams& params,
                                bool asked_before, TaskPlan& plan);

// A tools/call that is, or may become, a task.  Until then the call is answered as any
// other; from then on its answer ends the task, and what it asks is asked by the task.
//
// The task is stored before the client hears of it; a call that ends meanwhile is a task
// that has ended.  Thread-safe.
class TaskCall final : public SlowCall, public std::enable_shared_from_this<TaskCall> {
 public:
  TaskCall(const RpcTurn& turn, TaskPlan plan, RunningCallPtr running);
  ~TaskCall() override;

  // Begins the call; `listener` is answered with the task, or plainly by answer().
  void begin(CallRequest request, std::shared_ptr<CallListener> listener) DEVS_EXCLUDES(mutex_);
  // The client has gone away: that cancels a call, and no task.
  void left() DEVS_EXCLUDES(mutex_);
  // What came of the call.  `plain` answers a call that is no task.
  using Plain = MoveFunction<void(CallAnswer)>;
  void answer(CallAnswer answer, Plain plain) DEVS_EXCLUDES(mutex_);

  void slow() override DEVS_EXCLUDES(mutex_);

 private:
  enum class Stage { plain, storing, task, over };
  struct Held {
    CallAnswer answer;
    Plain plain;
  };
  // On a worker, when the task is stored or cannot be.  True: it is a task.
  bool stored(const TaskRecord& record, const Status& done) DEVS_EXCLUDES(mutex_);
  void begin_at_once(CallRequest request) DEVS_EXCLUDES(mutex_);
  void begin_without(CallRequest request, const Status& why);
  std::function<void()> canceller() const;
  CallRequest::Ask asker(const TaskRecord& record) const;

  const McpHousePtr house_;
  const std::string principal_, id_;
  const McpRevision revision_;
  const TaskPlan plan_;
  const RunningCallPtr running_;
  std::shared_ptr<CallListener> listener_;  // set before anything else happens

  Mutex mutex_;
  Stage stage_ DEVS_GUARDED_BY(mutex_);
  std::string key_ DEVS_GUARDED_BY(mutex_);           // of the task, from storing on
  std::optional<Held> held_ DEVS_GUARDED_BY(mutex_);  // came while storing
};

}  // namespace devs
