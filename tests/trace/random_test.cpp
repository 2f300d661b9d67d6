#include "trace/random.h"

#include <doctest/doctest.h>

#include <set>

#include "protocol/ids.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

TEST_CASE("random: hex has two digits per byte and does not repeat") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = random_hex(16);
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(seen.insert(id).second);
  }
  CHECK(random_hex(0).empty());
}

TEST_CASE("random: large requests are filled to the end") {
  std::array<std::uint8_t, 100'000> bytes{};
  random_bytes(bytes);
  std::set<std::uint8_t> tail(bytes.end() - 1000, bytes.end());
  CHECK(tail.size() > 100);
}

TEST_CASE("random: a UUIDv7 begins with the wall clock's milliseconds") {
  FakeClock clock;
  const std::string id = new_uuid_v7(clock);
  CHECK(is_uuid(id));
  CHECK(id.substr(14, 1) == "7");
  CHECK(std::stoll(id.substr(0, 8) + id.substr(9, 4), nullptr, 16) == 1'795'224'245'120);
  CHECK(new_uuid_v7(clock) != id);
}

}  // namespace
}  // namespace devs
