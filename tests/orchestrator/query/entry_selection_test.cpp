#include "orchestrator/query/entry_selection.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {
namespace {

TEST_CASE("EntrySelection: each word becomes a phrase of its own") {
  CHECK(phrases_of("deep sea") == R"("deep" "sea")");
  CHECK(phrases_of("  a\t\"b\"  ") == R"("a" """b""")");
  CHECK(phrases_of("") == "");
}

using Given = std::map<std::string, std::string, std::less<>>;

// How SQLite will walk it, a step a line.
std::vector<std::string> plan_of(SqlConnection& connection, const QueryFilter& filter,
                                 std::string_view columns, bool newest_first) {
  const auto selection = EntrySelection::of(connection, filter);
  REQUIRE(selection.ok());
  const auto text = selection->text(connection, columns, newest_first, "LIMIT 101");
  REQUIRE(text.ok());
  auto plan = connection.prepare("EXPLAIN QUERY PLAN " + text->sql);
  REQUIRE(plan.ok());
  std::vector<std::string> steps;
  while (plan->step().value()) steps.emplace_back(plan->text(3));
  return steps;
}

TEST_CASE("[T38] EntrySelection: no filter reads the log from its begin, and none sorts") {
  QueryShelf shelf;
  for (int i = 0; i < 5; ++i) add_call(shelf.log, {});
  (void)shelf.asked();
  auto lease = shelf.readers().lease();
  REQUIRE(lease.ok());
  const std::vector<Given> asked{
      {},
      {{"type", "action"}},
      {{"types", "action,observation"}},
      {{"tool", "x"}},
      {{"tool", "x,y,z"}},
      {{"agent", "a,b"}},
      {{"session", "a,b"}},
      {{"task", "a,b"}},
      {{"status", "SUCCESS,TOOL_ERROR"}},
      {{"taskId", "a"}},
      {{"sessionId", "a"}},
      {{"agentId", "a"}},
      {{"topics", "task:a,session:b,agent:c,agent:d"}},
      {{"min_duration_ms", "0"}},
      {{"min_duration_ms", "500"}},
      {{"from", "1000"}},
      {{"to", "1000"}},
      {{"from", "1000"}, {"to", "2000"}},
      {{"q", "deep sea"}},
      {{"q", "deep sea"}, {"tool", "x,y"}, {"from", "1000"}},
      {{"tool", "x"}, {"status", "TOOL_ERROR"}},
      {{"tool", "x,y"}, {"status", "a,b"}, {"type", "observation"}, {"from", "1000"}},
      {{"tool", "x"}, {"min_duration_ms", "5"}, {"taskId", "a"}, {"topics", "agent:a,task:b"}}};
  for (const Given& given : asked) {
    BadField bad;
    StatsQuery query = stats_query_of(
        [&given](std::string_view name) {
          const auto found = given.find(name);
          return found == given.end() ? nullptr : &found->second;
        },
        bad);
    REQUIRE(bad.field.empty());
    for (const bool owned : {false, true}) {
      if (owned) query.filter.owner = "u1";
      for (const bool newest_first : {false, true})
        for (const char* columns : {"", ", e.tool, e.duration_ms"})
          for (const std::string& step : plan_of(**lease, query.filter, columns, newest_first)) {
            CAPTURE(step);
            CAPTURE(given.empty() ? "" : given.begin()->first);
            CHECK(step.find("TEMP B-TREE") == std::string::npos);
            CHECK(step.find("SCAN e") == std::string::npos);
            if (step.find("SEARCH e") != std::string::npos)
              CHECK(step.find('(') != std::string::npos);
          }
    }
  }
}

TEST_CASE("[T38] EntrySelection: the rarest of several conditions leads") {
  QueryShelf shelf;
  for (int i = 0; i < 3'000; ++i)
    add_call(shelf.log, {.tool = i % 2 == 0 ? "common" : "other",
                         .session = "s",
                         .status = i % 300 == 0 ? "TOOL_ERROR" : "SUCCESS",
                         .duration_ms = i % 500 == 0 ? 900.0 : 1.0});
  (void)shelf.asked();
  auto lease = shelf.readers().lease();
  REQUIRE(lease.ok());
  const auto leads = [&](const QueryFilter& filter, std::string_view index) {
    for (const std::string& step : plan_of(**lease, filter, "", false))
      if (step.find(index) != std::string::npos) return true;
    return false;
  };
  QueryFilter filter;
  filter.tools = {"common"};
  filter.sessions = {"s"};
  filter.statuses = {"TOOL_ERROR"};
  CHECK(leads(filter, "entries_by_status"));
  filter.statuses = {"SUCCESS"};
  filter.min_duration_ms = 600;
  CHECK(leads(filter, "entries_by_slowness"));
  filter.tools = {"rare"};
  CHECK(leads(filter, "entries_by_tool"));
}

}  // namespace
}  // namespace devs
