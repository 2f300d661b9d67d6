#include "orchestrator/trace_arguments.h"

#include <doctest/doctest.h>

#include "orchestrator/query/offline_index.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/json.h"
#include "protocol/wall_time.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"

namespace devs {
namespace {

TEST_CASE("filter_of: lists are lists, and a bad value names its option") {
  TraceArguments arguments;
  arguments.filter = {{"type", "thought,action"}, {"min_duration_ms", "2.5"}};
  const auto filter = filter_of(arguments);
  REQUIRE(filter.ok());
  CHECK(filter->types == std::vector<std::string>{"thought", "action"});
  CHECK(filter->min_duration_ms == 2.5);
  CHECK(filter_text(arguments) == "min_duration_ms=2.5 type=thought,action");
  arguments.filter["min_duration_ms"] = "soon";
  CHECK(filter_of(arguments).status().message().starts_with("--min-duration-ms must be"));
  arguments.filter = {{"tool", ""}};
  CHECK(!filter_of(arguments).ok());
}

TEST_CASE("matches: an entry that lacks a fact does not match what asks for it") {
  EnvelopeFacts facts;
  facts.type = "observation";
  facts.tool = "echo";
  QueryFilter filter;
  CHECK(matches(filter, facts));
  filter.tools = {"read", "echo"};
  CHECK(matches(filter, facts));
  filter.min_duration_ms = 0;
  CHECK(!matches(filter, facts));
  facts.duration_ms = 0;
  CHECK(matches(filter, facts));
  filter.statuses = {"SUCCESS"};
  CHECK(!matches(filter, facts));
}

TEST_CASE("query_string: values cannot add parameters") {
  CHECK(query_string({}).empty());
  CHECK(query_string({{"q", "a&b=c d/\xC3\xA9"}, {"type", "thought,action"}}) ==
        "?q=a%26b%3Dc%20d%2F%C3%A9&type=thought,action");
}

TEST_CASE("range_of: a time is its millisecond, to a stretch of the log as to a question") {
  const TempDir dir;
  MemoryLog lines;
  FakeClock clock;
  {
    auto flight = FlightLog::open({.dir = dir.path(), .clock = &clock}, lines);
    REQUIRE(flight.ok());
    for (int i = 0; i < 5; ++i) {
      REQUIRE(append_some(**flight, 1).ok());
      clock.advance(std::chrono::milliseconds(1));
    }
  }
  const auto log = DirectoryLog::open(dir.path().string());
  REQUIRE(log.ok());
  std::vector<std::string> stored;
  (void)(*log)->read(
      1, {}, [&stored](const StoredLine& line) { stored.push_back(iso_of_ms(line.stored_ms)); });
  REQUIRE(stored.size() == 5);
  TraceArguments arguments;
  arguments.from = stored[1];
  arguments.to = stored[3];
  const auto range = range_of(arguments, **log);
  REQUIRE(range.ok());
  CHECK(range->from == 2);
  CHECK(range->through == 4);

  const auto index = OfflineIndex::open({.dir = dir.path(), .rebuild = false, .on_progress = {}},
                                        **log, (*log)->epoch(), lines);
  REQUIRE(index.ok());
  const TraceQueries queries((*index)->readers(), **log, (*log)->epoch());
  BadField bad;
  const auto answer = queries.stats(stats_query_of(
      [&arguments](std::string_view name) -> const std::string* {
        return name == "from" ? &arguments.from : name == "to" ? &arguments.to : nullptr;
      },
      bad));
  REQUIRE(answer.ok());
  CHECK(JsonView(*answer)["entries"].integer() == 3);
}

}  // namespace
}  // namespace devs
