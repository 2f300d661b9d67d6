#include "orchestrator/query/index_row.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {
namespace {

IndexRow row_of(const std::string& body, std::int64_t stored_ms = 0, std::string_view topics = {}) {
  return index_row_of({.sequence = 7, .body = body, .topics = topics, .stored_ms = stored_ms});
}
bool finds(const IndexRow& row, std::string_view word) {
  return row.text.find(word) != std::string::npos;
}

TEST_CASE("index_row: an entry's facts, links and owner are taken") {
  const IndexRow row = row_of(
      R"({"type":"action","turn_index":4,"timestamp_ns":"1795224245120000002","task_id":"t",)"
      R"("thread_id":"main","tool_call_id":"c-1","source_thought_id":"h-1","trace_id":"aa","span_id":"bb",)"
      R"("parent_span_id":"cc","payload":{"tool_call":{"tool_name":"grep"}}})",
      1'795'224'245'500, "owner:u1,channel:x/1");
  CHECK(row.sequence == 7);
  CHECK(row.facts.tool == "grep");
  CHECK(row.turn_index == 4);
  CHECK(row.thread == "main");
  CHECK(row.tool_call_id == "c-1");
  CHECK(row.source_thought_id == "h-1");
  CHECK(row.trace_id == "aa");
  CHECK(row.span_id == "bb");
  CHECK(row.parent_span_id == "cc");
  CHECK(row.owner == "u1");
  CHECK(row.at_ms == 1'795'224'245'500);
}

TEST_CASE("index_row: without a time of storing the envelope's stamp is its time") {
  CHECK(row_of(R"({"type":"x","timestamp_ns":"1795224245120999999"})").at_ms == 1'795'224'245'120);
  CHECK(row_of(R"({"type":"x"})").at_ms == 0);
}

TEST_CASE("index_row: an observation failed by its status, else by its exit code") {
  const auto failed = [](const char* members) {
    return row_of(std::string(R"({"type":"observation")") + members + "}").failed;
  };
  CHECK_FALSE(failed(R"(,"exit_code":0,"metadata":{"status":"SUCCESS"})"));
  CHECK(failed(R"(,"exit_code":0,"metadata":{"status":"TOOL_ERROR"})"));
  CHECK_FALSE(failed(R"(,"exit_code":3,"metadata":{"status":"SUCCESS"})"));
  CHECK(failed(R"(,"exit_code":3)"));
  CHECK_FALSE(failed(""));
}

TEST_CASE("index_row: reasoning, arguments, output and whatever a payload says can be found") {
  CHECK(finds(row_of(R"({"type":"thought","payload":{"analysis":{"reasoning_chain":"read\nit"}}})"),
              "read\nit"));
  const IndexRow action =
      row_of(action_of({.arguments = R"({"path":"src/a.cc","deep":[{"n":42}]})"}));
  for (const char* word : {"path", "src/a.cc", "42", "read_file", "c-1", "s-1", "t-1", "a-1"})
    CHECK(finds(action, word));
  const IndexRow seen =
      row_of(observation_of({.status = "TOOL_ERROR", .out = "some output", .err = "no such file"}));
  for (const char* word : {"some output", "no such file", "TOOL_ERROR"}) CHECK(finds(seen, word));
  CHECK(finds(row_of(R"({"type":"odd","payload":{"a":["\u00fcber"]}})"), "über"));
}

TEST_CASE("index_row: text is bounded, however large the entry and wherever it is cut") {
  const std::string large = observation_of({.out = std::string(1u << 20u, 'x')});
  CHECK(row_of(large).text.size() <= kMaxIndexedText);
  // Every kind of cut: in an escape, in a surrogate pair, in a code point.
  for (std::size_t shift = 0; shift < 14; ++shift) {
    const std::string pad(kMaxIndexedText - 80 - shift, 'x');
    for (const char* tail :
         {R"(\n\n\n)", R"(\\\\\\)", R"(\ud83d\ude00)", "\xf0\x9f\x98\x80", R"(\")"}) {
      std::string body = R"({"type":"t","payload":{"a":")" + pad;
      for (int i = 0; i < 60; ++i) body += tail;
      CHECK(row_of(body + "\"}}").text.size() <= kMaxIndexedText);
    }
  }
}

TEST_CASE("index_row: ids outside their grammar, and odd kinds, are absent") {
  const IndexRow row = row_of(
      R"({"type":"action","tool_call_id":"a b","thought_id":7,"thread_id":null,"turn_index":"4","payload":[]})");
  CHECK(row.tool_call_id.empty());
  CHECK(row.thought_id.empty());
  CHECK(row.thread.empty());
  CHECK_FALSE(row.turn_index.has_value());
}

TEST_CASE("index_row: channel and graph entries are not of topic all") {
  CHECK_FALSE(is_indexed("channel"));
  CHECK_FALSE(is_indexed("graph"));
  CHECK(is_indexed("thought"));
  CHECK(is_indexed(""));
}

}  // namespace
}  // namespace devs
