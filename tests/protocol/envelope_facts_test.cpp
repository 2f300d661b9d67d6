#include <doctest/doctest.h>

#include <string>

#include "protocol/envelope.h"

namespace devs {
namespace {

TEST_CASE("facts_of: type and ids, wherever they stand") {
  const EnvelopeFacts facts = facts_of(
      R"({"payload":{"task_id":"inner"},"agent_id":"a","type":"thought","task_id":"t-42","session_id":"s"})");
  CHECK(facts.type == "thought");
  CHECK(facts.name == "");
  CHECK(facts.task_id == "t-42");
  CHECK(facts.session_id == "s");
  CHECK(facts.agent_id == "a");
}

TEST_CASE("facts_of: camelCase counts where snake_case is absent") {
  const EnvelopeFacts facts =
      facts_of(R"({"taskId":"t1","sessionId":"s1","agentId":"a1","task_id":"t2"})");
  CHECK(facts.task_id == "t2");
  CHECK(facts.session_id == "s1");
  CHECK(facts.agent_id == "a1");
  CHECK(facts_of(R"({"task_id":"bad id","taskId":"good"})").task_id == "");
}

TEST_CASE("facts_of: an id outside its grammar is none") {
  CHECK(facts_of(R"({"task_id":"a b"})").task_id == "");
  CHECK(facts_of(R"({"task_id":7})").task_id == "");
  CHECK(facts_of("{\"task_id\":\"" + std::string(129, 'x') + "\"}").task_id == "");
  CHECK(facts_of(R"({"task_id":"\u0061"})").task_id == "a");
}

TEST_CASE("facts_of: hitl, lifecycle and system entries are named by their event") {
  const auto name = [](const std::string& type, const std::string& event) {
    return facts_of("{\"type\":\"" + type + "\",\"payload\":{\"event\":" + event + "}}").name;
  };
  CHECK(name("hitl", "\"HITL_GATE_REQUIRED\"") == "HITL_GATE_REQUIRED");
  CHECK(name("lifecycle", "\"TASK_STARTED\"") == "TASK_STARTED");
  CHECK(name("system", "\"UPSTREAM_DOWN\"") == "UPSTREAM_DOWN");
  CHECK(name("thought", "\"TASK_STARTED\"") == "");
  CHECK(name("HITL", "\"HITL_GATE_REQUIRED\"") == "");
  CHECK(name("hitl", "7") == "");
  CHECK(facts_of(R"({"type":"hitl"})").name == "");
}

TEST_CASE("facts_of: older names of gates are mapped") {
  const auto name = [](const std::string& event) {
    return facts_of(R"({"type":"hitl","payload":{"event":")" + event + "\"}}").name;
  };
  for (const char* older :
       {"HITL_BLOCK", "HITL_REQUEST", "HITL_GATE_OPEN", "hitl:awaiting_approval"}) {
    CHECK(name(older) == "HITL_GATE_REQUIRED");
  }
  for (const char* older : {"HITL_RESPONSE", "hitl:approved", "hitl:denied", "hitl:timeout"}) {
    CHECK(name(older) == "HITL_GATE_RESOLVED");
  }
  CHECK(name("something_new") == "something_new");
}

TEST_CASE("facts_of: a name that would smuggle a line is none") {
  CHECK(facts_of(R"({"type":"system","payload":{"event":"a\nid: 9"}})").name == "");
  CHECK(facts_of(R"({"type":"system","payload":{"event":"a\u0000"}})").name == "");
  CHECK(
      facts_of(R"({"type":"system","payload":{"event":")" + std::string(129, 'x') + "\"}}").name ==
      "");
}

TEST_CASE("facts_of: the tool of an action is the one its call names") {
  CHECK(facts_of(R"({"type":"action","payload":{"tool_call":{"tool_name":"read_file"}}})").tool ==
        "read_file");
  CHECK(facts_of(R"({"type":"action","payload":{"tool_call":{"tool_name":7}}})").tool == "");
  CHECK(facts_of(R"({"type":"action","payload":{"tool_name":"read_file"}})").tool == "");
  CHECK(facts_of(R"({"type":"action","metadata":{"tool_name":"read_file"}})").tool == "");
  CHECK(facts_of(R"({"type":"thought","payload":{"tool_call":{"tool_name":"x"}}})").tool == "");
  CHECK(facts_of(R"({"type":"action","payload":{"tool_call":{"tool_name":"r\u0065ad"}}})").tool ==
        "read");
  const std::string name(129, 'x');
  CHECK(
      facts_of(R"({"type":"action","payload":{"tool_call":{"tool_name":")" + name + "\"}}}").tool ==
      "");
}

