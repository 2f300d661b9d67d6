#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devs {

// A tool that its server runs as a task only, in the form of 2025-11-25 (MCP page 5.4): the
// call is answered with the task, and `tasks/result` waits for what the tool says.

// Params of a call that asks for a task; kept there as long as any call may take.
inline constexpr std::string_view kTaskParam = R"("task":{"ttl":3600000})";

// The id of the task the server has created, as the token it wrote; nullopt: `result` is the
// tool's own, the server made no task of it.
std::optional<std::string> created_task(std::string_view result);
// Params of tasks/result and tasks/cancel.
std::string encode_task_id(std::string_view token);
// The tool's result as if there were no task: that of its server is not the client's.
std::string without_related_task(std::string result);

}  // namespace devs
