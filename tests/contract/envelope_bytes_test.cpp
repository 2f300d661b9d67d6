#include <doctest/doctest.h>

#include <string>

#include "protocol/envelope.h"

// Pins: the examples of SAOP section 4, byte for byte, as stored and streamed.
namespace devs {
namespace {

constexpr const char* kThought =
    R"x({"type":"thought","schema_version":"1.0.0","turn_index":4,)x"
    R"x("timestamp_ns":"1795224245120000001","agent_id":"dev-1",)x"
    R"x("agent_role":"developer","session_id":"s-7","task_id":"t-42",)x"
    R"x("thread_id":"main","thought_id":"019ab3c2-7d10-7a55-9f0e-2b1c5d7e9a01",)x"
    R"x("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)x"
    R"x("span_id":"53995c3f42cd8ad8","parent_span_id":"b7ad6b7169203331",)x"
    R"x("payload":{"analysis":{"observation_reflection":"","state_assessment":"",)x"
    R"x("reasoning_chain":"read the file first"},)x"
    R"x("intent":{"current_strategy":"inspect","predicted_outcome":"know the API",)x"
    R"x("requirement_id":"REQ-7"},"telemetry":{"confidence":0.8,)x"
    R"x("estimated_complexity":"low"}}})x";

constexpr const char* kAction =
    R"x({"type":"action","schema_version":"1.0.0","turn_index":4,)x"
    R"x("timestamp_ns":"1795224245120000002","agent_id":"dev-1",)x"
    R"x("agent_role":"developer","session_id":"s-7","task_id":"t-42",)x"
    R"x("thread_id":"main","tool_call_id":"019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4",)x"
    R"x("call_index":0,"source_thought_id":"019ab3c2-7d10-7a55-9f0e-2b1c5d7e9a01",)x"
    R"x("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)x"
    R"x("span_id":"00f067aa0ba902b7","parent_span_id":"53995c3f42cd8ad8",)x"
    R"x("payload":{"tool_call":{"tool_call_id":"019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4",)x"
    R"x("tool_name":"read_file","arguments":{"path":"src/a.cc"},"server":"files",)x"
    R"x("upstream_tool":"read_file","timeout_ms":300000,"depends_on":[],)x"
    R"x("jsonrpc_request_id":"3"}}})x";

constexpr const char* kSuccess =
    R"x({"type":"observation","schema_version":"1.0.0","turn_index":4,)x"
    R"x("timestamp_ns":"1795224245131482005","agent_id":"dev-1",)x"
    R"x("agent_role":"developer","session_id":"s-7","task_id":"t-42",)x"
    R"x("thread_id":"main","tool_call_id":"019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4",)x"
    R"x("call_index":0,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)x"
    R"x("span_id":"00f067aa0ba902b7","parent_span_id":"53995c3f42cd8ad8",)x"
    R"x("exit_code":0,"stdout":"hello\n","stderr":"","encoding":"utf8",)x"
    R"x("duration_ms":11.482,"metadata":{"status":"SUCCESS",)x"
    R"x("tool_name":"read_file","server":"files","executed":true,"is_error":false,)x"
    R"x("truncated":false},"payload":{"observation":{"status":"SUCCESS",)x"
    R"x("tool_name":"read_file","stdout":"hello\n","stderr":""},)x"
    R"x("result":{"stdout":"hello\n","is_error":false,"content":[{"type":"text",)x"
    R"x("text_bytes":6}],"structured_content":{"text":"hello\n"}}}})x";

constexpr const char* kToolError =
    R"x({"type":"observation","schema_version":"1.0.0","turn_index":4,)x"
    R"x("timestamp_ns":"1795224245122310005","agent_id":"dev-1",)x"
    R"x("agent_role":"developer","session_id":"s-7","task_id":"t-42",)x"
    R"x("thread_id":"main","tool_call_id":"019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4",)x"
    R"x("call_index":0,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)x"
    R"x("span_id":"00f067aa0ba902b7","parent_span_id":"53995c3f42cd8ad8",)x"
    R"x("exit_code":1,"stdout":"","stderr":"no such file: src/a.cc",)x"
    R"x("encoding":"utf8","duration_ms":2.31,"metadata":{"status":"TOOL_ERROR",)x"
    R"x("tool_name":"read_file","server":"files","executed":true,"is_error":true,)x"
    R"x("truncated":false},"payload":{"observation":{"status":"TOOL_ERROR",)x"
    R"x("tool_name":"read_file","stdout":"","stderr":"no such file: src/a.cc"},)x"
    R"x("result":{"stdout":"","is_error":true,"content":[{"type":"text",)x"
    R"x("text_bytes":22}]}}})x";

