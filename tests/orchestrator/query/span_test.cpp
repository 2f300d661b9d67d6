#include "orchestrator/query/span.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/query/spans_kit.h"
#include "trace/sha256.h"

namespace devs {
namespace {

// The call of SAOP 4, as the house writes it.
constexpr std::string_view kIds =
    R"("turn_index":4,"timestamp_ns":"1795224245120000002","agent_id":"dev-1","agent_role":"developer",)"
    R"("session_id":"s-7","task_id":"t-42","thread_id":"main","tool_call_id":"c-1","call_index":0,)"
    R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","parent_span_id":"53995c3f42cd8ad8",)";

std::string action() {
  return R"({"type":"action",)" + std::string(kIds) +
         R"("payload":{"tool_call":{"tool_call_id":"c-1","tool_name":"read_file",)"
         R"("arguments":{"path":"a.cc"},"server":"files"}}})";
}
std::string observation(std::string_view status, int exit_code, std::string_view err) {
  return R"({"type":"observation",)" + std::string(kIds) + R"("exit_code":)" +
         std::to_string(exit_code) + R"(,"stdout":"hello","stderr":)" + json_string(err) +
         R"(,"encoding":"utf8","duration_ms":11.482,"metadata":{"status":")" + std::string(status) +
         R"(","tool_name":"read_file","server":"files"},"payload":{"result":{"structured_content":[1]}}})";
}

TEST_CASE("[S2.4] span: an action opens a row of all columns, those it does not say null") {
  bool opens = false;
  CHECK(
      row_of(action(), "owner:ann", "5f3a9c01d2-7", &opens) ==
      R"({"id":"c-1","user_id":"ann","conversation_id":"t-42","message_id":null,)"
      R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","parent_trace_id":"53995c3f42cd8ad8",)"
      R"("span_id":"00f067aa0ba902b7","span_name":"tools/call read_file",)"
      R"("start_time":"2026-11-21T01:24:05.120Z","end_time":null,"duration_ms":null,)"
      R"("operation_type":"tool_call","model_name":null,"model_provider":null,)"
      R"("input_data":{"path":"a.cc"},"output_data":null,)"
      R"("metadata":{"agent_id":"dev-1","agent_role":"developer","thread_id":"main","turn_index":4,)"
      R"("tool_name":"read_file","server":"files"},)"
      R"("input_tokens":null,"output_tokens":null,"total_tokens":null,"cost_usd":null,)"
      R"("status":"running","error_message":null,"error_type":null,)"
      R"("created_at":"2026-11-21T01:24:05.120Z","updated_at":"2026-11-21T01:24:05.120Z",)"
      R"("ttft_ms":null,"tokens_per_second":null,"session_tag":"s-7"})");
  CHECK(opens);
}

TEST_CASE("[S2.4] span: its observation says what it knows under the same id, and no input_data") {
  bool opens = true;
  CHECK(
      row_of(observation("SUCCESS", 0, ""), "", "5f3a9c01d2-8", &opens) ==
      R"({"id":"c-1","user_id":"local","conversation_id":"t-42",)"
      R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","parent_trace_id":"53995c3f42cd8ad8",)"
      R"("span_id":"00f067aa0ba902b7","span_name":"tools/call read_file",)"
      R"("end_time":"2026-11-21T01:24:05.120Z","duration_ms":11.482,"operation_type":"tool_call",)"
      R"("output_data":{"stdout":"hello","stderr":"","encoding":"utf8","exit_code":0,"structured_content":[1]},)"
      R"("metadata":{"agent_id":"dev-1","agent_role":"developer","thread_id":"main","turn_index":4,)"
      R"("tool_name":"read_file","status":"SUCCESS","server":"files"},)"
      R"("status":"completed","updated_at":"2026-11-21T01:24:05.120Z","session_tag":"s-7"})");
  CHECK_FALSE(opens);
}

