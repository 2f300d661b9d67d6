#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/agents/agent_task.h"
#include "trace/entry.h"

namespace devs {

// A step of a task, as whoever drives it tells.  JSON texts are empty when absent.
struct AgentStep {
  AgentTaskStatus status = AgentTaskStatus::running;  // running or hitl_waiting
  std::optional<double> progress;                     // 0..100
  std::string message;
  std::string step, sequence, total_steps, payload, context;  // JSON text
};

// How a task ends.
struct AgentTaskEnd {
  AgentTaskStatus status = AgentTaskStatus::completed;  // an ended one
  std::string result;                                   // JSON text of what completed; may be empty
  std::string error;  // words: of what failed; why it was cancelled
};

// The entries of a task (SAOP 10), on the topics of its owner.
Draft task_started(const AgentTaskCard& card, const Epoch& epoch, std::string_view title);
Draft task_progress(const AgentTaskCard& card, const Epoch& epoch, const AgentStep& step);
Draft task_ended(const AgentTaskCard& card, const Epoch& epoch, const AgentTaskEnd& end);

}  // namespace devs
