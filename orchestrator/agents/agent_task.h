#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/net/principal.h"
#include "protocol/ids.h"

namespace devs {

// How far a task of an agent has come.  Spelled on the wire as by name_of().
enum class AgentTaskStatus { pending, running, completed, failed, cancelled, hitl_waiting };
std::string_view name_of(AgentTaskStatus status);
std::optional<AgentTaskStatus> agent_task_status_of(std::string_view name);
bool has_ended(AgentTaskStatus status);

// What is settled when a task is made.  Its entries say the rest.
struct AgentTaskCard {
  std::string id;
  std::string owner;            // principal; `local` in an open house
  std::string org, agent;       // slugs; `agent` is the agent_id of its entries
  std::string conversation_id;  // the session_id of its entries
  std::string stream_id, mode, user_message;
  // What the maker knows of it besides; empty: unknown.
  std::string plan_id, deliverable_id, agent_type, provider, model;
  std::optional<bool> sovereign;
  bool is_call = false;  // one tool call; false: driven from outside
  std::int64_t created_ms = 0;
};
using AgentTaskCardPtr = std::shared_ptr<const AgentTaskCard>;

// What the log has said of it so far.
struct AgentTaskState {
  AgentTaskStatus status = AgentTaskStatus::pending;
  double progress = 0;  // 0..100
  std::string message;
  std::int64_t updated_ms = 0;
  Sequence begun = 0, ended = 0;  // its first and its last entry; 0: not yet
  std::int64_t ended_ms = 0;
};

// The topic of what is published for the owner of `card`; see owner_topic().
std::string owner_topic(const AgentTaskCard& card);

// May it see what is `owner`'s, and act on it?
inline bool may_see(const Principal& who, std::string_view owner) {
  return who.is_operator || who.name == owner;
}

// Bounds of what a task is made of: each frame of its stream repeats most of it.
inline constexpr std::size_t kMaxUserMessage = 16'384;
inline constexpr std::size_t kMaxTaskTitle = 1'024;
inline constexpr std::size_t kMaxTaskMessage = 8'192;    // of a progress
inline constexpr std::size_t kMaxTaskJson = 16'384;      // metadata; payload of a webhook
inline constexpr std::size_t kMaxTaskResult = 65'536;    // result and error
inline constexpr std::size_t kMaxChunkContent = 65'536;  // streams 5

}  // namespace devs
