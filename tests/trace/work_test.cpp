#include "trace/work.h"

#include <doctest/doctest.h>

#include <memory>

namespace devs {
namespace {

TEST_CASE("MoveFunction: carries what exists once, and lets go of it when it dies") {
  auto owned = std::make_shared<int>(41);
  const std::weak_ptr<int> watch = owned;
  {
    MoveFunction<int(int)> add = [only = std::make_unique<std::shared_ptr<int>>(std::move(owned))](
                                     int n) { return **only + n; };
    MoveFunction<int(int)> moved = std::move(add);
    CHECK_FALSE(static_cast<bool>(add));  // NOLINT: moved-from is empty, that is the promise
    REQUIRE(static_cast<bool>(moved));
    CHECK(moved(1) == 42);
    CHECK_FALSE(watch.expired());
  }
  CHECK(watch.expired());
}

TEST_CASE("MoveFunction: hands move-only arguments through") {
  MoveFunction<int(std::unique_ptr<int>)> open = [](std::unique_ptr<int> n) { return *n; };
  CHECK(open(std::make_unique<int>(7)) == 7);
  CHECK_FALSE(static_cast<bool>(Work()));
}

}  // namespace
}  // namespace devs
