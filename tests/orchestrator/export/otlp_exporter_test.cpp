#include <doctest/doctest.h>

#include "orchestrator/export/otel_names.h"
#include "tests/orchestrator/export/export_kit.h"
#include "tests/orchestrator/export/otlp_rules.h"

namespace devs {
namespace {

using Json = nlohmann::json;

Json spans_of(const Exported& out) {
  CHECK(OtlpRules::broken_by(out.text) == std::vector<std::string>());
  return out.json()["resourceSpans"][0]["scopeSpans"][0]["spans"];
}
Json attribute(const Json& owner, std::string_view key) {
  for (const Json& each : owner["attributes"])
    if (each["key"] == key) return each["value"].begin().value();
  return nullptr;
}
Exported otlp(const ShortLog& log, ExportJob job = {}) {
  return exported(log, ExportFormat::otlp, std::move(job));
}

const std::string kAction =
    R"({"type":"action","schema_version":"1.0.0","turn_index":4,"timestamp_ns":"1795224245120000002","agent_id":"dev-1","agent_role":"developer","session_id":"s-7","task_id":"t-42","thread_id":"main","tool_call_id":"c-1","call_index":0,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","parent_span_id":"53995c3f42cd8ad8","payload":{"tool_call":{"tool_call_id":"c-1","tool_name":"read_file","arguments":{"path":"src/a.cc"},"server":"files","jsonrpc_request_id":"7"}}})";

