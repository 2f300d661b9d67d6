#include "protocol/envelope.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

// The bytes of whole envelopes are pinned in tests/contract.

TEST_CASE("encode_thought: the stamp is a slot of 19 digits") {
  ThoughtEnvelope thought;
  thought.origin.agent_id = "\"timestamp_ns\":\"1";  // would fool a search
  thought.thought.reasoning_chain = "r";
  const EncodedEnvelope encoded = encode_thought(thought);
  CHECK(encoded.body.substr(encoded.stamp_at, kStampDigits) == "0000000000000000000");
  CHECK(encoded.body.substr(encoded.stamp_at - 16, 16) == "\"timestamp_ns\":\"");
  CHECK(encoded.body[encoded.stamp_at + kStampDigits] == '"');
}

TEST_CASE("encode_thought: what is not known is left out, what must be there is empty") {
  ThoughtEnvelope thought;
  thought.thought.reasoning_chain = "think";
  CHECK(encode_thought(thought).body ==
        R"({"type":"thought","schema_version":"1.0.0","turn_index":0,)"
        R"("timestamp_ns":"0000000000000000000","payload":{"analysis":)"
        R"({"observation_reflection":"","state_assessment":"","reasoning_chain":"think"}}})");
}

TEST_CASE("encode_action: arguments are verbatim, a parent appears when declared") {
  ActionEnvelope action;
  action.tool_call_id = "c";
  action.tool_name = "t";
  action.server = "builtin";
  action.upstream_tool = "t";
  action.arguments = R"({"x":1.10})";
  action.depends_on = {"a", "b"};
  action.parent_tool_call_id = "p";
  action.jsonrpc_request_id = "\"q\"";
  const std::string body = encode_action(action).body;
  CHECK(body.ends_with(
      R"("payload":{"tool_call":{"tool_call_id":"c","tool_name":"t","arguments":{"x":1.10},)"
      R"("server":"builtin","upstream_tool":"t","timeout_ms":0,"depends_on":["a","b"],)"
      R"("parent_tool_call_id":"p","jsonrpc_request_id":"\"q\""}}})"));
  CHECK(encode_action({}).body.find(R"("arguments":{},)") != std::string::npos);
}

TEST_CASE("encode_action: the payload begins where its name first occurs") {
  ActionEnvelope action;
  action.origin.agent_id = R"(,"payload":)";
  action.origin.task_id = R"(x","payload":{)";
  const std::string body = encode_action(action).body;
  const std::size_t at = body.find(R"(,"payload":)");
  CHECK(body.substr(at + 11, 13) == R"({"tool_call":)");
  CHECK(compact_json(body, kEnvelopeJson).ok());
}

TEST_CASE("envelopes: hostile words stay words") {
  ThoughtEnvelope thought;
  thought.thought.reasoning_chain = std::string("\"}\n\r\0\x1b[31m\xff", 11);
  const std::string body = encode_thought(thought).body;
  CHECK(compact_json(body, kEnvelopeJson).ok());
  CHECK(body.find('\n') == std::string::npos);
}

}  // namespace
}  // namespace devs
