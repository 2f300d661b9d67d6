// What a log has not is declared: given up, lost, expired.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/trace/flight_log_kit.h"

namespace devs {
namespace {

TEST_CASE("FlightLog: what was never stored is declared, at once and after a restart") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_some(**log, 3).ok());
  REQUIRE((*log)->reserve(0).ok());
  REQUIRE((*log)->skip(10).ok());
  CHECK((*log)->last() == 10);
  const auto check_gap = [&](Sequence through) {
    const ReadOutcome gap = look(**log, 4);
    REQUIRE(gap.loss);
    CHECK(gap.loss->from == 4);
    CHECK(gap.loss->through == through);
    CHECK(gap.loss->reason == LossReason::recorder);
  };
  check_gap(10);
  CHECK(append_one(**log, 9).code() == Code::internal);
  REQUIRE(append_one(**log, 12).ok());  // 11 is nobody's either
  check_gap(11);
  REQUIRE((*log)->release().ok());
  reopen(log, {.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  check_gap(11);
  CHECK((*log)->last() == 12);
  CHECK(bodies_of(**log) ==
        std::vector<std::string>{body_of("1"), body_of("2"), body_of("3"), body_of("12")});
}

TEST_CASE("FlightLog: a log that begins with a hole declares it") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_one(**log, 5).ok());
  for (const bool reopened : {false, true}) {
    if (reopened) {
      reopen(log, {.dir = dir.path()}, lines);
      REQUIRE(log.ok());
    }
    REQUIRE(look(**log, 1).loss);
    CHECK(look(**log, 1).loss->through == 4);
    CHECK(look(**log, 1).loss->reason == LossReason::recorder);
    CHECK((*log)->oldest() == 5);
  }
}

TEST_CASE("FlightLog: a segment that is gone is corrupt, or expired when retention dropped it") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir.path(), 12, 1);  // segments of three
  {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE((*log)->remember_expired(3).ok());
    REQUIRE((*log)->remember_expired(2).ok());
  }
  for (const Sequence base : {1u, 7u})
    for (const char* ending : {".ndjson", ".idx"})
      std::filesystem::remove(dir / name_of_base(base, ending));
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->segments().expired_through() == 3);
  CHECK((*log)->oldest() == 4);
  REQUIRE(look(**log, 2).loss);
  CHECK(look(**log, 2).loss->through == 3);
  CHECK(look(**log, 2).loss->reason == LossReason::expired);
  REQUIRE(look(**log, 7).loss);
  CHECK(look(**log, 7).loss->through == 9);
  CHECK(look(**log, 7).loss->reason == LossReason::corrupt);
}

TEST_CASE("FlightLog: when retention dropped all there was, its numbers go on") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir.path(), 3, 1);
  Epoch epoch;
  {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE((*log)->roll().ok());
    REQUIRE((*log)->remember_expired(3).ok());
    epoch = (*log)->epoch();
  }
  std::filesystem::remove_all(dir / "segments");
  SUBCASE("the sidecar says where") {
  }
  SUBCASE("trace.meta says where") {
    std::filesystem::remove(dir / "trace.idx");
  }
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->last() == 3);
  CHECK((*log)->oldest() == 4);
  CHECK((*log)->epoch() == epoch);
  REQUIRE(append_some(**log, 1).ok());
  CHECK(bodies_of(**log) == numbered(4, 4));
}

}  // namespace
}  // namespace devs
