#include "orchestrator/query/trace_index.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/orchestrator/query/query_kit.h"
#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"

namespace devs {
namespace {

struct Indexed {
  TempDir dir;
  ShelfLog log;
  KeptLog lines;
  Metrics metrics;

  TraceIndex::Options options(std::function<Sequence()> visible = {}) const {
    TraceIndex::Options options;
    options.dir = dir.path();
    options.visible = std::move(visible);
    options.poll = std::chrono::milliseconds(2);
    options.retry = std::chrono::milliseconds(2);
    return options;
  }
  std::uint64_t count(std::string_view name) { return metrics.counter(name).value(); }
};

std::int64_t total(TraceIndex& index, const StoredLog& log, std::string text = {}) {
  const TraceQueries queries(index.readers(), log, kTestEpoch);
  EnvelopesQuery query;
  query.filter.text = std::move(text);
  const auto answer = queries.envelopes(query);
  return answer.ok() ? Answered(answer).number("total") : -1;
}

TEST_CASE("TraceIndex: follows the log as it grows") {
  Indexed house;
  TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
  for (int round = 1; round <= 5; ++round) {
    add_call(house.log, {});
    REQUIRE(index.wait_through(house.log.last(), soon()));
    CHECK(total(index, house.log) == 2 * round);
  }
  CHECK(index.status().ok());
  CHECK(house.count("trace_index_through") == 10);
  CHECK(house.count("trace_index_lag_entries") == 0);
  CHECK(house.count("trace_index_entries_total") == 10);
}

TEST_CASE(
    "[S2.5] TraceIndex: who waits for an empty log's last entry waits for the index to be there") {
  Indexed house;
  TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
  REQUIRE(index.wait_through(0, soon()));
  CHECK(total(index, house.log) == 0);
}

TEST_CASE("TraceIndex: shows no more than streams may") {
  Indexed house;
  std::atomic<Sequence> visible{1};
  for (int i = 0; i < 3; ++i) add_call(house.log, {});
  TraceIndex index(house.options([&visible] { return visible.load(); }), house.log, kTestEpoch,
                   house.lines, house.metrics);
  REQUIRE(index.wait_through(1, soon()));
  CHECK(total(index, house.log) == 1);
  visible = 4;
  REQUIRE(index.wait_through(4, soon()));
  CHECK(total(index, house.log) == 4);
}

TEST_CASE("TraceIndex: goes on where it was at the next start") {
  Indexed house;
  add_call(house.log, {});
  {
    TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
    REQUIRE(index.wait_through(2, soon()));
  }
  add_call(house.log, {});
  TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
  REQUIRE(index.wait_through(4, soon()));
  CHECK(total(index, house.log) == 4);
  CHECK(house.count("trace_index_rebuilds_total") == 1);  // the very first
}

TEST_CASE("TraceIndex: damage met while running is built anew, and answered until then") {
  Indexed house;
  for (int i = 0; i < 50; ++i) add_call(house.log, {.out = "a whale"});
  {
    TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
    REQUIRE(index.wait_through(100, soon()));
  }
  // The header stays whole, so that opening it meets nothing.
  std::string bytes = read_file(house.dir / "trace.db");
  for (std::size_t page = 2; page * 4096 < bytes.size(); ++page)
    bytes.replace(page * 4096, 4096, 4096, '\xa5');
  write_file(house.dir / "trace.db", bytes);

  TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
  CHECK(eventually([&] { return total(index, house.log, "whale") == 50; }));
  CHECK(eventually([&] { return index.status().ok(); }));
}

TEST_CASE("TraceIndex: a directory it may not use costs answers, nothing else") {
  Indexed house;
  add_call(house.log, {});
  std::filesystem::create_directory(house.dir / "trace.db");
  TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
  CHECK(eventually([&] { return house.count("trace_index_failures_total") >= 2; }));
  const TraceQueries queries(index.readers(), house.log, kTestEpoch);
  const auto answer = queries.envelopes({});
  CHECK(answer.status().code() == Code::unavailable);
  CHECK_FALSE(answer.status().message().empty());
  CHECK(house.count("trace_index_up") == 0);
  CHECK(house.lines.has("trace_index state="));

  std::filesystem::remove(house.dir / "trace.db");
  CHECK(eventually([&] { return total(index, house.log) == 2; }));
  CHECK(eventually([&] { return house.count("trace_index_up") == 1; }));
}

TEST_CASE("TraceIndex: a file removed while running is built anew") {
  Indexed house;
  add_call(house.log, {});
  TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
  REQUIRE(index.wait_through(2, soon()));
  REQUIRE(IndexWriter::remove(house.dir / "trace.db").ok());
  add_call(house.log, {});
  CHECK(eventually([&] { return house.count("trace_index_rebuilds_total") == 2; }));
  REQUIRE(index.wait_through(4, soon()));
  CHECK(eventually([&] { return total(index, house.log) == 4; }));
  CHECK(std::filesystem::exists(house.dir / "trace.db"));
}

TEST_CASE("TraceIndex: forgets what retention takes") {
  Indexed house;
  for (int i = 0; i < 30; ++i) add_call(house.log, {});
  TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
  REQUIRE(index.wait_through(60, soon()));
  house.log.drop_before(51);
  const auto rows = [&] {
    auto lease = index.readers().lease();
    return lease.ok() ? (*lease)->number("SELECT count(*) FROM entries").value() : -1;
  };
  CHECK(eventually([&] { return rows() == 10; }));
}

TEST_CASE("TraceIndex: questions are refused after stop, and stopping twice is harmless") {
  Indexed house;
  TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
  index.stop();
  index.stop();
  CHECK(index.readers().lease().status().code() == Code::unavailable);
  CHECK_FALSE(index.wait_through(1, already()));
}

TEST_CASE("TraceIndex: many ask while it indexes, trims and is built anew") {
  Indexed house;
  TraceIndex index(house.options(), house.log, kTestEpoch, house.lines, house.metrics);
  std::atomic<bool> done{false};
  std::atomic<int> answered{0};
  std::vector<std::jthread> askers;
  for (int i = 0; i < 4; ++i)
    askers.emplace_back([&, i] {
      const TraceQueries queries(index.readers(), house.log, kTestEpoch);
      while (!done) {
        Result<std::string> answer = Status(Code::internal, "not asked");
        switch (i) {
          case 0:
            answer = queries.envelopes({});
            break;
          case 1:
            answer = queries.sessions({});
            break;
          case 2:
            answer = queries.stats({});
            break;
          default: {
            EnvelopesQuery query;
            query.filter.text = "whale";
            query.newest_first = true;
            answer = queries.envelopes(query);
          }
        }
        // As if a reader had met damage: a few times, since each builds the index anew
        // behind everybody who asks.
        if (const int count = answer.ok() ? ++answered : 0;
            count > 0 && count % 25 == 0 && count <= 75)
          (void)index.readers().judged(Status(Code::data_loss, "said the test"));
      }
    });
  for (int i = 0; i < 300; ++i) {
    add_call(house.log, {.id = "c-" + std::to_string(i), .out = "a whale"});
    if (i % 50 == 49) house.log.drop_before(static_cast<Sequence>(i));
  }
  CHECK(index.wait_through(600, soon()));
  CHECK(eventually([&] { return answered > 100; }));
  done = true;
  askers.clear();
  CHECK(eventually([&] { return total(index, house.log) == 302; }));
}

TEST_CASE("TraceIndex: reads the flight log itself") {
  Indexed house;
  auto flight = FlightLog::open({.dir = house.dir.path()}, house.lines);
  REQUIRE(flight.ok());
  REQUIRE(append_some(**flight, 3000).ok());
  TraceIndex index(house.options(), **flight, (*flight)->epoch(), house.lines, house.metrics);
  REQUIRE(index.wait_through(3000, soon()));
  const TraceQueries queries(index.readers(), **flight, (*flight)->epoch());
  EnvelopesQuery query;
  query.limit = 1000;
  query.newest_first = true;
  const Answered answer(queries.envelopes(query));
  CHECK(answer.number("total") == 3000);
  CHECK(answer["envelopes"].size() == 1000);
  CHECK(answer.text().find(R"("envelope":)" + body_of("2500")) != std::string::npos);
  index.stop();
}

}  // namespace
}  // namespace devs
