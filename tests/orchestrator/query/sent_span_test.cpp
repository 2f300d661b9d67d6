#include "orchestrator/query/sent_span.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/query/spans_kit.h"

namespace devs {
namespace {

BadField refused(std::string_view columns) {
  BadField bad;
  check_sent_span(JsonView(columns), bad);
  return bad;
}

TEST_CASE("[S2.6] sent span: the four columns it needs are named when one is missing") {
  const std::string whole = "{" + sent_columns("tr-1", "sp-1") + "}";
  CHECK(refused(whole).field.empty());
  for (const std::string name : {"trace_id", "span_id", "span_name", "operation_type"}) {
    std::string without = whole;
    without.replace(without.find("\"" + name), 2, "\"x");
    CHECK(refused(without).field == name);
    CHECK(refused(without).message == "is required");
  }
  CHECK(refused("[]").field == "body");
  CHECK(refused("").field == "body");
}

TEST_CASE("[S2.6] sent span: a column outside its grammar is named, and so is one nobody knows") {
  const auto with = [](std::string_view more) {
    return refused("{" + sent_columns("tr-1", "sp-1", "," + std::string(more)) + "}");
  };
  const std::vector<std::pair<std::string, std::string>> bad{
      {"id", R"("c-1")"},
      {"user_id", R"("bob")"},
      {"created_at", R"("2026-11-21T01:24:05Z")"},
      {"updated_at", R"("2026-11-21T01:24:05Z")"},
      {"owner", R"("bob")"},
      {"conversation_id", R"("a b")"},
      {"message_id", "7"},
      {"parent_trace_id", R"("")"},
      {"start_time", R"("yesterday")"},
      {"end_time", "1795224245120"},
      {"duration_ms", "-1"},
      {"duration_ms", R"("1")"},
      {"model_name", R"("")"},
      {"model_provider", json_string(std::string(129, 'x'))},
      {"metadata", "[]"},
      {"metadata", R"({"k":")" + std::string(16 * 1024, 'x') + R"("})"},
      {"input_tokens", "1.5"},
      {"output_tokens", "-1"},
      {"total_tokens", "9007199254740992"},
      {"cost_usd", "-0.1"},
      {"status", R"("success")"},
      {"error_message", json_string(std::string(8193, 'x'))},
      {"ttft_ms", "true"},
      {"tokens_per_second", "[]"},
      {"session_tag", "{}"}};
  for (const auto& [name, value] : bad) {
    CAPTURE(name);
    CHECK(with("\"" + name + "\":" + value).field == name);
    // null is as good as absent, of columns there are.
    if (name != "owner") CHECK(with("\"" + name + "\":null").field.empty());
  }
  CHECK(with(R"("input_data":[{"a":1}],"output_data":"text","status":"cancelled")").field.empty());
}

}  // namespace
}  // namespace devs