TEST_CASE("[S2.4] span: what did not succeed failed, or was cancelled, and says why") {
  const auto says = [](std::string_view status, int exit_code) {
    return row_of(observation(status, exit_code, "no such file"));
  };
  for (const char* status : {"TOOL_ERROR", "VALIDATION_FAILED", "UPSTREAM_UNAVAILABLE",
                             "TIMEOUT_EXCEEDED", "ACCESS_DENIED", "UNKNOWN_TOOL", "ABANDONED"}) {
    const std::string row = says(status, 1);
    CHECK(JsonView(row)["status"].is("failed"));
    CHECK(JsonView(row)["error_type"].is(status));
    CHECK(JsonView(row)["error_message"].is("no such file"));
  }
  CHECK(JsonView(says("CANCELLED", 130))["status"].is("cancelled"));
  // A host's observation need not say a status.
  const std::string bare =
      R"({"type":"observation","tool_call_id":"c-9","exit_code":3,"stdout":"whale","payload":{}})";
  const std::string row = row_of(bare);
  CHECK(JsonView(row)["status"].is("failed"));
  CHECK(JsonView(row)["error_message"].is("whale"));
  CHECK_FALSE(JsonView(row)["error_type"].present());
  CHECK_FALSE(JsonView(row)["end_time"].present());
}

TEST_CASE("[S2.4] span: a thought is a completed row of no length") {
  const std::string row = row_of(
      R"({"type":"thought","timestamp_ns":"1795224245120000002","thought_id":"h-1","task_id":"t-42",)"
      R"("payload":{"analysis":{"reasoning_chain":"look first"}}})");
  CHECK(JsonView(row)["id"].is("h-1"));
  CHECK(JsonView(row)["operation_type"].is("thought"));
  CHECK(JsonView(row)["duration_ms"].text() == "0");
  CHECK(JsonView(row)["status"].is("completed"));
  CHECK(JsonView(row)["output_data"].text() == R"({"analysis":{"reasoning_chain":"look first"}})");
  CHECK(JsonView(row)["end_time"].text() == JsonView(row)["start_time"].text());
}

TEST_CASE("[S2.4] span: an explicit task is a row whose id is its trace, closed by its end") {
  const auto task = [](std::string_view payload) {
    return row_of(R"({"type":"lifecycle","timestamp_ns":"1795224245120000002","task_id":"t-42",)"
                  R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","payload":)" +
                  std::string(payload) + "}");
  };
  const std::string row = task(R"({"event":"TASK_STARTED","title":"Tidy up"})");
  CHECK(JsonView(row)["id"].is("4bf92f3577b34da6a3ce929d0e0e4736"));
  CHECK(JsonView(row)["operation_type"].is("task"));
  CHECK(JsonView(row)["span_name"].is("Tidy up"));
  CHECK(JsonView(row)["status"].is("running"));
  const std::string done = task(R"({"event":"TASK_COMPLETED","result":{"ok":true}})");
  CHECK(JsonView(done)["id"].is("4bf92f3577b34da6a3ce929d0e0e4736"));
  CHECK(JsonView(done)["status"].is("completed"));
  CHECK(JsonView(done)["output_data"].text() == R"({"ok":true})");
  const std::string failed = task(R"({"event":"TASK_FAILED","error":"out of whales"})");
  CHECK(JsonView(failed)["status"].is("failed"));
  CHECK(JsonView(failed)["error_message"].is("out of whales"));
  CHECK(
      JsonView(task(R"({"event":"TASK_CANCELLED","reason":"no need"})"))["status"].is("cancelled"));
  CHECK(task(R"({"event":"TASK_PROGRESS","progress":40})").empty());
  CHECK(row_of(R"({"type":"lifecycle","payload":{"event":"TASK_STARTED"}})").empty());
}