TEST_CASE(
    "OTLP export: an action and its observation are one SERVER span with the "
    "envelope's ids and stamps") {
  const auto spans = spans_of(otlp(ShortLog({kAction, observation_line("c-1", 121'000)})));
  REQUIRE(spans.size() == 1);
  const Json& span = spans[0];
  CHECK(span["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(span["spanId"] == "00f067aa0ba902b7");
  CHECK(span["parentSpanId"] == "53995c3f42cd8ad8");
  CHECK(span["name"] == "tools/call read_file");
  CHECK(span["kind"] == 2);
  CHECK(span["startTimeUnixNano"] == "1795224245120000002");
  CHECK(span["endTimeUnixNano"] == stamp(121'000));
  CHECK(span["status"]["code"] == 0);
  CHECK(attribute(span, "mcp.method.name") == "tools/call");
  CHECK(attribute(span, "gen_ai.operation.name") == "execute_tool");
  CHECK(attribute(span, "gen_ai.tool.name") == "read_file");
  CHECK(attribute(span, "gen_ai.tool.type") == "function");
  CHECK(attribute(span, "gen_ai.tool.call.id") == "c-1");
  CHECK(attribute(span, "gen_ai.agent.id") == "dev-1");
  CHECK(attribute(span, "gen_ai.agent.name") == "developer");
  CHECK(attribute(span, "gen_ai.conversation.id") == "s-7");
  CHECK(attribute(span, "jsonrpc.request.id") == "7");
  CHECK(attribute(span, "saop.task_id") == "t-42");
  CHECK(attribute(span, "saop.thread_id") == "main");
  CHECK(attribute(span, "saop.turn_index") == "4");
  CHECK(attribute(span, "saop.call_index") == "0");
  CHECK(attribute(span, "saop.status") == "SUCCESS");
  CHECK(attribute(span, "saop.server") == "files");
  CHECK(attribute(span, "saop.event_id") == "5f3a9c01d2-1");
  CHECK(attribute(span, "saop.observation_event_id") == "5f3a9c01d2-2");
}

TEST_CASE("[T13] OTLP export: status and error.type are those of SAOP 4.4") {
  const std::vector<std::tuple<std::string, int, std::string>> table{
      {"TOOL_ERROR", 1, "tool_error"},
      {"VALIDATION_FAILED", 2, "validation_failed"},
      {"UPSTREAM_UNAVAILABLE", 69, "upstream_unavailable"},
      {"TIMEOUT_EXCEEDED", 124, "timeout"},
      {"ACCESS_DENIED", 126, "access_denied"},
      {"UNKNOWN_TOOL", 127, "-32602"},
      {"CANCELLED", 130, "cancelled"},
      {"ABANDONED", 137, "abandoned"},
      {"SOMETHING_NEW", 3, "_OTHER"}};
  for (const auto& [status, code, type] : table) {
    CAPTURE(status);
    const auto spans =
        spans_of(otlp(ShortLog({action_line("c", 0), observation_line("c", 9, code, status)})));
    CHECK(spans[0]["status"]["code"] == 2);
    CHECK(attribute(spans[0], "error.type") == type);
    CHECK(attribute(spans[0], "saop.status") == status);
  }
  const auto fine = spans_of(otlp(ShortLog({action_line("c", 0), observation_line("c", 9)})));
  CHECK(attribute(fine[0], "error.type").is_null());
}

TEST_CASE(
    "OTLP export: a thought is a span its actions can hang from, with the event "
    "saop.thought") {
  const std::string thought =
      R"({"type":"thought","turn_index":4,"timestamp_ns":"1795224245120000001","agent_id":"dev-1","task_id":"t-42","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"53995c3f42cd8ad8","parent_span_id":"b7ad6b7169203331","payload":{"analysis":{"reasoning_chain":"secret plan"}}})";
  const ShortLog log({thought, kAction, observation_line("c-1", 121'000)});
  const auto spans = spans_of(otlp(log));
  REQUIRE(spans.size() == 2);
  CHECK(spans[0]["name"] == "saop.thought");
  CHECK(spans[0]["kind"] == 1);
  CHECK(spans[0]["spanId"] == spans[1]["parentSpanId"]);
  CHECK(spans[0]["startTimeUnixNano"] == spans[0]["endTimeUnixNano"]);
  CHECK(spans[0]["events"][0]["name"] == "saop.thought");
  CHECK(spans[0]["events"][0]["timeUnixNano"] == "1795224245120000001");
  CHECK(otlp(log).text.find("secret plan") == std::string::npos);
}

TEST_CASE("OTLP export: content leaves the house only when asked for") {
  const ShortLog log({thought_line(0), action_line("c", 1), observation_line("c", 2)});
  CHECK(attribute(spans_of(otlp(log))[1], "gen_ai.tool.call.arguments").is_null());
  ExportJob job;
  job.options.content = true;
  const auto spans = spans_of(otlp(log, job));
  CHECK(attribute(spans[0]["events"][0], "saop.text") == "read the file first");
  CHECK(attribute(spans[1], "gen_ai.tool.call.arguments") == R"({"path":"a"})");
  CHECK(attribute(spans[1], "gen_ai.tool.call.result") == "hello");
}

TEST_CASE("OTLP export: envelopes without ids of a trace get the same ones in every export") {
  const ShortLog log({action_line("c-1", 0), observation_line("c-1", 5), action_line("c-2", 6),
                      observation_line("c-2", 7), action_line("c-1", 8, "read", "dev-1", "other"),
                      observation_line("c-1", 9)});
  const auto spans = spans_of(otlp(log));
  CHECK(spans[0]["traceId"] == spans[1]["traceId"]);
  CHECK(spans[0]["traceId"] != spans[2]["traceId"]);
  CHECK(spans[0]["spanId"] != spans[1]["spanId"]);
  CHECK(!spans[0].contains("parentSpanId"));
  CHECK(spans_of(otlp(log)) == spans);
}

TEST_CASE("OTLP export: a call without its end is left out and counted") {
  const auto out =
      otlp(ShortLog({action_line("c-1", 0), action_line("c-2", 1), observation_line("c-2", 2)}));
  CHECK(spans_of(out).size() == 1);
  CHECK(out.report.omissions.unfinished_calls == 1);
  CHECK(attribute(out.json()["resourceSpans"][0]["resource"], "saop.export.unfinished_calls") ==
        "1");
}

TEST_CASE("OTLP export: an observation without its action is a span that says so") {
  const auto spans = spans_of(otlp(ShortLog({observation_line("c-9", 5000)})));
  REQUIRE(spans.size() == 1);
  CHECK(attribute(spans[0], "saop.orphan") == true);
  CHECK(spans[0]["startTimeUnixNano"] == stamp(3500));  // it lasted 1.5 ms
  CHECK(spans[0]["endTimeUnixNano"] == stamp(5000));
  CHECK(spans[0]["name"] == "tools/call read");
}

TEST_CASE(
    "OTLP export: a host's clock that went back makes no span that ends before it "
    "starts") {
  const auto spans = spans_of(otlp(ShortLog({action_line("c", 900), observation_line("c", 100)})));
  CHECK(spans[0]["startTimeUnixNano"] == stamp(100));
  CHECK(spans[0]["endTimeUnixNano"] == stamp(100));
}

TEST_CASE("[T13] OTLP export: a gap before every entry has the time of the first, not 1970") {
  ShortLog log;
  log.lose(LossReason::expired);
  log.add(thought_line(5));
  const auto json = exported(log, ExportFormat::otlp).json();
  const auto& spans = json["resourceSpans"][0]["scopeSpans"][0]["spans"];
  CHECK(spans.size() == 2);
  for (const auto& span : spans) CHECK(span["startTimeUnixNano"] == stamp(5));
}

TEST_CASE("OTLP export: a gap is a span, counted in the resource") {
  ShortLog log({thought_line(1)});
  log.lose(LossReason::expired);
  log.lose(LossReason::expired);
  const auto out = otlp(log);
  const auto spans = spans_of(out);
  REQUIRE(spans.size() == 2);
  CHECK(spans[1]["name"] == "saop.gap");
  CHECK(attribute(spans[1], "saop.gap.from") == "5f3a9c01d2-2");
  CHECK(attribute(spans[1], "saop.gap.to") == "5f3a9c01d2-3");
  CHECK(attribute(spans[1], "saop.gap.count") == "2");
  CHECK(attribute(spans[1], "saop.gap.reason") == "expired");
  const Json resource = out.json()["resourceSpans"][0]["resource"];
  CHECK(attribute(resource, "service.name") == "mcp-orchestrator");
  CHECK(attribute(resource, "saop.export.gaps") == "1");
  CHECK(attribute(resource, "saop.export.lost_entries") == "2");
}

TEST_CASE("OTLP export: entries of other types are counted") {
  const auto out = otlp(ShortLog({R"({"type":"lifecycle","payload":{"event":"TASK_STARTED"}})"}));
  CHECK(spans_of(out).empty());
  CHECK(out.report.omissions.other_entries == 1);
}

TEST_CASE("[T13] OtlpRules: see what breaks them") {
  const auto broken = [](std::string_view from, std::string_view to) {
    std::string text = otlp(ShortLog({kAction, observation_line("c-1", 121'000)})).text;
    const auto at = text.find(from);
    REQUIRE(at != text.npos);
    return !OtlpRules::broken_by(text.replace(at, from.size(), to)).empty();
  };
  CHECK(broken("\"traceId\"", "\"trace_id\""));
  CHECK(broken("4bf92f3577b34da6a3ce929d0e0e4736", "S/kvNXezTaajzpKdDg5HNg=="));
  CHECK(broken("00f067aa0ba902b7", "0000000000000000"));
  CHECK(broken("\"kind\":2", "\"kind\":\"SPAN_KIND_SERVER\""));
  CHECK(broken("\"1795224245120000002\"", "1795224245120000002"));
  CHECK(broken("1795224245120000002", "1999224245120000002"));
  CHECK(broken("{\"intValue\":\"4\"}", "{\"intValue\":4}"));
  CHECK(broken("gen_ai.tool.type", "gen_ai.tool.name"));
  CHECK(broken("service.name", "service.nom"));
}

}  // namespace
}  // namespace devs
