#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {
namespace {

using Texts = std::vector<std::string>;

TEST_CASE("TraceQueries: a session says when it was, how much it did and who was in it") {
  QueryShelf shelf;
  const TestCall good{.id = "c-1", .session = "s-1", .agent = "a-1"};
  const TestCall bad{.id = "c-2", .session = "s-1", .agent = "a-2", .status = "TOOL_ERROR"};
  shelf.log.add(action_of(good), 1000);
  shelf.log.add(observation_of(good), 2000);
  shelf.asked();  // two batches, one session
  shelf.log.add(action_of(bad), 3000);
  shelf.log.add(observation_of(bad), 4000);
  CHECK(Answered(shelf.asked().sessions({})).text() ==
        R"({"sessions":[{"id":"s-1","first_id":"5f3a9c01d2-1","last_id":"5f3a9c01d2-4",)"
        R"("first_at":"1970-01-01T00:00:01.000Z","last_at":"1970-01-01T00:00:04.000Z",)"
        R"("entries":4,"calls":2,"errors":1,"agents":["a-1","a-2"]}],)"
        R"("next":null,"total":1,"indexed_through":"5f3a9c01d2-4"})");
}

TEST_CASE("TraceQueries: sessions come newest begun first, in pages that meet") {
  QueryShelf shelf;
  for (int i = 0; i < 25; ++i) add_call(shelf.log, {.session = "s-" + std::to_string(i)});
  add_call(shelf.log, {.session = "s-0"});  // goes on, but began first
  SessionsQuery query;
  query.limit = 10;
  Texts all;
  for (int page = 0; page < 5; ++page) {
    const Answered answer(shelf.asked().sessions(query));
    CHECK(answer.number("total") >= 25);
    for (const std::string& id : answer.all("sessions", "id")) all.push_back(id);
    const auto next = answer["next"].string();
    if (!next) break;
    query.before = decode_event_id(*next).value().sequence;
    add_call(shelf.log, {.session = "later-" + std::to_string(page)});
  }
  REQUIRE(all.size() == 25);
  CHECK(all.front() == "s-24");
  CHECK(all.back() == "s-0");
}

TEST_CASE("TraceQueries: a roll-up counts entries, calls and errors of each group, largest first") {
  QueryShelf shelf;
  for (int i = 0; i < 10; ++i)
    add_call(shelf.log, {.tool = "x",
                         .status = i < 3 ? "TOOL_ERROR" : "SUCCESS",
                         .duration_ms = static_cast<double>(i + 1)});
  add_call(shelf.log, {.tool = "y", .duration_ms = 7.25});
  shelf.log.add(thought_of({.thought = "h"}, "of no tool"));
  CHECK(
      Answered(shelf.asked().stats({})).text() ==
      R"({"group_by":"tool","groups":[)"
      R"({"key":"x","count":20,"calls":10,"errors":3,"p50_ms":5,"p95_ms":10,"p99_ms":10,"max_ms":10},)"
      R"({"key":"y","count":2,"calls":1,"errors":0,"p50_ms":7.25,"p95_ms":7.25,"p99_ms":7.25,"max_ms":7.25}],)"
      R"("groups_left_out":0,"entries":23,"is_exact":true,"indexed_through":"5f3a9c01d2-23"})");
}

TEST_CASE("TraceQueries: a roll-up goes by tool, agent, session, status or type, within a filter") {
  QueryShelf shelf;
  add_call(shelf.log, {.session = "s-1", .agent = "a-1"});
  add_call(shelf.log, {.session = "s-2", .agent = "a-1", .status = "CANCELLED"});
  const auto keys = [&shelf](StatsGroup group, QueryFilter filter = {}) {
    StatsQuery query;
    query.group_by = group;
    query.filter = std::move(filter);
    return Answered(shelf.asked().stats(query)).all("groups", "key");
  };
  CHECK(keys(StatsGroup::agent) == Texts{"a-1"});
  CHECK(keys(StatsGroup::session) == Texts{"s-1", "s-2"});
  CHECK(keys(StatsGroup::status) == Texts{"CANCELLED", "SUCCESS"});
  CHECK(keys(StatsGroup::type) == Texts{"action", "observation"});
  QueryFilter filter;
  filter.sessions = {"s-2"};
  CHECK(keys(StatsGroup::status, filter) == Texts{"CANCELLED"});
  filter.text = "read_file";
  CHECK(keys(StatsGroup::status, filter) == Texts{"CANCELLED"});
}

TEST_CASE("TraceQueries: percentiles are those of the sorted durations") {
  std::mt19937 random(5);
  QueryShelf shelf;
  std::map<std::string, std::vector<double>> durations;
  for (int i = 0; i < 2000; ++i) {
    const std::string tool = "tool-" + std::to_string(random() % 3);
    const double ms = static_cast<double>(random() % 100'000) / 8.0;
    durations[tool].push_back(ms);
    shelf.log.add(observation_of({.tool = tool, .duration_ms = ms}));
  }
  std::size_t groups = 0;
  Answered(shelf.asked().stats({}))["groups"].each_element([&](JsonView group) {
    std::vector<double>& values = durations[*group["key"].string()];
    std::sort(values.begin(), values.end());
    const auto rank = [&values](double share) {
      return values[static_cast<std::size_t>(
                        std::ceil(share * static_cast<double>(values.size()))) -
                    1];
    };
    CHECK(group["p50_ms"].number() == rank(0.5));
    CHECK(group["p95_ms"].number() == rank(0.95));
    CHECK(group["p99_ms"].number() == rank(0.99));
    CHECK(group["max_ms"].number() == values.back());
    ++groups;
  });
  CHECK(groups == 3);
}

TEST_CASE("TraceQueries: of more than a thousand groups the largest are shown, the rest counted") {
  QueryShelf shelf;
  for (int i = 0; i < 1100; ++i) shelf.log.add(action_of({.tool = "tool-" + std::to_string(i)}));
  shelf.log.add(action_of({.tool = "tool-1099"}));
  const Answered answer(shelf.asked().stats({}));
  CHECK(answer["groups"].size() == 1000);
  CHECK(answer.number("groups_left_out") == 100);
  CHECK(answer.all("groups", "key").front() == "tool-1099");
}

}  // namespace
}  // namespace devs
