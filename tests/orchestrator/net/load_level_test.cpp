#include "orchestrator/net/load_level.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

using Level = LoadLevel::Level;

TEST_CASE("LoadLevel: tight over 80 % of what streams leave, and until under 75 %") {
  LoadLevel load;
  CHECK(load.update(80, 0, 100) == Level::normal);
  CHECK(load.update(81, 0, 100) == Level::tight);
  CHECK(load.update(76, 0, 100) == Level::tight);
  CHECK(load.update(75, 0, 100) == Level::normal);
  // 50 streams leave 50: 41 requests are over 80 % of them.
  CHECK(load.update(90, 50, 100) == Level::normal);
  CHECK(load.update(91, 50, 100) == Level::tight);
}

TEST_CASE("LoadLevel: shed over 95 % of all, and until under 90 %") {
  LoadLevel load;
  CHECK(load.update(95, 90, 100) != Level::shed);
  CHECK(load.update(96, 90, 100) == Level::shed);
  CHECK(load.update(91, 90, 100) == Level::shed);
  CHECK(load.update(90, 90, 100) != Level::shed);
}

}  // namespace
}  // namespace devs
