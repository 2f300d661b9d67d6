// tasks/get, tasks/update, tasks/cancel, tasks/result and tasks/list.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "orchestrator/mcp/client_link.h"
#include "orchestrator/mcp/result_meta.h"
#include "orchestrator/mcp/rpc_dispatcher.h"
#include "orchestrator/mcp/task_call.h"
#include "orchestrator/mcp/task_json.h"
#include "protocol/json.h"
#include "protocol/mcp.h"

namespace devs {
namespace {

// Why such a request ends here; nullopt: the era and the client have tasks.
std::optional<RpcEnd> without_tasks(const RpcTurn& turn) {
  if (turn.meta && !turn.meta->client.tasks_ext) return needs_tasks(turn);
  if (!turn.meta && !has_core_tasks(turn.revision))
    return fault_for(turn, {kRpcMethodNotFound, "Method not found", {}});
  return std::nullopt;
}

// The key of the task a request is about; nullopt: it has been answered.
std::optional<std::string> task_of(const RpcTurn& turn, RpcReply& reply) {
  if (auto end = without_tasks(turn)) {
    reply.now(std::move(*end));
    return std::nullopt;
  }
  const auto id = turn.message.params["taskId"].string();
  if (!id) {
    reply.now(bad_params(turn, "/taskId: must be a string"));
    return std::nullopt;
  }
  auto key = turn.house->mcp_tasks->key_of(turn.principal.name, *id);
  if (!key) reply.now(bad_params(turn, "Unknown task"));
  return key;
}

// What is left of a turn when the answer comes later.
struct Owed {
  std::shared_ptr<CallListener> listener;
  std::string id, version;
  McpRevision revision;

  void result(std::string_view text) const {
    listener->end(result_end(id, is_modern(revision) ? modern_result(text, version) : text));
  }
  void fault(const Status& why) const { listener->end(fault_end(id, fault_of(why))); }
};
Owed owed(const RpcTurn& turn, RpcReply& reply) {
  return {.listener = reply.later({}, {}),
          .id = std::string(turn.message.id),
          .version = turn.house->options.version,
          .revision = turn.revision};
}

// What the call would have been answered without a task (2025-11-25).
RpcEnd payload(const Owed& owed, const TaskRecord& task) {
  if (task.status == TaskStatus::cancelled)
    return fault_end(owed.id,
                     {.code = kRpcInternal, .message = "The task was cancelled", .data = {}});
  if (const JsonView error(task.error); error.present()) {
    return fault_end(owed.id,
                     {.code = static_cast<int>(error["code"].integer().value_or(kRpcInternal)),
                      .message = error["message"].string().value_or(""),
                      .data = std::string(error["data"].text())});
  }
  return result_end(owed.id, with_meta(down_level_result(task.result, owed.revision), kRelatedTask,
                                       related_task(task.id)));
}

// A request to the client says which task it belongs to.
Tasks::Ask ask_for_task(AskFunction ask, std::string id) {
  if (!ask) return {};
  return [ask = std::move(ask), related = related_task(id)](std::vector<ClientQuestion> questions,
                                                            CallRequest::Asked asked) {
    for (ClientQuestion& question : questions)
      question.params = with_meta(std::move(question.params), kRelatedTask, related);
    ask(std::move(questions), std::move(asked));
  };
}

}  // namespace

void get_task(const RpcTurn& turn, RpcReply& reply) {
  const auto key = task_of(turn, reply);
  if (!key) return;
  turn.house->mcp_tasks->find(
      turn.principal.name, *key, [to = owed(turn, reply)](const Result<TaskView>& view) {
        if (!view.ok()) return to.fault(view.status());
        to.result(is_modern(to.revision) ? whole_task(*view)
                                         : task_object(view->record, to.revision));
      });
}

void update_task(const RpcTurn& turn, RpcReply& reply) {
  const auto key = task_of(turn, reply);
  if (!key) return;
  auto retry = decode_retry(turn.message.params);
  if (!retry.ok()) return reply.now(bad_params(turn, retry.status().message()));
  if (!turn.message.params["inputResponses"].present())
    return reply.now(bad_params(turn, "/inputResponses: must be an object"));
  Tasks& tasks = *turn.house->mcp_tasks;
  tasks.answer(*key, std::move(retry->answers));
  tasks.find(turn.principal.name, *key, [to = owed(turn, reply)](const Result<TaskView>& view) {
    if (!view.ok()) return to.fault(view.status());
    to.result("{}");
  });
}

void cancel_task(const RpcTurn& turn, RpcReply& reply) {
  const auto key = task_of(turn, reply);
  if (!key) return;
  turn.house->mcp_tasks->cancel(
      turn.principal.name, *key,
      [to = owed(turn, reply)](const Result<TaskView>& view, bool ended_now) {
        if (!view.ok()) return to.fault(view.status());
        if (is_modern(to.revision)) return to.result("{}");
        if (ended_now) return to.result(task_object(view->record, to.revision));
        to.fault(Status(Code::invalid_argument, "The task has ended already"));
      });
}

void task_result(const RpcTurn& turn, RpcReply& reply) {
  const auto key = task_of(turn, reply);
  if (!key) return;
  const Owed to = owed(turn, reply);
  Tasks::Ask ask =
      ask_for_task(ask_of(turn, to.listener), turn.message.params["taskId"].string().value_or(""));
  turn.house->mcp_tasks->when_ended(turn.principal.name, *key, std::move(ask),
                                    [to](const Result<TaskView>& view) {
                                      if (!view.ok()) return to.fault(view.status());
                                      to.listener->end(payload(to, view->record));
                                    });
}

void list_tasks(const RpcTurn& turn, RpcReply& reply) {
  if (auto end = without_tasks(turn)) return reply.now(std::move(*end));
  const JsonView cursor = turn.message.params["cursor"];
  std::int64_t after = 0;
  if (cursor.present()) {
    const auto place = turn.house->cursors.open(turn.message.method, turn.principal.name,
                                                cursor.string().value_or(""));
    if (!place.ok()) return reply.now(bad_params(turn, place.status().message()));
    after = static_cast<std::int64_t>(place->offset);
  }
  turn.house->mcp_tasks->list(
      turn.principal.name, after, turn.house->options.page_size,
      [to = owed(turn, reply), house = turn.house, method = turn.message.method,
       principal = turn.principal.name](const Result<TaskStore::Page>& page) {
        if (!page.ok()) return to.fault(page.status());
        std::string out = "{\"tasks\":[";
        for (const TaskRecord& task : page->tasks) {
          if (out.back() != '[') out += ',';
          out += task_object(task, to.revision);
        }
        out += ']';
        if (page->next != 0) {
          const ListPlace place{.generation = 0, .offset = static_cast<std::size_t>(page->next)};
          out += ",\"nextCursor\":" + json_string(house->cursors.seal(method, principal, place));
        }
        to.result(out + '}');
      });
}

}  // namespace devs
