#include "orchestrator/streams/log_timeline.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace devs;
using namespace std::chrono_literals;

namespace {
const TimePoint kStart{1h};
}

TEST_CASE("LogTimeline: an entry is as old as the mark that first covers it") {
  LogTimeline line(100, kStart);
  line.mark(110, 1'000, kStart + 1s);
  line.mark(120, 3'000, kStart + 2s);
  const TimePoint now = kStart + 10s;
  CHECK(line.age_of(50, now) == 10s);
  CHECK(line.age_of(100, now) == 10s);
  CHECK(line.age_of(101, now) == 9s);
  CHECK(line.age_of(110, now) == 9s);
  CHECK(line.age_of(111, now) == 8s);
  CHECK(line.age_of(121, now) == 0s);
}

TEST_CASE("LogTimeline: bytes after an entry, in proportion between two marks") {
  LogTimeline line(100, kStart);
  line.mark(110, 1'000, kStart + 1s);
  line.mark(120, 3'000, kStart + 2s);
  CHECK(line.bytes_after(120) == 0);
  CHECK(line.bytes_after(500) == 0);
  CHECK(line.bytes_after(115) == 1'000);
  CHECK(line.bytes_after(110) == 2'000);
  CHECK(line.bytes_after(100) == 3'000);
  CHECK(line.bytes_after(1) == 3'000);
}

TEST_CASE("LogTimeline: whatever comes, ages stay in order and right to a twentieth") {
  LogTimeline line(0, kStart);
  TimePoint now = kStart;
  for (Sequence n = 1; n <= 100'000; ++n) {
    now += 25ms;
    line.mark(n * 10, n * 100, now);
  }
  Duration last = now - kStart;
  for (Sequence n = 1; n <= 1'000'000; n += 977) {
    const Duration age = line.age_of(n, now);
    CHECK(age <= last);
    last = age;
    const Duration real = (100'000 - static_cast<std::int64_t>((n + 9) / 10)) * Duration(25ms);
    CHECK(age <= real);
    CHECK(age >= real - real / 20 - 50ms);
  }
  CHECK(line.age_of(1'000'000, now) == 0s);
  CHECK(line.age_of(999'990, now) == 25ms);
}