constexpr const char* kTimeout =
    R"x({"type":"observation","schema_version":"1.0.0","turn_index":4,)x"
    R"x("timestamp_ns":"1795224545120412005","agent_id":"dev-1",)x"
    R"x("agent_role":"developer","session_id":"s-7","task_id":"t-42",)x"
    R"x("thread_id":"main","tool_call_id":"019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4",)x"
    R"x("call_index":0,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)x"
    R"x("span_id":"00f067aa0ba902b7","parent_span_id":"53995c3f42cd8ad8",)x"
    R"x("exit_code":124,"stdout":"",)x"
    R"x("stderr":"No result within 300000 ms; the tool was stopped.",)x"
    R"x("encoding":"utf8","duration_ms":300000.412,)x"
    R"x("metadata":{"status":"TIMEOUT_EXCEEDED","tool_name":"read_file",)x"
    R"x("server":"files","executed":true,"is_error":true,"truncated":false,)x"
    R"x("timeout_ms":300000,"elapsed_ms":300000.412},)x"
    R"x("payload":{"observation":{"status":"TIMEOUT_EXCEEDED",)x"
    R"x("tool_name":"read_file","stdout":"",)x"
    R"x("stderr":"No result within 300000 ms; the tool was stopped."},)x"
    R"x("result":{"stdout":"","is_error":true,"content":[]}}})x";

constexpr const char* kCancelled =
    R"x({"type":"observation","schema_version":"1.0.0","turn_index":4,)x"
    R"x("timestamp_ns":"1795224245960002005","agent_id":"dev-1",)x"
    R"x("agent_role":"developer","session_id":"s-7","task_id":"t-42",)x"
    R"x("thread_id":"main","tool_call_id":"019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4",)x"
    R"x("call_index":0,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)x"
    R"x("span_id":"00f067aa0ba902b7","parent_span_id":"53995c3f42cd8ad8",)x"
    R"x("exit_code":130,"stdout":"",)x"
    R"x("stderr":"cancelled by the caller: user pressed stop","encoding":"utf8",)x"
    R"x("duration_ms":840.002,"metadata":{"status":"CANCELLED",)x"
    R"x("tool_name":"read_file","server":"files","executed":true,"is_error":true,)x"
    R"x("truncated":false,"cancelled_by":"caller"},)x"
    R"x("payload":{"observation":{"status":"CANCELLED","tool_name":"read_file",)x"
    R"x("stdout":"","stderr":"cancelled by the caller: user pressed stop"},)x"
    R"x("result":{"stdout":"","is_error":true,"content":[]}}})x";

constexpr const char* kValidation =
    R"x({"type":"observation","schema_version":"1.0.0","turn_index":4,)x"
    R"x("timestamp_ns":"1795224245120094005","agent_id":"dev-1",)x"
    R"x("agent_role":"developer","session_id":"s-7","task_id":"t-42",)x"
    R"x("thread_id":"main","tool_call_id":"019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4",)x"
    R"x("call_index":0,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)x"
    R"x("span_id":"00f067aa0ba902b7","parent_span_id":"53995c3f42cd8ad8",)x"
    R"x("exit_code":2,)x"
    R"x("stdout":"Invalid arguments for read_file.\n- /path: is required (string)\nExample: {\"path\":\"README.md\"}",)x"
    R"x("stderr":"","encoding":"utf8","duration_ms":0.094,)x"
    R"x("metadata":{"status":"VALIDATION_FAILED","tool_name":"read_file",)x"
    R"x("server":"files","executed":false,"is_error":true,"truncated":false},)x"
    R"x("payload":{"observation":{"status":"VALIDATION_FAILED",)x"
    R"x("tool_name":"read_file",)x"
    R"x("stdout":"Invalid arguments for read_file.\n- /path: is required (string)\nExample: {\"path\":\"README.md\"}",)x"
    R"x("stderr":""},)x"
    R"x("result":{"stdout":"Invalid arguments for read_file.\n- /path: is required (string)\nExample: {\"path\":\"README.md\"}",)x"
    R"x("is_error":true,"content":[],"errors":[{"path":"/path","rule":"required",)x"
    R"x("message":"is required"}]}}})x";

constexpr const char* kAbandoned =
    R"x({"type":"observation","schema_version":"1.0.0","turn_index":4,)x"
    R"x("timestamp_ns":"1795224246622000005","agent_id":"dev-1",)x"
    R"x("agent_role":"developer","session_id":"s-7","task_id":"t-42",)x"
    R"x("thread_id":"main","tool_call_id":"019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4",)x"
    R"x("call_index":0,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)x"
    R"x("span_id":"00f067aa0ba902b7","parent_span_id":"53995c3f42cd8ad8",)x"
    R"x("exit_code":137,"stdout":"",)x"
    R"x("stderr":"The orchestrator stopped before the result arrived.",)x"
    R"x("encoding":"utf8","duration_ms":1502,"metadata":{"status":"ABANDONED",)x"
    R"x("tool_name":"read_file","server":"files","is_error":true,)x"
    R"x("truncated":false,"recovered":true,"duration_is_lower_bound":true},)x"
    R"x("payload":{"observation":{"status":"ABANDONED","tool_name":"read_file",)x"
    R"x("stdout":"",)x"
    R"x("stderr":"The orchestrator stopped before the result arrived."},)x"
    R"x("result":{"stdout":"","is_error":true,"content":[]}}})x";

