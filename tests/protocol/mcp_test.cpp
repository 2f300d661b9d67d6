#include "protocol/mcp.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

std::string refusal(std::string_view params) {
  const auto decoded = decode_call_tool(JsonView(params));
  REQUIRE_FALSE(decoded.ok());
  CHECK(decoded.status().code() == Code::invalid_argument);
  return decoded.status().message();
}

std::string context_refusal(const std::string& context) {
  return refusal(R"({"name":"x","_meta":{"devs.saop/context":)" + context + "}}");
}

TEST_CASE("decode_initialize: version, name and capabilities as the client spelled them") {
  const auto full = decode_initialize(JsonView(
      R"({"protocolVersion":"2025-06-18","capabilities":{"roots":{}},"clientInfo":{"name":"dev","version":"1"}})"));
  REQUIRE(full.ok());
  CHECK(full->protocol_version == "2025-06-18");
  CHECK(full->client_name == "dev");
  CHECK(full->capabilities == R"({"roots":{}})");

  const auto bare = decode_initialize(JsonView(R"({"protocolVersion":"x"})"));
  REQUIRE(bare.ok());
  CHECK(bare->capabilities == "{}");
  CHECK(bare->client_name.empty());
}

TEST_CASE("decode_initialize: names the member that is wrong") {
  CHECK_FALSE(decode_initialize(JsonView()).ok());
  CHECK_FALSE(decode_initialize(JsonView("[]")).ok());
  CHECK(decode_initialize(JsonView("{}")).status().message() == "/protocolVersion: is required");
  CHECK(decode_initialize(JsonView(R"({"protocolVersion":1})")).status().message() ==
        "/protocolVersion: must be a string");
  CHECK(decode_initialize(JsonView(R"({"protocolVersion":"x","capabilities":[]})"))
            .status()
            .message() == "/capabilities: must be an object");
}

TEST_CASE("decode_call_tool: a bare call") {
  const auto call = decode_call_tool(JsonView(R"({"name":"echo"})"));
  REQUIRE(call.ok());
  CHECK(call->name == "echo");
  CHECK(call->arguments == "{}");
  CHECK(call->progress_token.empty());
  CHECK_FALSE(call->context.present);
}

TEST_CASE("decode_call_tool: arguments and tokens are verbatim") {
  const auto call = decode_call_tool(JsonView(
      R"({"name":"e","arguments":{"x":1.10,"__proto__":-0},"_meta":{"progressToken":"t\u0041","traceparent":"00-x"}})"));
  REQUIRE(call.ok());
  CHECK(call->arguments == R"({"x":1.10,"__proto__":-0})");
  CHECK(call->progress_token == R"("t\u0041")");
  CHECK(call->traceparent == "00-x");
  CHECK(decode_call_tool(JsonView(R"({"name":"e","_meta":{"progressToken":7}})"))->progress_token ==
        "7");
}

TEST_CASE("decode_call_tool: the whole context") {
  const auto call = decode_call_tool(JsonView(
      R"({"name":"read_file","_meta":{"devs.saop/context":{"agent_id":"dev-1","agent_role":"developer","session_id":"s-7","task_id":"t-42","thread_id":"main","turn_index":4,"tool_call_id":"c-1","depends_on":["c-0"],"parent_tool_call_id":"c-root","thought":{"reasoning_chain":"read","observation_reflection":"o","state_assessment":"s","intent":{"current_strategy":"x"},"telemetry":{"confidence":0.80}},"unknown":1}}})"));
  REQUIRE(call.ok());
  const SaopContext& context = call->context;
  CHECK(context.present);
  CHECK(context.agent_id == "dev-1");
  CHECK(context.agent_role == "developer");
  CHECK(context.session_id == "s-7");
  CHECK(context.task_id == "t-42");
  CHECK(context.thread_id == "main");
  CHECK(context.turn_index == 4);
  CHECK(context.tool_call_id == "c-1");
  CHECK(context.depends_on == std::vector<std::string>{"c-0"});
  CHECK(context.parent_tool_call_id == "c-root");
  REQUIRE(context.thought);
  CHECK(context.thought->reasoning_chain == "read");
  CHECK(context.thought->observation_reflection == "o");
  CHECK(context.thought->state_assessment == "s");
  CHECK(context.thought->intent == R"({"current_strategy":"x"})");
  CHECK(context.thought->telemetry == R"({"confidence":0.80})");
}

