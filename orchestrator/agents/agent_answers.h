#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/agents/agent_task_store.h"
#include "orchestrator/net/http_message.h"
#include "protocol/ids.h"

namespace devs {

// What the task routes answer (streams 5): JSON text, members in the order of the page.

// Of a creation.  `base`: how the maker reached us (public_base()).
std::string created_json(const AgentTaskCard& card, std::string_view base);
// {taskId,userId,status,progress,result?,error?,metadata?,createdAt,updatedAt,taskType}
std::string task_status_json(const AgentTaskRow& task);
// The same with what the task is about.
std::string task_json(const AgentTaskRow& task);
std::string task_list_json(const AgentTaskStore::Page& page, std::size_t limit, std::size_t offset);
// `counts` in the order of AgentTaskStatus.
std::string task_metrics_json(const std::vector<std::size_t>& counts);
std::string messages_json(const std::vector<AgentMessage>& messages, std::string_view epoch);

// Of a creation that was a JSON-RPC request of that id: the answer's body is the `result`, or
// the `data` of the `error`; status and headers stay.  With an empty id: the answer itself.
HttpAnswer as_rpc(std::string_view rpc_id, HttpAnswer answer);

// Of one stored task, on its path: `/agent-to-agent/acme/writer/tasks/t-42`.
std::string agent_task_path(const AgentTaskCard& card);

}  // namespace devs
