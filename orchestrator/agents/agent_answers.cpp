#include "orchestrator/agents/agent_answers.h"

#include <fmt/format.h>

#include <utility>

#include "protocol/envelope_writer.h"
#include "protocol/json.h"
#include "protocol/json_rpc.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

void write_status(MemberWriter& members, const AgentTaskRow& task) {
  members.text("taskId", task.card.id)
      .text("userId", task.card.owner)
      .text("status", name_of(task.state.status))
      .json("progress", fmt::format("{}", task.state.progress))
      .json_if("result", task.result)
      .text_if("error", task.error)
      .json("metadata", task.metadata)
      .text("createdAt", iso_of_ms(task.card.created_ms))
      .text("updatedAt", iso_of_ms(task.state.updated_ms))
      .text("taskType", task.card.is_call ? "tool_call" : "external");
}

// What a refusal of that status is to who speaks JSON-RPC.
Code code_of_refusal(int http_status) {
  if (http_status == 429) return Code::resource_exhausted;
  if (http_status >= 500) return Code::unavailable;
  return Code::invalid_argument;
}

}  // namespace

std::string agent_task_path(const AgentTaskCard& card) {
  return "/agent-to-agent/" + card.org + '/' + card.agent + "/tasks/" + card.id;
}

std::string created_json(const AgentTaskCard& card, std::string_view base) {
  const std::string stream = agent_task_path(card) + "/stream", token = stream + "-token";
  std::string out;
  MemberWriter whole(out);
  whole.json("success", "true").text("mode", card.mode).begin("payload");
  MemberWriter payload(out);
  payload.begin("content");
  MemberWriter(out).text("taskId", card.id).text("status", "pending").end();
  payload.begin("metadata");
  MemberWriter metadata(out);
  metadata.text("streamEndpoint", stream).text("streamTokenEndpoint", token).begin("streaming");
  MemberWriter(out)
      .text("streamEndpoint", stream)
      .text("streamTokenEndpoint", token)
      .text("streamUrl", std::string(base) + stream)
      .text("streamTokenUrl", std::string(base) + token)
      .text("streamId", card.stream_id)
      .text("conversationId", card.conversation_id)
      .end();
  metadata.end();
  payload.end();
  whole.end();
  return out;
}

std::string task_status_json(const AgentTaskRow& task) {
  std::string out;
  MemberWriter members(out);
  write_status(members, task);
  members.end();
  return out;
}

std::string task_json(const AgentTaskRow& task) {
  std::string out;
  MemberWriter members(out);
  write_status(members, task);
  members.text("title", task.title)
      .text("message", task.state.message)
      .text("orgSlug", task.card.org)
      .text("agentSlug", task.card.agent)
      .text("conversationId", task.card.conversation_id)
      .text("streamId", task.card.stream_id)
      .text("mode", task.card.mode)
      .text("userMessage", task.card.user_message)
      .end();
  return out;
}

std::string task_list_json(const AgentTaskStore::Page& page, std::size_t limit,
                           std::size_t offset) {
  std::string tasks = "[";
  for (const AgentTaskRow& task : page.tasks)
    tasks += (tasks.size() > 1 ? "," : "") + task_status_json(task);
  return fmt::format(R"({{"tasks":{}],"total":{},"limit":{},"offset":{}}})", tasks, page.total,
                     limit, offset);
}

std::string task_metrics_json(const std::vector<std::size_t>& counts) {
  std::size_t total = 0;
  std::string out;
  MemberWriter members(out);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    members.json(name_of(static_cast<AgentTaskStatus>(i)), std::to_string(counts[i]));
    total += counts[i];
  }
  members.json("total", std::to_string(total)).end();
  return out;
}

std::string messages_json(const std::vector<AgentMessage>& messages, std::string_view epoch) {
  std::string out = "[";
  for (const AgentMessage& message : messages) {
    if (out.size() > 1) out += ',';
    MemberWriter members(out);
    members.text("id", encode_event_id(epoch, message.sequence))
        .text("taskId", message.task)
        .text("userId", message.owner)
        .text("content", message.content)
        .text("messageType", message.type);
    if (message.progress) members.json("progressPercentage", fmt::format("{}", *message.progress));
    members.json("metadata", message.metadata)
        .text("createdAt", iso_of_ms(message.created_ms))
        .text("expiresAt", iso_of_ms(message.expires_ms))
        .end();
  }
  return out + ']';
}

HttpAnswer as_rpc(std::string_view rpc_id, HttpAnswer answer) {
  if (rpc_id.empty()) return answer;
  if (answer.status < 300) {
    answer.body = encode_rpc_result(rpc_id, answer.body);
  } else {
    const Code code = code_of_refusal(answer.status);
    RpcFault fault = fault_of(Status(code, std::string(reason_phrase(answer.status))));
    fault.data = std::move(answer.body);
    answer.body = encode_rpc_error(rpc_id, fault);
  }
  return answer;
}

}  // namespace devs
