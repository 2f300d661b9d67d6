#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/agents/agent_events.h"
#include "orchestrator/agents/agent_tasks.h"
#include "orchestrator/streams/stream_query.h"
#include "protocol/json.h"

namespace devs {

// What the bodies of the task routes say (streams 5).  nullopt: `bad` says what is wrong.

inline constexpr std::size_t kMaxTaskBody = 1 << 20;  // arguments of a tool call

// The body of a creation; `rpc_id` becomes the id of a JSON-RPC request, as written, of a
// refused one too, or stays empty.  Ids that were not given are made: `new_id` is a fresh
// UUID each time.
std::optional<AgentTaskOrder> read_task(const std::string& body, std::string_view org,
                                        std::string_view agent,
                                        const std::function<std::string()>& new_id,
                                        std::string& rpc_id, BadParameter& bad);

// The body of PUT /tasks/{id}/progress.
std::optional<AgentStep> read_progress(const std::string& body, BadParameter& bad);

// The body of .../complete.
std::optional<AgentTaskEnd> read_end(const std::string& body, BadParameter& bad);

// The body of PUT /tasks/{id}; null: stays.
struct TaskEdit {
  std::optional<std::string> title, metadata;
};
std::optional<TaskEdit> read_edit(const std::string& body, BadParameter& bad);

// The body of .../stream-token: its streamId; empty: none was named.
std::optional<std::string> read_stream_id(const std::string& body, BadParameter& bad);

// A webhook's: a step, or an end; nullopt and `bad`: what is missing.
struct WebhookStatus {
  std::string task_id, org, agent;
  AgentStep step;
  std::optional<AgentTaskEnd> end;
};
std::optional<WebhookStatus> read_webhook(const std::string& body, BadParameter& bad);

}  // namespace devs
