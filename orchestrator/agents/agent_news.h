#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/agents/agent_task.h"
#include "orchestrator/streams/entry_view.h"

namespace devs {

// What one entry says of the task it belongs to: read once, for the state, the messages
// and the frames, so that they cannot differ.
struct AgentNews {
  enum class Kind {
    none,      // says nothing of a task
    started,   // TASK_STARTED
    progress,  // TASK_PROGRESS
    gate,      // somebody is asked, or has answered
    thought,
    action,
    observation,
    completed,  // TASK_COMPLETED
    failed,     // TASK_FAILED
    cancelled   // TASK_CANCELLED
  };
  Kind kind = Kind::none;
  AgentTaskStatus status = AgentTaskStatus::running;
  std::optional<double> progress;      // 0..100
  std::string content;                 // in words, at most kMaxChunkContent bytes
  std::optional<std::string> message;  // as it was told
  // JSON text, empty when absent.
  std::string step, sequence, total_steps, payload, context, result;
  std::string error;        // of what failed or was cancelled, in words
  bool went_wrong = false;  // an observation that did not succeed
};
AgentNews agent_news_of(const EntryView& entry);

// `agent.started`, `agent.progress`, `task.completed`, `task.failed`.
std::string_view hook_event_of(AgentNews::Kind kind);
// Of the message it becomes: `progress status info warning error`.
std::string_view message_type_of(const AgentNews& news);

}  // namespace devs
