#include <doctest/doctest.h>

#include "tests/e2e/crash/kill_rounds.h"

namespace devs {
namespace {

// Fifty times by themselves; `crash_harness --iterations 1000` for more.
TEST_CASE("[S0.9][T16] FlightLog: after kill -9 the log has all a reader saw, in order, once") {
  const KillReport report = run({.writer = DEVS_CRASH_WRITER, .iterations = 50, .seed = 9});
  CHECK_MESSAGE(report.fault.empty(), report.fault);
  CHECK(report.kills == 50);
  CHECK(report.acknowledged > 50);  // how many is up to the machine
  CHECK(report.segments > 50);
}

}  // namespace
}  // namespace devs
