#pragma once

#include <string_view>

// Every name of OpenTelemetry this house writes (SAOP 11).  The conventions for MCP and
// generative AI are in development; a new version is a change of this file.
namespace devs::otel {

inline constexpr std::string_view kSchemaUrl = "https://opentelemetry.io/schemas/1.40.0";

// resource
inline constexpr std::string_view kServiceName = "service.name";
inline constexpr std::string_view kServiceVersion = "service.version";

// mcp, gen_ai, jsonrpc, error
inline constexpr std::string_view kMcpMethod = "mcp.method.name";
inline constexpr std::string_view kOperation = "gen_ai.operation.name";
inline constexpr std::string_view kTool = "gen_ai.tool.name";
inline constexpr std::string_view kToolType = "gen_ai.tool.type";
inline constexpr std::string_view kToolCall = "gen_ai.tool.call.id";
inline constexpr std::string_view kToolArguments = "gen_ai.tool.call.arguments";
inline constexpr std::string_view kToolResult = "gen_ai.tool.call.result";
inline constexpr std::string_view kAgent = "gen_ai.agent.id";
inline constexpr std::string_view kAgentName = "gen_ai.agent.name";
inline constexpr std::string_view kConversation = "gen_ai.conversation.id";
inline constexpr std::string_view kRequest = "jsonrpc.request.id";
inline constexpr std::string_view kErrorType = "error.type";

// ours
inline constexpr std::string_view kTask = "saop.task_id";
inline constexpr std::string_view kThread = "saop.thread_id";
inline constexpr std::string_view kTurn = "saop.turn_index";
inline constexpr std::string_view kCallIndex = "saop.call_index";
inline constexpr std::string_view kStatus = "saop.status";
inline constexpr std::string_view kServer = "saop.server";
inline constexpr std::string_view kEvent = "saop.event_id";
inline constexpr std::string_view kEndEvent = "saop.observation_event_id";
inline constexpr std::string_view kOrphan = "saop.orphan";    // its action is not in the export
inline constexpr std::string_view kThought = "saop.thought";  // span and event
inline constexpr std::string_view kGap = "saop.gap";          // span
inline constexpr std::string_view kText = "saop.text";

// values
inline constexpr std::string_view kCallTool = "tools/call";
inline constexpr std::string_view kExecuteTool = "execute_tool";
inline constexpr std::string_view kFunction = "function";

// `error.type` of a call's status (SAOP 4.4); "_OTHER" for one we do not know.
std::string_view error_type_of(std::string_view status);

}  // namespace devs::otel