TEST_CASE("facts_of: tool and status of an observation, from its metadata before its payload") {
  const EnvelopeFacts both = facts_of(
      R"({"type":"observation","metadata":{"status":"SUCCESS","tool_name":"a"},"duration_ms":11.482,"payload":{"observation":{"status":"TOOL_ERROR","tool_name":"b"}}})");
  CHECK(both.tool == "a");
  CHECK(both.status == "SUCCESS");
  CHECK(both.duration_ms == 11.482);
  const EnvelopeFacts inner = facts_of(
      R"({"type":"observation","metadata":{"status":"SUCCESS"},"payload":{"observation":{"status":"TOOL_ERROR","tool_name":"b"}}})");
  CHECK(inner.tool == "b");
  CHECK(inner.status == "SUCCESS");
  CHECK_FALSE(inner.duration_ms);
  const EnvelopeFacts other = facts_of(
      R"({"type":"action","duration_ms":3,"metadata":{"status":"SUCCESS","tool_name":"a"}})");
  CHECK(other.status == "");
  CHECK_FALSE(other.duration_ms);
  CHECK(facts_of(R"({"type":"observation","duration_ms":"3"})").duration_ms == std::nullopt);
  CHECK(facts_of(R"({"type":"observation","duration_ms":0})").duration_ms == 0.0);
}

TEST_CASE("facts_of: what the house encodes is found again") {
  ActionEnvelope action;
  action.origin = {.turn_index = 1,
                   .agent_id = "a",
                   .agent_role = {},
                   .session_id = "s",
                   .task_id = "t",
                   .thread_id = "main",
                   .trace_id = {}};
  action.tool_name = "read_file";
  const EnvelopeFacts begun = facts_of(encode_action(action).body);
  CHECK(begun.tool == "read_file");
  CHECK(begun.task_id == "t");
  ObservationEnvelope observation;
  observation.tool_name = "read_file";
  observation.status = CallStatus::timeout_exceeded;
  observation.duration_ms = 1502.25;
  const EnvelopeFacts ended = facts_of(encode_observation(observation).body);
  CHECK(ended.tool == "read_file");
  CHECK(ended.status == "TIMEOUT_EXCEEDED");
  CHECK(ended.duration_ms == 1502.25);
  CHECK(ended.timestamp_ns == 0);  // the bus has not stamped it
  CHECK(is_plain_turn(encode_action(action).body));
  CHECK(is_plain_turn(encode_observation(observation).body));
}

TEST_CASE("facts_of: a stamp is decimal and fits") {
  const auto stamp = [](const std::string& json) {
    return facts_of("{\"timestamp_ns\":" + json + "}").timestamp_ns;
  };
  CHECK(stamp("\"1795224245120000002\"") == 1'795'224'245'120'000'002);
  CHECK(stamp("\"0000000000000000007\"") == 7);
  CHECK(stamp("\"9223372036854775807\"") == 9'223'372'036'854'775'807);
  for (const char* none : {"\"0\"", "\"\"", "7", "\"-7\"", "\"+7\"", "\"7.5\"", "\" 7\"", "\"7x\"",
                           "\"9223372036854775808\"", "null", "\""})
    CHECK(stamp(none) == 0);
}

TEST_CASE("is_plain_turn: only what begins as one, and is named so whole") {
  CHECK(is_plain_turn(R"({"type":"thought"})"));
  CHECK(is_plain_turn(R"({"type":"action","payload":{}})"));
  CHECK(is_plain_turn(R"({"type":"observation","x":1})"));
  for (const char* other :
       {R"({"type":"system"})", R"({"type":"thoughts"})", R"({"type":"Thought"})",
        R"({"x":1,"type":"thought"})", R"({"type":"thought)", "", "{", "[]"})
    CHECK_FALSE(is_plain_turn(other));
}

TEST_CASE("facts_of: entries of channels and of the graph are named beside their payload") {
  for (const char* type : {"channel", "graph"})
    CHECK(facts_of(R"({"type":")" + std::string(type) +
                   R"(","event":"utterance","payload":{"event":"inner"}})")
              .name == "utterance");
  CHECK(facts_of(R"({"type":"action","event":"utterance"})").name == "");
}

TEST_CASE("facts_of: never fails, whatever it is given") {
  for (const char* text : {"", "1", "[]", "{", "{\"type\"", "{\"type\":", "{\"type\":\"x",
                           "{\"type\":7}", "{x", "\"", "{\"payload\":{\"event\":\"", "{}}"}) {
    CHECK(facts_of(text).task_id == "");
  }
  CHECK(facts_of("{\"type\":\"" + std::string(64, 'x') + "\"}").type.size() == 64);
  CHECK(facts_of("{\"type\":\"" + std::string(65, 'x') + "\"}").type == "");
}

}  // namespace
}  // namespace devs
