#include "orchestrator/agents/agent_requests.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "orchestrator/agents/agent_answers.h"
#include "orchestrator/net/answer_writer.h"

namespace devs {
namespace {

std::string bad_field(const std::function<bool(BadParameter&)>& read) {
  BadParameter bad;
  const bool good = read(bad);
  CHECK(good == bad.field.empty());
  return std::string(bad.field);
}
std::optional<AgentTaskOrder> read(const std::string& body, std::string& rpc_id, BadParameter& bad,
                                   std::string_view org = "acme") {
  return read_task(
      body, org, "writer", [] { return std::string("new-id"); }, rpc_id, bad);
}
std::string bad_task(const std::string& body, std::string_view org = "acme") {
  std::string rpc_id;
  return bad_field([&](BadParameter& bad) { return read(body, rpc_id, bad, org).has_value(); });
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
  std::string rpc_id;
  const auto made = read("{}", rpc_id, bad);
  REQUIRE(made);
  CHECK(made->card.id == "new-id");
  CHECK(made->card.stream_id == "new-id");
  CHECK(made->card.mode == "converse");
  CHECK_FALSE(made->card.is_call);
  CHECK(rpc_id.empty());
}

TEST_CASE("[S1.1] a creation as JSON-RPC is the params, and keeps the id's type") {
  BadParameter bad;
  std::string rpc_id;
  const auto made =
      read(R"({"jsonrpc":"2.0","id":"7","method":"x","params":{"taskId":"t-1","tool":"echo",)"
           R"("arguments":{"a":1},"metadata":{"model":"m-1","sovereignMode":true}}})",
           rpc_id, bad);
  REQUIRE(made);
  CHECK(rpc_id == "\"7\"");
  CHECK(made->card.id == "t-1");
  CHECK(made->card.is_call);
  CHECK(made->arguments == R"({"a":1})");
  CHECK(made->card.model == "m-1");
  CHECK(made->card.sovereign == true);
  // And of one that is refused.
  CHECK_FALSE(read(R"({"jsonrpc":"2.0","id":8,"params":{"taskId":"a b"}})", rpc_id, bad));
  CHECK(rpc_id == "8");
}

TEST_CASE("[S1.1] what JSON-RPC asked for is answered as JSON-RPC, a refusal too") {
  CHECK(as_rpc("7", json_answer(201, R"({"a":1})")).body ==
        R"({"jsonrpc":"2.0","id":7,"result":{"a":1}})");
  CHECK(as_rpc("\"7\"", bad_parameter({"taskId", "is bad"})).body ==
        R"({"jsonrpc":"2.0","id":"7","error":{"code":-32602,"message":"Bad Request","data":)"
        R"({"error":"BAD_REQUEST","field":"taskId","message":"is bad"}}})");
  HttpAnswer many = error_answer(429, "TOO_MANY_TASKS", "task");
  many.headers.emplace_back("Retry-After", "5");
  const HttpAnswer told = as_rpc("7", many);
  CHECK(told.status == 429);
  CHECK(has_header(told, "Retry-After"));
  CHECK(JsonView(told.body)["error"]["code"].integer() == -32603);
  CHECK(as_rpc("", many).body == many.body);
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
