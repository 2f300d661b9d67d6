#include "orchestrator/agents/agent_task.h"

#include <array>

namespace devs {
namespace {

constexpr std::array<std::string_view, 6> kNames{"pending", "running",   "completed",
                                                 "failed",  "cancelled", "hitl_waiting"};

}  // namespace

std::string_view name_of(AgentTaskStatus status) {
  return kNames[static_cast<std::size_t>(status)];
}

std::optional<AgentTaskStatus> agent_task_status_of(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<AgentTaskStatus>(i);
  return std::nullopt;
}

bool has_ended(AgentTaskStatus status) {
  return status == AgentTaskStatus::completed || status == AgentTaskStatus::failed ||
         status == AgentTaskStatus::cancelled;
}

std::string owner_topic(const AgentTaskCard& card) {
  return owner_topic(Principal{.name = card.owner});
}

}  // namespace devs
