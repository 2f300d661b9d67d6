#include "orchestrator/query/offline_index.h"

#include <doctest/doctest.h>

#include <thread>

#include "orchestrator/query/trace_index.h"
#include "tests/orchestrator/query/query_kit.h"
#include "tests/trace/trace_kit.h"

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
    CHECK_FALSE(DirectoryLock::take(dir / "trace.db.lock").ok());  // held meanwhile
  }
  CHECK(DirectoryLock::take(dir / "trace.db.lock").ok());
  CHECK(std::filesystem::exists(dir / "trace.db"));
}

TEST_CASE(
    "[T39] OfflineIndex: a server may start while it is built, and waits for its index only") {
  const TempDir dir;
  ShelfLog log;
  KeptLog lines;
  Metrics metrics;
  add_call(log, {});
  bool started = false;
  auto offline = OfflineIndex::open(
      {.dir = dir.path(),
       .on_progress = [&](Sequence,
                          Sequence) { started = DirectoryLock::take(dir / "trace.lock").ok(); }},
      log, kTestEpoch, lines);
  REQUIRE(offline.ok());
  CHECK(started);

  TraceIndex::Options options;
  options.dir = dir.path();
  options.retry = std::chrono::milliseconds(2);
  TraceIndex index(options, log, kTestEpoch, lines, metrics);
  CHECK_FALSE(index.wait_through(1, std::chrono::steady_clock::now()));
  CHECK(eventually([&index] { return !index.status().ok(); }));
  CHECK(index.status().message().find("trace.db.lock") != std::string::npos);
  CHECK(total(**offline, log) == 2);
  offline->reset();
  CHECK(index.wait_through(2, soon()));
}

TEST_CASE("OfflineIndex: beside a server it is built in memory, and the server's is not touched") {
  const TempDir dir;
  ShelfLog log;
  KeptLog lines;
  add_call(log, {});
  const auto lock = DirectoryLock::take(dir / "trace.db.lock");
  REQUIRE(lock.ok());
  auto index = OfflineIndex::open({.dir = dir.path()}, log, kTestEpoch, lines);
  REQUIRE(index.ok());
  CHECK((*index)->in_memory());
  CHECK(total(**index, log) == 2);
  CHECK(total(**index, log) == 2);  // asked again: one connection, given back
  CHECK_FALSE(std::filesystem::exists(dir / "trace.db"));
  CHECK(OfflineIndex::open({.dir = dir.path(), .rebuild = true}, log, kTestEpoch, lines)
            .status()
            .code() == Code::unavailable);
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