EnvelopeOrigin origin() {
  EnvelopeOrigin origin;
  origin.turn_index = 4;
  origin.agent_id = "dev-1";
  origin.agent_role = "developer";
  origin.session_id = "s-7";
  origin.task_id = "t-42";
  origin.thread_id = "main";
  origin.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  return origin;
}

std::string stamped(EncodedEnvelope encoded, std::string_view stamp) {
  return encoded.body.replace(encoded.stamp_at, 19, stamp);
}

ObservationEnvelope observation(CallStatus status) {
  ObservationEnvelope envelope;
  envelope.origin = origin();
  envelope.tool_call_id = "019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4";
  envelope.span_id = "00f067aa0ba902b7";
  envelope.parent_span_id = "53995c3f42cd8ad8";
  envelope.status = status;
  envelope.tool_name = "read_file";
  envelope.server = "files";
  envelope.executed = true;
  return envelope;
}

// Every pinned observation is what readers are promised.
void check(const ObservationEnvelope& envelope, std::string_view stamp, const char* expected) {
  const std::string body = stamped(encode_observation(envelope), stamp);
  CHECK(body == expected);
  CHECK(validate_observation(JsonView(body)).empty());
  CHECK(compact_json(body, kEnvelopeJson).ok());
}

TEST_CASE("contract: the thought of SAOP 4.1") {
  ThoughtEnvelope thought;
  thought.origin = origin();
  thought.thought_id = "019ab3c2-7d10-7a55-9f0e-2b1c5d7e9a01";
  thought.span_id = "53995c3f42cd8ad8";
  thought.parent_span_id = "b7ad6b7169203331";
  thought.thought.reasoning_chain = "read the file first";
  thought.thought.intent =
      R"({"current_strategy":"inspect","predicted_outcome":"know the API","requirement_id":"REQ-7"})";
  thought.thought.telemetry = R"({"confidence":0.8,"estimated_complexity":"low"})";
  CHECK(stamped(encode_thought(thought), "1795224245120000001") == kThought);
}

TEST_CASE("contract: the action of SAOP 4.2") {
  ActionEnvelope action;
  action.origin = origin();
  action.tool_call_id = "019ab3c2-7d11-7c3e-8a44-91d0a1b2c3d4";
  action.source_thought_id = "019ab3c2-7d10-7a55-9f0e-2b1c5d7e9a01";
  action.span_id = "00f067aa0ba902b7";
  action.parent_span_id = "53995c3f42cd8ad8";
  action.tool_name = "read_file";
  action.arguments = R"({"path":"src/a.cc"})";
  action.server = "files";
  action.upstream_tool = "read_file";
  action.timeout_ms = 300000;
  action.jsonrpc_request_id = "3";
  CHECK(stamped(encode_action(action), "1795224245120000002") == kAction);
}

TEST_CASE("contract: a successful observation") {
  ObservationEnvelope envelope = observation(CallStatus::success);
  envelope.result =
      R"({"content":[{"type":"text","text":"hello\n"}],"structuredContent":{"text":"hello\n"}})";
  envelope.duration_ms = 11.482;
  check(envelope, "1795224245131482005", kSuccess);
}

TEST_CASE("contract: the observation of a tool that failed") {
  ObservationEnvelope envelope = observation(CallStatus::tool_error);
  envelope.result =
      R"({"content":[{"type":"text","text":"no such file: src/a.cc"}],"isError":true})";
  envelope.duration_ms = 2.31;
  check(envelope, "1795224245122310005", kToolError);
}

TEST_CASE("contract: the observation of a timeout") {
  ObservationEnvelope envelope = observation(CallStatus::timeout_exceeded);
  envelope.stderr_text = "No result within 300000 ms; the tool was stopped.";
  envelope.duration_ms = 300000.412;
  envelope.timeout_ms = 300000;
  check(envelope, "1795224545120412005", kTimeout);
}

TEST_CASE("contract: the observation of a cancelled call") {
  ObservationEnvelope envelope = observation(CallStatus::cancelled);
  envelope.stderr_text = "cancelled by the caller: user pressed stop";
  envelope.duration_ms = 840.002;
  envelope.cancelled_by = "caller";
  check(envelope, "1795224245960002005", kCancelled);
}

TEST_CASE("contract: the observation of arguments that do not fit") {
  ObservationEnvelope envelope = observation(CallStatus::validation_failed);
  envelope.executed = false;
  envelope.stdout_text =
      "Invalid arguments for read_file.\n- /path: is required (string)\n"
      "Example: {\"path\":\"README.md\"}";
  envelope.errors = R"([{"path":"/path","rule":"required","message":"is required"}])";
  envelope.duration_ms = 0.094;
  check(envelope, "1795224245120094005", kValidation);
}

TEST_CASE("contract: the observation of a call a crash abandoned") {
  ObservationEnvelope envelope = observation(CallStatus::abandoned);
  envelope.executed.reset();
  envelope.stderr_text = "The orchestrator stopped before the result arrived.";
  envelope.duration_ms = 1502;
  envelope.recovered = true;
  check(envelope, "1795224246622000005", kAbandoned);
}

}  // namespace
}  // namespace devs
