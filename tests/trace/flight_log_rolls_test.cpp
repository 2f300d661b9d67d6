// The active file becomes a segment: when, and what a roll that was interrupted leaves.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/fake_clock.h"
#include "tests/trace/flight_log_kit.h"

namespace devs {
namespace {

TEST_CASE("[T1] FlightLog: rolled at its size, at the next append, and read as one") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path(), .segment_bytes = 100}, lines);
  REQUIRE(log.ok());
  for (int i = 0; i < 10; ++i) REQUIRE(append_some(**log, 5).ok());
  CHECK((*log)->segments().list()->size() == 4);  // of 126 to 140 bytes; the fifth is active
  CHECK(bodies_of(**log) == numbered(1, 50));
  CHECK((*log)->oldest() == 1);
  CHECK(look(**log, 9).next == 51);
  CHECK(bytes_of(dir / name_of_base(1, ".ndjson")).size() > 100);
  CHECK(std::filesystem::exists(dir / name_of_base(1, ".idx")));
  std::vector<Sequence> got;
  (void)(*log)->read(8, {.entries = 20, .bytes = 1u << 20}, [&](const StoredLine& line) {
    CHECK(line.body == body_of(std::to_string(line.sequence)));
    CHECK(line.stored_ms > 0);
    got.push_back(line.sequence);
  });
  REQUIRE(got.size() == 20);
  CHECK(got.back() == 27);

  reopen(log, {.dir = dir.path(), .segment_bytes = 100}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->found().last == 50);
  CHECK_FALSE((*log)->found().sidecar_rebuilt);
  CHECK(bodies_of(**log) == numbered(1, 50));
  REQUIRE(append_some(**log, 1).ok());
  CHECK(bodies_of(**log) == numbered(1, 51));
  CHECK(lines.count("warn") + lines.count("error") == 0);
}

TEST_CASE("[T1] FlightLog: rolled at its age, which a restart does not begin anew") {
  const TempDir dir;
  MemoryLog lines;
  FakeClock clock;
  const auto open = [&] {
    return FlightLog::open(
        {.dir = dir.path(), .segment_age = std::chrono::seconds(60), .clock = &clock}, lines);
  };
  Opened log = open();
  REQUIRE(log.ok());
  clock.advance(std::chrono::hours(1));
  REQUIRE(append_some(**log, 1).ok());  // an empty file has no age
  clock.advance(std::chrono::seconds(59));
  REQUIRE(append_some(**log, 1).ok());
  CHECK((*log)->segments().list()->empty());
  log = Status(Code::internal, "closed");
  log = open();
  REQUIRE(log.ok());
  clock.set_wall(clock.wall() - std::chrono::hours(24));  // nobody's age depends on it now
  clock.advance(std::chrono::seconds(1));
  REQUIRE(append_some(**log, 1).ok());
  CHECK((*log)->segments().list()->size() == 1);
  CHECK(bodies_of(**log) == numbered(1, 3));
}

TEST_CASE("FlightLog: rolling nothing changes nothing") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->roll().ok());
  CHECK((*log)->segments().list()->empty());
  CHECK((*log)->oldest() == 1);
  REQUIRE(append_some(**log, 1).ok());
  CHECK((*log)->roll().ok());
  CHECK((*log)->roll().ok());
  CHECK((*log)->segments().list()->size() == 1);
  CHECK((*log)->last() == 1);
}

// Each operation of a roll refused once: the process goes on, or dies there and starts anew.
TEST_CASE("FlightLog: a roll refused at any step is finished later, by this process or the next") {
  for (const bool dies : {false, true}) {
    for (const Op op : {Op::truncate, Op::make_directory, Op::rename, Op::sync_directory, Op::open,
                        Op::append, Op::sync}) {
      for (std::size_t good = 0; good < 4; ++good) {
        CAPTURE(dies);
        CAPTURE(static_cast<int>(op));
        CAPTURE(good);
        const TempDir dir;
        MemoryLog lines;
        BrokenDisk disk;
        Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
        REQUIRE(log.ok());
        REQUIRE(append_some(**log, 3).ok());
        disk.refuse(op, {.good = good, .count = 1, .why = kEio});
        const Status rolled = (*log)->roll();
        CHECK(bodies_of(**log) == numbered(1, 3));  // readers do not notice
        disk.mend();
        if (dies) {
          reopen(log, {.dir = dir.path(), .files = &disk}, lines);
          REQUIRE(log.ok());
          CHECK((*log)->last() == 3);
          CHECK(bodies_of(**log) == numbered(1, 3));
        } else if (!rolled.ok()) {
          CHECK((*log)->roll().ok());
          CHECK((*log)->segments().list()->size() == 1);
        }
        REQUIRE(append_some(**log, 2).ok());
        CHECK(bodies_of(**log) == numbered(1, 5));
        reopen(log, {.dir = dir.path()}, lines);
        REQUIRE(log.ok());
        CHECK(bodies_of(**log) == numbered(1, 5));
        CHECK(lines.count("error") == 0);
      }
    }
  }
}

TEST_CASE("FlightLog: the two names of a roll may reach the disk in either order") {
  for (const bool log_first : {true, false}) {
    const TempDir dir;
    MemoryLog lines;
    write_segments(dir.path(), 3, 1);
    const std::string moved = log_first ? "trace.log" : "trace.idx";
    std::filesystem::rename(dir / moved, dir / name_of_base(1, log_first ? ".ndjson" : ".idx"));
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    CHECK((*log)->segments().list()->size() == (log_first ? 1 : 0));
    CHECK((*log)->last() == 3);
    CHECK(bodies_of(**log) == numbered(1, 3));
    REQUIRE(append_some(**log, 1).ok());
    CHECK(bodies_of(**log) == numbered(1, 4));
    CHECK(lines.count("info interrupted_roll_mended") == 1);
  }
}

}  // namespace
}  // namespace devs
