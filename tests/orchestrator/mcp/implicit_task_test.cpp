#include "orchestrator/mcp/implicit_task.h"

#include <doctest/doctest.h>

#include "protocol/ids.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

TEST_CASE("ImplicitTask: calls that follow each other belong to one task") {
  FakeClock clock;
  ImplicitTask task;
  const std::string first = task.begin_call(clock);
  CHECK(is_uuid(first));
  CHECK(task.begin_call(clock) == first);
  task.end_call(clock);
  task.end_call(clock);
  clock.advance(std::chrono::milliseconds(59'999));
  CHECK(task.begin_call(clock) == first);
}

TEST_CASE("ImplicitTask: 60 s without a running call end it") {
  FakeClock clock;
  ImplicitTask task;
  const std::string first = task.begin_call(clock);
  task.end_call(clock);
  clock.advance(std::chrono::seconds(60));
  const std::string second = task.begin_call(clock);
  CHECK(second != first);
  clock.advance(std::chrono::hours(5));  // a running call holds it, however long
  CHECK(task.begin_call(clock) == second);
}

TEST_CASE("PrincipalTasks: one task per principal, a bounded number of them") {
  FakeClock clock;
  PrincipalTasks tasks;
  const auto mine = tasks.of("local");
  CHECK(tasks.of("local") == mine);
  CHECK(tasks.of("other") != mine);
  for (std::size_t i = 0; i < PrincipalTasks::kMaxPrincipals + 5; ++i) {
    (void)tasks.of("p" + std::to_string(i));
    REQUIRE(tasks.size() <= PrincipalTasks::kMaxPrincipals);
  }
  (void)mine->begin_call(clock);  // whoever holds one keeps it
}

}  // namespace
}  // namespace devs
