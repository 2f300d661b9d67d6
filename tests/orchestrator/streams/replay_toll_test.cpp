#include "orchestrator/streams/replay_toll.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace devs;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kStretch = 256 * 1024;

// What some readers get in one second of taking all they may, in MB each.
std::vector<std::size_t> served(std::size_t readers) {
  ReplayToll toll;
  const TimePoint start{1h};
  std::vector<std::size_t> bytes(readers, 0);
  for (TimePoint now = start; now < start + 1s; now += 10ms)
    for (bool any = true; any;) {
      any = false;
      for (std::size_t reader = 0; reader < readers; ++reader) {
        if (toll.open_to(reader) > now) continue;
        toll.charge(reader, kStretch, now);
        bytes[reader] += kStretch;
        any = true;
      }
    }
  for (std::size_t& each : bytes) each /= 1024 * 1024;
  return bytes;
}

}  // namespace

TEST_CASE("ReplayToll: one reader gets 64 MB a second") {
  const auto mb = served(1);
  CHECK(mb[0] >= 60);
  CHECK(mb[0] <= 68);
}

TEST_CASE("ReplayToll: all together get 256 MB a second, nobody more than its own 64") {
  std::size_t all = 0;
  for (const std::size_t mb : served(10)) {
    CHECK(mb <= 68);
    all += mb;
  }
  CHECK(all >= 230);
  CHECK(all <= 275);
}

TEST_CASE("ReplayToll: when it is cleared, everything is open") {
  ReplayToll toll;
  const TimePoint now{1h};
  toll.charge(1, 1u << 30, now);
  CHECK(toll.open_to(1) > now + 10s);
  CHECK(toll.open_to(2) > now);
  toll.clear();
  CHECK(toll.open_to(1) <= now);
}
