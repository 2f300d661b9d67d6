#pragma once

#include <string>
#include <string_view>

#include "orchestrator/mcp/tasks.h"
#include "protocol/mcp_version.h"

namespace devs {

// MCP tasks as JSON text, in the form of an era (MCP page 5.4): the experimental core
// feature of 2025-11-25, and the extension io.modelcontextprotocol/tasks after it.

inline constexpr std::string_view kRelatedTask = "io.modelcontextprotocol/related-task";
// `{"taskId":...}`: what is found under kRelatedTask.
std::string related_task(std::string_view id);

// A task without what came of it.  A tool error is `failed` in the legacy era and
// `completed` in the modern one.
std::string task_object(const TaskRecord& task, McpRevision revision);
// The answer to the call that became a task.
std::string created_result(const TaskRecord& task, McpRevision revision);
// Modern era: all of it: what it asks, its result or its error.
std::string whole_task(const TaskView& view);

// How a call ended, as the end of its task.
TaskEnd end_of_task(CallAnswer answer);

}  // namespace devs
