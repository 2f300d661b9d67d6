#include "protocol/wall_time.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("wall_time: ms and ISO text are each other's inverse") {
  CHECK(iso_of_ms(1'795'224'245'120) == "2026-11-21T01:24:05.120Z");
  CHECK(iso_of_ms(0) == "1970-01-01T00:00:00.000Z");
  CHECK(iso_of_ms(-1) == "1969-12-31T23:59:59.999Z");
  for (const std::int64_t ms :
       {1'000LL, 951'782'400'000LL, 1'795'224'245'120LL, 4'102'444'799'999LL})
    CHECK(ms_of_time(iso_of_ms(ms)) == ms);
}

TEST_CASE("wall_time: plain ms, and decimals cut to three, are understood") {
  CHECK(ms_of_time("1795224245120") == 1'795'224'245'120);
  CHECK(ms_of_time("0") == 0);
  CHECK(ms_of_time("2026-11-21T01:24:05Z") == 1'795'224'245'000);
  CHECK(ms_of_time("2026-11-21T01:24:05.1Z") == 1'795'224'245'100);
  CHECK(ms_of_time("2026-11-21T01:24:05.120999999Z") == 1'795'224'245'120);
}

TEST_CASE("wall_time: what is no time is refused") {
  for (const char* text : {"",
                           " ",
                           "-1",
                           "1e3",
                           "1234567890123456",
                           "2026-11-21",
                           "2026-11-21T01:24:05",
                           "2026-11-21 01:24:05Z",
                           "2026-13-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.1234567890Z",
                           "2026-01-01T00:00:00,1Z",
                           "2026-01-01T00:00:00+01:00",
                           "2026-01-01T00:00:00z",
                           "now",
                           "20a6-01-01T00:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(ms_of_time(text).has_value());
  }
}

}  // namespace
}  // namespace devs
