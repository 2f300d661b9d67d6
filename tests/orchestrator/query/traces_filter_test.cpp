#include "orchestrator/query/traces_filter.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/query/spans_kit.h"

namespace devs {
namespace {

std::string refused(std::string_view parameters) {
  BadField bad;
  (void)asked_for(parameters, &bad);
  return bad.field;
}

TEST_CASE("[S2.5] traces filter: every filter in its words") {
  const TracesQuery query = asked_for(
      "operation_type=generation&status=failed&session_tag=s-1&start_date=2026-11-21&"
      "end_date=2026-11-21&workflow=w&min_cost=0.5&max_cost=2&min_duration=10&max_duration=20&"
      "min_throughput=3&max_throughput=4&has_error=true&has_quality_score=false&"
      "min_quality_score=0.7&meta.server=files&search=whale&limit=500&offset=40");
  const TracesFilter& filter = query.filter;
  CHECK(filter.operation_type == "generation");
  CHECK(filter.status == "failed");
  CHECK(filter.session_tag == "s-1");
  CHECK(filter.from_ms == 1795219200000);
  CHECK(filter.to_ms == 1795219200000 + 86'399'999);  // a day, whole
  CHECK(filter.workflow == "w");
  CHECK((filter.cost.least == 0.5 && filter.cost.most == 2.0));
  CHECK((filter.duration.least == 10.0 && filter.duration.most == 20.0));
  CHECK((filter.throughput.least == 3.0 && filter.throughput.most == 4.0));
  CHECK(filter.has_error == true);
  CHECK(filter.has_quality_score == false);
  CHECK(filter.min_quality_score == 0.7);
  CHECK(filter.meta == std::vector<std::pair<std::string, std::string>>{{"server", "files"}});
  CHECK(filter.search == "whale");
  CHECK((query.limit == 500 && query.offset == 40));
  CHECK(asked_for("start_date=1795219200000").filter.from_ms == 1795219200000);
  CHECK(asked_for("end_date=2026-11-21T01:24:05.120Z").filter.to_ms == 1795224245120);
  CHECK(asked_for("").limit == 20);
}

TEST_CASE("[S2.5] traces filter: four operations are listed span by span") {
  for (const char* kind : {"retrieval", "tool_call", "embedding", "thought"})
    CHECK(asked_for(std::string("operation_type=") + kind).lists_spans());
  for (const char* kind : {"generation", "task"})
    CHECK_FALSE(asked_for(std::string("operation_type=") + kind).lists_spans());
  CHECK_FALSE(asked_for("").lists_spans());
}

TEST_CASE("[S2.5] traces filter: a value outside its grammar is named") {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"operation_type=", "operation_type"},
      {"status=success", "status"},
      {"session_tag=" + std::string(129, 'x'), "session_tag"},
      {"start_date=yesterday", "start_date"},
      {"end_date=2026-13-01", "end_date"},
      {"workflow=", "workflow"},
      {"min_cost=-1", "min_cost"},
      {"max_cost=much", "max_cost"},
      {"min_duration=1s", "min_duration"},
      {"max_duration=inf", "max_duration"},
      {"min_throughput=nan", "min_throughput"},
      {"max_throughput=", "max_throughput"},
      {"has_error=yes", "has_error"},
      {"has_quality_score=1", "has_quality_score"},
      {"min_quality_score=x", "min_quality_score"},
      {"meta.=x", "meta."},
      {"meta.a b=x", "meta.a b"},
      {"meta.k=", "meta.k"},
      {"search=" + std::string(257, 'x'), "search"},
      {"search=", "search"},
      {"limit=0", "limit"},
      {"limit=501", "limit"},
      {"offset=-1", "offset"},
      {"offset=1000001", "offset"}};
  for (const auto& [parameters, field] : bad) {
    CAPTURE(parameters);
    CHECK(refused(parameters) == field);
  }
  std::string many;
  for (int i = 0; i < 17; ++i) many += "meta.k" + std::to_string(i) + "=v&";
  CHECK(refused(many) == "meta.k16");
}

TEST_CASE("[S2.6] spans filter: one of trace_id, conversation_id, message_id is required") {
  const auto asked = [](std::string_view name, const std::string& value, BadField& bad) {
    return spans_query_of([&](std::string_view each) { return each == name ? &value : nullptr; },
                          bad);
  };
  for (const char* name : {"trace_id", "conversation_id", "message_id"}) {
    BadField bad;
    CHECK(asked(name, "x-1", bad).limit == 100);
    CHECK(bad.field.empty());
    (void)asked(name, "a b", bad);
    CHECK(bad.field == name);
  }
  BadField bad;
  (void)asked("limit", "5", bad);
  CHECK(bad.field == "trace_id");
  CHECK(bad.message == "or conversation_id or message_id is required");
}

}  // namespace
}  // namespace devs
