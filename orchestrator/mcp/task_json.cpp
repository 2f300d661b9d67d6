#include "orchestrator/mcp/task_json.h"

#include <utility>

#include "orchestrator/mcp/result_meta.h"
#include "orchestrator/mcp/rpc_reply.h"
#include "protocol/json.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

// `message` is a JSON-RPC error response.
TaskEnd failed(std::string_view message) {
  TaskEnd end;
  end.error = JsonView(message)["error"].text();
  return end;
}

}  // namespace

std::string related_task(std::string_view id) {
  return "{\"taskId\":" + json_string(id) + "}";
}

std::string task_object(const TaskRecord& task, McpRevision revision) {
  const bool modern = is_modern(revision);
  const TaskStatus status = task.tool_failed && !modern ? TaskStatus::failed : task.status;
  std::string out = "{\"taskId\":" + json_string(task.id) + ",\"status\":\"";
  out.append(name_of(status)).append("\"");
  if (!task.message.empty()) out += ",\"statusMessage\":" + json_string(task.message);
  out += ",\"createdAt\":\"" + iso_of_ms(task.created_ms) + "\",\"lastUpdatedAt\":\"" +
         iso_of_ms(task.updated_ms) + (modern ? "\",\"ttlMs\":" : "\",\"ttl\":") +
         std::to_string(task.ttl_ms) + (modern ? ",\"pollIntervalMs\":" : ",\"pollInterval\":") +
         std::to_string(Tasks::kPollMs);
  return out + '}';
}

std::string created_result(const TaskRecord& task, McpRevision revision) {
  const std::string object = task_object(task, revision);
  if (!is_modern(revision)) return "{\"task\":" + object + "}";
  return "{\"resultType\":\"task\"," + object.substr(1);
}

std::string whole_task(const TaskView& view) {
  std::string out = task_object(view.record, kLatestModern);
  out.pop_back();
  if (!view.requests.empty()) out += ",\"inputRequests\":" + view.requests;
  if (!view.record.result.empty()) out += ",\"result\":" + view.record.result;
  if (!view.record.error.empty()) out += ",\"error\":" + view.record.error;
  return out + '}';
}

TaskEnd end_of_task(CallAnswer answer) {
  if (!answer.refused.ok()) return failed(refused_end("0", answer.refused).message);
  const ToolOutcome& outcome = answer.outcome;
  if (outcome.fault) return failed(encode_rpc_error("0", *outcome.fault));
  // Its client's cancellation has ended the task before.
  if (outcome.status == CallStatus::cancelled || outcome.result.empty())
    return failed(encode_rpc_error(
        "0",
        {.code = kRpcInternal, .message = "The call was stopped before it ended.", .data = {}}));
  TaskEnd end;
  end.status = TaskStatus::completed;
  end.tool_failed = JsonView(outcome.result)["isError"].boolean().value_or(false);
  end.result = with_receipt(std::move(answer.outcome.result), answer.receipt);
  return end;
}

}  // namespace devs