TEST_CASE("[S2.4] span: without a trace_id an entry is of its task's trace, else of its own") {
  const std::string of_task =
      row_of(R"({"type":"thought","thought_id":"h-1","task_id":"t-42","payload":{}})");
  // The first 16 bytes of SHA-256 of `5f3a9c01d2:t-42`, as tools/call has it (SAOP 5).
  const std::string trace = JsonView(of_task)["trace_id"].string().value_or("");
  CHECK(trace == sha256_hex("5f3a9c01d2:t-42").substr(0, 32));
  CHECK(JsonView(row_of(R"({"type":"action","tool_call_id":"c-1","payload":{}})"))["trace_id"].is(
      "c-1"));
  const std::string smoke = row_of(
      R"({"type":"thought","turn_index":1,"payload":{"analysis":{"reasoning_chain":"x"}},"timestamp_ns":"0"})");
  CHECK(JsonView(smoke)["id"].is("5f3a9c01d2-7"));
  CHECK(JsonView(smoke)["trace_id"].is("5f3a9c01d2-7"));
  CHECK(JsonView(smoke)["start_time"].kind() == JsonView::Kind::null);
}

TEST_CASE("[S2.4] span: entries of other kinds, and observations of no call, are no rows") {
  for (const char* other :
       {R"({"type":"hitl","payload":{"event":"HITL_GATE_REQUIRED"}})",
        R"({"type":"system","payload":{"event":"UPSTREAM_UP"}})",
        R"({"type":"graph","event":"edge_created","payload":{}})",
        R"({"type":"THOUGHT","payload":{}})",
        R"({"type":"observation","exit_code":0,"payload":{}})",
        R"({"type":"span","payload":{"span":{"trace_id":"t"}}})", R"({"type":"span","payload":7})"})
    CHECK_MESSAGE(row_of(other).empty(), other);
}

TEST_CASE("[S2.6] span: a sent span is a row as it was sent, with what follows from it") {
  bool opens = false;
  const std::string row =
      row_of(sent(sent_columns(
                 "tr-1", "sp-1",
                 R"(,"start_time":"2026-11-21T01:24:05Z","end_time":"2026-11-21T01:24:05.250Z",)"
                 R"("input_tokens":12,"output_tokens":30,"cost_usd":0.0125,"input_data":[1],)"
                 R"("metadata":{"k":"A"},"model_name":null)")),
             "owner:ann", "5f3a9c01d2-7", &opens);
  CHECK(opens);
  CHECK(JsonView(row)["id"].is("tr-1:sp-1"));
  CHECK(JsonView(row)["user_id"].is("ann"));
  CHECK(JsonView(row)["start_time"].is("2026-11-21T01:24:05.000Z"));
  CHECK(JsonView(row)["duration_ms"].text() == "250");
  CHECK(JsonView(row)["total_tokens"].text() == "42");
  CHECK(JsonView(row)["cost_usd"].text() == "0.0125");
  CHECK(JsonView(row)["status"].is("completed"));
  CHECK(JsonView(row)["metadata"].text() == R"({"k":"A"})");
  CHECK(JsonView(row)["model_name"].text() == "null");
  CHECK(JsonView(row)["created_at"].is("2026-11-21T01:24:05.120Z"));

  CHECK(
      row_of(sent(sent_columns("tr-1", "sp-1", R"(,"output_tokens":31)"), true), "", "5f3a9c01d2-8",
             &opens) ==
      R"({"id":"tr-1:sp-1","user_id":"local","trace_id":"tr-1","span_id":"sp-1","span_name":"chat",)"
      R"("operation_type":"generation","output_tokens":31,"updated_at":"2026-11-21T01:24:05.120Z"})");
  CHECK_FALSE(opens);
  const std::string running = row_of(sent(sent_columns("tr-1", "sp-1")));
  CHECK(JsonView(running)["status"].is("running"));
  CHECK(JsonView(running)["start_time"].is("2026-11-21T01:24:05.120Z"));
  const std::string failed =
      row_of(sent(sent_columns("tr-1", "sp-1", R"(,"error_message":"x")"), true));
  CHECK(JsonView(failed)["status"].is("failed"));
}

TEST_CASE("[S2.4] span: metadata too large for a row is in none") {
  std::string large = action();
  large.replace(large.find(R"("server":"files")"), 16,
                R"("server":")" + std::string(17'000, 'x') + "\"");
  CHECK(JsonView(row_of(large))["metadata"].text() == "null");
}

}  // namespace
}  // namespace devs
