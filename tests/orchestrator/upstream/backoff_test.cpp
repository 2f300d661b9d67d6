#include "orchestrator/upstream/backoff.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

using std::chrono::milliseconds;

TEST_CASE("Backoff: half a second, doubling to thirty, and no further") {
  Backoff backoff(milliseconds(500), milliseconds(30'000));
  for (const int expected : {500, 1000, 2000, 4000, 8000, 16'000, 30'000, 30'000})
    CHECK(backoff.next(0).count() == expected);
}

TEST_CASE("Backoff: jitter takes away up to a quarter, never more") {
  Backoff backoff(milliseconds(1000), milliseconds(30'000));
  const auto jittered = backoff.next(255).count();
  CHECK(jittered > 750);
  CHECK(jittered < 760);
}

TEST_CASE("Backoff: with all the jitter there is, a child is spawned at most 10 times a minute") {
  Backoff backoff(milliseconds(500), milliseconds(30'000));
  int spawns = 1;
  for (milliseconds at = backoff.next(255); at < milliseconds(60'000); at += backoff.next(255))
    ++spawns;
  CHECK(spawns <= 10);
}

TEST_CASE("Backoff: after health it begins anew") {
  Backoff backoff(milliseconds(500), milliseconds(30'000));
  backoff.next(0);
  backoff.next(0);
  backoff.reset();
  CHECK(backoff.next(0).count() == 500);
}

}  // namespace
}  // namespace devs
