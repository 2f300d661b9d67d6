#include "orchestrator/query/query_filter.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {
namespace {

using Given = std::map<std::string, std::string, std::less<>>;

QueryParameters as_parameters(const Given& given) {
  return [&given](std::string_view name) {
    const auto found = given.find(name);
    return found == given.end() ? nullptr : &found->second;
  };
}
EnvelopesQuery read(const Given& given, BadField& bad) {
  return envelopes_query_of(as_parameters(given), kTestEpoch, bad);
}

TEST_CASE("query_filter: every word of the query is understood") {
  BadField bad;
  const EnvelopesQuery query = read({{"type", "thought,action"},
                                     {"tool", "x"},
                                     {"agent", "a"},
                                     {"session", "s,s,r"},
                                     {"task", "t"},
                                     {"status", "SUCCESS"},
                                     {"min_duration_ms", "2.5"},
                                     {"from", "1000"},
                                     {"to", "1970-01-01T00:00:02Z"},
                                     {"q", "deep sea"},
                                     {"after", id_text(7)},
                                     {"before", id_text(9)},
                                     {"limit", "1000"},
                                     {"order", "desc"}},
                                    bad);
  REQUIRE(bad.field.empty());
  CHECK(query.filter.types == std::vector<std::string>{"thought", "action"});
  CHECK(query.filter.sessions == std::vector<std::string>{"s", "r"});
  CHECK(query.filter.min_duration_ms == 2.5);
  CHECK(query.filter.from_ms == 1000);
  CHECK(query.filter.to_ms == 2000);
  CHECK(query.filter.text == "deep sea");
  CHECK(query.after == 7);
  CHECK(query.before == 9);
  CHECK(query.limit == 1000);
  CHECK(query.newest_first);
}

TEST_CASE("query_filter: nothing given is everything, oldest first, a hundred at a time") {
  BadField bad;
  const EnvelopesQuery query = read({{"after", ""},
                                     {"before", ""},
                                     {"limit", ""},
                                     {"order", ""},
                                     {"q", ""},
                                     {"from", ""},
                                     {"to", ""},
                                     {"unknown", "1"}},
                                    bad);
  CHECK(bad.field.empty());
  CHECK(query.filter.types.empty());
  CHECK(query.after == 0);
  CHECK_FALSE(query.before);
  CHECK(query.limit == 100);
  CHECK_FALSE(query.newest_first);
}

TEST_CASE("query_filter: what breaks its grammar is named") {
  std::string seventeen = "a";
  for (int i = 1; i < 17; ++i) seventeen += "," + std::string(1, static_cast<char>('a' + i));
  const std::vector<std::pair<std::string, std::string>> refused{
      {"type", ""},
      {"type", ",a"},
      {"type", std::string(65, 'x')},
      {"type", seventeen},
      {"tool", ""},
      {"tool", std::string(129, 'x')},
      {"tool", "\xff"},
      {"agent", "a b"},
      {"agent", "a,"},
      {"session", "'; DROP TABLE entries; --"},
      {"task", std::string(129, 'x')},
      {"task", std::string("a\0b", 3)},
      {"status", ""},
      {"min_duration_ms", ""},
      {"min_duration_ms", "-1"},
      {"min_duration_ms", "-0"},
      {"min_duration_ms", "nan"},
      {"min_duration_ms", "inf"},
      {"min_duration_ms", "1e999"},
      {"min_duration_ms", "1s"},
      {"from", "yesterday"},
      {"to", "-5"},
      {"after", "7"},
      {"after", "aaaaaaaaaa-1"},
      {"after", kTestEpoch + "-18446744073709551615"},
      {"before", kTestEpoch + "-01"},
      {"limit", "0"},
      {"limit", "1001"},
      {"limit", "-1"},
      {"limit", "ten"},
      {"limit", "99999999999999999999"},
      {"order", "ASC"},
      {"order", "random"},
      {"q", std::string(257, 'x')},
      {"q", "***"},
      {"q", "\xff\xfe"},
      {"q", std::string("a\0b", 3)},
      {"q", std::string(1u << 20u, 'x')}};
  for (const auto& [name, value] : refused) {
    CAPTURE(name);
    CAPTURE(value.substr(0, 60));
    BadField bad;
    read({{name, value}}, bad);
    CHECK(bad.field == name);
    CHECK_FALSE(bad.message.empty());
  }
}

TEST_CASE("query_filter: a roll-up is grouped by one of five words, by tool unless asked") {
  const std::vector<std::pair<std::string, StatsGroup>> words{
      {"", StatsGroup::tool},         {"tool", StatsGroup::tool},
      {"agent", StatsGroup::agent},   {"session", StatsGroup::session},
      {"status", StatsGroup::status}, {"type", StatsGroup::type}};
  for (const auto& [word, group] : words) {
    BadField bad;
    const Given given{{"group_by", word}};
    CHECK(stats_query_of(as_parameters(given), bad).group_by == group);
    CHECK(bad.field.empty());
  }
  for (const char* word : {"owner", "sequence; DROP TABLE entries", "TOOL", "e.tool"}) {
    BadField bad;
    const Given given{{"group_by", word}};
    stats_query_of(as_parameters(given), bad);
    CHECK(bad.field == "group_by");
  }
}

TEST_CASE("query_filter: a task is an id, and its tree has envelopes when asked") {
  BadField bad;
  const Given with{{"envelopes", "true"}};
  const TaskTreeQuery query = task_tree_query_of("t-42", as_parameters(with), bad);
  CHECK(bad.field.empty());
  CHECK(query.task == "t-42");
  CHECK(query.with_envelopes);
  const Given none;
  task_tree_query_of("a b", as_parameters(none), bad);
  CHECK(bad.field == "id");
}

}  // namespace
}  // namespace devs
