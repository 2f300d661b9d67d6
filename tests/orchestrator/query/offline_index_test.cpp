#include "orchestrator/query/offline_index.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {
namespace {

std::int64_t total(OfflineIndex& index, const StoredLog& log) {
  return Answered(TraceQueries(index.readers(), log, kTestEpoch).envelopes({})).number("total");
}

TEST_CASE("OfflineIndex: a free directory keeps its index, brought up to date") {
  const TempDir dir;
  ShelfLog log;
  KeptLog lines;
  for (int i = 0; i < 3; ++i) add_call(log, {});
  Sequence told = 0;
  {
    auto index = OfflineIndex::open(
        {.dir = dir.path(), .on_progress = [&told](Sequence done, Sequence) { told = done; }}, log,
        kTestEpoch, lines);
    REQUIRE(index.ok());
    CHECK_FALSE((*index)->in_memory());
    CHECK(total(**index, log) == 6);
    CHECK(told == 6);
    CHECK_FALSE(DirectoryLock::take(dir / "trace.lock").ok());  // held meanwhile
  }
  CHECK(DirectoryLock::take(dir / "trace.lock").ok());
  CHECK(std::filesystem::exists(dir / "trace.db"));
}

TEST_CASE("OfflineIndex: beside a server it is built in memory, and the server's is not touched") {
  const TempDir dir;
  ShelfLog log;
  KeptLog lines;
  add_call(log, {});
  const auto lock = DirectoryLock::take(dir / "trace.lock");
  REQUIRE(lock.ok());
  auto index = OfflineIndex::open({.dir = dir.path()}, log, kTestEpoch, lines);
  REQUIRE(index.ok());
  CHECK((*index)->in_memory());
  CHECK(total(**index, log) == 2);
  CHECK(total(**index, log) == 2);  // asked again: one connection, given back
  CHECK_FALSE(std::filesystem::exists(dir / "trace.db"));
  SUBCASE("reindexing is refused there") {
    CHECK(OfflineIndex::open({.dir = dir.path(), .rebuild = true}, log, kTestEpoch, lines)
              .status()
              .code() == Code::unavailable);
  }
  SUBCASE("who holds the directory says so") {
    auto ours =
        OfflineIndex::open({.dir = dir.path(), .dir_is_ours = true}, log, kTestEpoch, lines);
    REQUIRE(ours.ok());
    CHECK_FALSE((*ours)->in_memory());
  }
}

TEST_CASE("[T12] OfflineIndex: reindexing begins from nothing") {
  const TempDir dir;
  ShelfLog log;
  KeptLog lines;
  add_call(log, {});
  REQUIRE(OfflineIndex::open({.dir = dir.path()}, log, kTestEpoch, lines).ok());
  log.change(1, action_of({.tool = "changed"}));  // which an index cannot notice
  auto index = OfflineIndex::open({.dir = dir.path(), .rebuild = true}, log, kTestEpoch, lines);
  REQUIRE(index.ok());
  StatsQuery query;
  query.filter.tools = {"changed"};
  CHECK(
      Answered(TraceQueries((*index)->readers(), log, kTestEpoch).stats(query)).number("entries") ==
      1);
}

TEST_CASE("OfflineIndex: a directory that is not there is told") {
  const TempDir dir;
  ShelfLog log;
  KeptLog lines;
  CHECK(OfflineIndex::open({.dir = dir / "nowhere"}, log, kTestEpoch, lines).status().code() ==
        Code::unavailable);
}

}  // namespace
}  // namespace devs
