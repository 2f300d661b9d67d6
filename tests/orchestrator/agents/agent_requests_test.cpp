#include "orchestrator/agents/agent_requests.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

std::string bad_field(const std::function<bool(BadParameter&)>& read) {
  BadParameter bad;
  const bool good = read(bad);
  CHECK(good == bad.field.empty());
  return std::string(bad.field);
}
std::string bad_task(const std::string& body, std::string_view org = "acme") {
  return bad_field([&](BadParameter& bad) {
    return read_task(
               body, org, "writer", [] { return std::string("new-id"); }, bad)
        .has_value();
  });
}
std::string bad_webhook(const std::string& body) {
  return bad_field([&](BadParameter& bad) { return read_webhook(body, bad).has_value(); });
}

const std::string kContext =
    R"({"orgSlug":"acme","userId":"u","conversationId":"c","taskId":"t-1","planId":"p",)"
    R"("deliverableId":"d","agentSlug":"writer","agentType":"x","provider":"p","model":"m"})";

}  // namespace

TEST_CASE("[S1.1] a creation: ids that were not given are made, the stream is the task's") {
  BadParameter bad;
  const auto made = read_task(
      "{}", "acme", "writer", [] { return std::string("new-id"); }, bad);
  REQUIRE(made);
  CHECK(made->order.card.id == "new-id");
  CHECK(made->order.card.stream_id == "new-id");
  CHECK(made->order.card.mode == "converse");
  CHECK_FALSE(made->order.card.is_call);
  CHECK(made->rpc_id.empty());
}

TEST_CASE("[S1.1] a creation as JSON-RPC is the params, and keeps the id's type") {
  BadParameter bad;
  const auto made =
      read_task(R"({"jsonrpc":"2.0","id":"7","method":"x","params":{"taskId":"t-1","tool":"echo",)"
                R"("arguments":{"a":1},"metadata":{"model":"m-1","sovereignMode":true}}})",
                "acme", "writer", [] { return std::string("new-id"); }, bad);
  REQUIRE(made);
  CHECK(made->rpc_id == "\"7\"");
  CHECK(made->order.card.id == "t-1");
  CHECK(made->order.card.is_call);
  CHECK(made->order.arguments == R"({"a":1})");
  CHECK(made->order.card.model == "m-1");
  CHECK(made->order.card.sovereign == true);
}

TEST_CASE("[S1.1] a creation that breaks a rule is told which member does") {
  CHECK(bad_task("[]") == "body");
  CHECK(bad_task(R"({"taskId":"a b"})") == "taskId");
  CHECK(bad_task(R"({"conversationId":7})") == "conversationId");
  CHECK(bad_task(R"({"tool":""})") == "tool");
  CHECK(bad_task(R"({"tool":"echo","arguments":[]})") == "arguments");
  CHECK(bad_task(R"({"arguments":{}})") == "arguments");
  CHECK(bad_task(R"({"metadata":1})") == "metadata");
  CHECK(bad_task(R"({"userMessage":")" + std::string(16'385, 'x') + "\"}") == "userMessage");
  CHECK(bad_task(R"({"userMessage":")" + std::string(16'384, 'x') + "\"}").empty());
  CHECK(bad_task("{}", "a b") == "org");
  CHECK(bad_task(R"({"jsonrpc":"2.0","id":1})") == "params");
}

TEST_CASE("[S1.11] progress is a number from 0 to 100") {
  for (const auto& [body, field] : {std::pair{R"({"progress":0})", ""},
                                    {R"({"progress":100})", ""},
                                    {R"({"progress":-1})", "progress"},
                                    {R"({"progress":101})", "progress"},
                                    {R"({"progress":"4"})", "progress"},
                                    {"{}", "progress"},
                                    {R"({"progress":1,"message":2})", "message"},
                                    {R"({"progress":1,"step":{}})", "step"}})
    CHECK(bad_field([&](BadParameter& bad) { return read_progress(body, bad).has_value(); }) ==
          field);
}

TEST_CASE("[S1.12] a webhook without task, status or the whole context is incomplete") {
  const std::string whole = R"({"taskId":"t-1","status":"running","context":)" + kContext + '}';
  CHECK(bad_webhook(whole).empty());
  CHECK(bad_webhook(R"({"status":"running","context":)" + kContext + '}') == "taskId");
  CHECK(bad_webhook(R"({"taskId":"t-1","context":)" + kContext + '}') == "status");
  CHECK(bad_webhook(R"({"taskId":"t-1","status":"running"})") == "context");
  CHECK(bad_webhook(R"({"taskId":"t-2","status":"running","context":)" + kContext + '}') ==
        "context");
  for (const char* name : {"orgSlug", "userId", "conversationId", "taskId", "planId",
                           "deliverableId", "agentSlug", "agentType", "provider", "model"}) {
    std::string less = kContext;
    less.replace(less.find(name), 1, "_");
    CHECK_MESSAGE(
        bad_webhook(R"({"taskId":"t-1","status":"running","context":)" + less + '}') == "context",
        name);
  }
  CHECK(bad_webhook("nonsense") == "body");
}

TEST_CASE("[S1.12] the status of a webhook is a step, or the end") {
  const auto read = [](const std::string& status) {
    BadParameter bad;
    return read_webhook(R"({"taskId":"t-1","status":")" + status +
                            R"(","message":"m","payload":{"a":1},"context":)" + kContext + '}',
                        bad);
  };
  CHECK_FALSE(read("running")->end);
  CHECK_FALSE(read("on_its_way")->end);
  CHECK(read("hitl_waiting")->step.status == AgentTaskStatus::hitl_waiting);
  CHECK(read("completed")->end->result == R"({"a":1})");
  CHECK(read("failed")->end->error == "m");
  CHECK(read("cancelled")->end->status == AgentTaskStatus::cancelled);
}

}  // namespace devs
