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
    return facts_of("{\"type\":\"" + type + "\",\"payload\":{\"event\":" + event + "}}")
        .name;
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
  for (const char* older :
       {"HITL_RESPONSE", "hitl:approved", "hitl:denied", "hitl:timeout"}) {
    CHECK(name(older) == "HITL_GATE_RESOLVED");
  }
  CHECK(name("something_new") == "something_new");
}

TEST_CASE("facts_of: a name that would smuggle a line is none") {
  CHECK(facts_of(R"({"type":"system","payload":{"event":"a\nid: 9"}})").name == "");
  CHECK(facts_of(R"({"type":"system","payload":{"event":"a\u0000"}})").name == "");
  CHECK(facts_of(R"({"type":"system","payload":{"event":")" + std::string(129, 'x') +
                 "\"}}")
            .name == "");
}

TEST_CASE("facts_of: never fails, whatever it is given") {
  for (const char* text :
       {"", "1", "[]", "{", "{\"type\"", "{\"type\":", "{\"type\":\"x", "{\"type\":7}",
        "{x", "\"", "{\"payload\":{\"event\":\"", "{}}"}) {
    CHECK(facts_of(text).task_id == "");
  }
  CHECK(facts_of("{\"type\":\"" + std::string(64, 'x') + "\"}").type.size() == 64);
  CHECK(facts_of("{\"type\":\"" + std::string(65, 'x') + "\"}").type == "");
}

}  // namespace
}  // namespace devs