TEST_CASE("decode_call_tool: a thought may be a plain string") {
  const auto call = decode_call_tool(
      JsonView(R"({"name":"x","_meta":{"devs.saop/context":{"thought":"so \"far\""}}})"));
  REQUIRE(call.ok());
  REQUIRE(call->context.thought);
  CHECK(call->context.thought->reasoning_chain == "so \"far\"");
}

TEST_CASE("decode_call_tool: names the member that is wrong") {
  CHECK(refusal("{}") == "/name: is required");
  CHECK(refusal(R"({"name":1})") == "/name: must be a string");
  CHECK(refusal(R"({"name":"x","arguments":[]})") == "/arguments: must be an object");
  CHECK(refusal(R"({"name":"x","arguments":null})") == "/arguments: must be an object");
  CHECK(refusal(R"({"name":"x","_meta":1})") == "/_meta: must be an object");
  CHECK(refusal(R"({"name":"x","_meta":{"progressToken":1.5}})")
            .starts_with("/_meta/progressToken: "));
  CHECK(refusal(R"({"name":"x","_meta":{"progressToken":null}})")
            .starts_with("/_meta/progressToken: "));
  const std::string at = "/_meta/devs.saop~1context";
  CHECK(context_refusal("1").starts_with(at + ": "));
  CHECK(context_refusal(R"({"turn_index":-1})").starts_with(at + "/turn_index: "));
  CHECK(context_refusal(R"({"turn_index":1.5})").starts_with(at + "/turn_index: "));
  CHECK(context_refusal(R"({"turn_index":"1"})").starts_with(at + "/turn_index: "));
  CHECK(context_refusal(R"({"turn_index":9007199254740992})").starts_with(at + "/turn_index: "));
  CHECK(context_refusal(R"({"agent_id":"a b"})").starts_with(at + "/agent_id: "));
  CHECK(context_refusal(R"({"agent_id":""})").starts_with(at + "/agent_id: "));
  CHECK(context_refusal(R"({"task_id":7})").starts_with(at + "/task_id: "));
  CHECK(context_refusal(R"({"depends_on":"c"})").starts_with(at + "/depends_on: "));
  CHECK(context_refusal(R"({"depends_on":["c",1]})").starts_with(at + "/depends_on/1: "));
  CHECK(context_refusal(R"({"thought":1})").starts_with(at + "/thought: "));
  CHECK(context_refusal(R"({"thought":""})").starts_with(at + "/thought: "));
  CHECK(context_refusal(R"({"thought":{}})") == at + "/thought/reasoning_chain: is required");
  CHECK(context_refusal(R"({"thought":{"reasoning_chain":"x","intent":"y"}})") ==
        at + "/thought/intent: must be an object");
}

TEST_CASE("decode_call_tool: at most 64 dependencies") {
  std::string ids = "\"c\"";
  for (int i = 1; i < 64; ++i) ids += ",\"c\"";
  const std::string most =
      R"({"name":"x","_meta":{"devs.saop/context":{"depends_on":[)" + ids + "]}}}";
  CHECK(decode_call_tool(JsonView(most)).ok());
  const std::string more =
      R"({"name":"x","_meta":{"devs.saop/context":{"depends_on":[)" + ids + ",\"c\"]}}}";
  CHECK_FALSE(decode_call_tool(JsonView(more)).ok());
}

TEST_CASE("encode_tools_page: tools in order, a cursor only when there is more") {
  const ToolSpec a = make_tool_spec("a", "", "{}");
  const ToolSpec b = make_tool_spec("b", "", "{}", R"({"readOnlyHint":true})");
  CHECK(encode_tools_page({}, "", kLatestLegacy) == R"({"tools":[]})");
  CHECK(encode_tools_page({&a, &b}, "n\"x", kLatestLegacy) ==
        R"({"tools":[{"name":"a","description":"","inputSchema":{},)"
        R"("execution":{"taskSupport":"optional"}},)"
        R"({"name":"b","description":"","inputSchema":{},"annotations":{"readOnlyHint":true},)"
        R"("execution":{"taskSupport":"optional"}}],)"
        R"("nextCursor":"n\"x"})");
  CHECK(encode_tools_page({&b}, "", McpRevision::v2024_11_05) ==
        R"({"tools":[{"name":"b","description":"","inputSchema":{}}]})");
}

TEST_CASE("with_progress_token: the token is ours, the rest verbatim") {
  CHECK(with_progress_token(JsonView(R"({"progress":1.50,"progressToken":9,"message":"m"})"),
                            "\"t\"") == R"({"progressToken":"t","progress":1.50,"message":"m"})");
  CHECK(with_progress_token(JsonView("{}"), "1") == R"({"progressToken":1})");
}

}  // namespace
}  // namespace devs
