#include "orchestrator/calls/turn_tracker.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("TurnTracker: a thread begins at turn 0, call 0") {
  TurnTracker turns;
  const auto place = turns.begin("t", "main", std::nullopt, false);
  CHECK(place.turn_index == 0);
  CHECK(place.call_index == 0);
}

TEST_CASE("TurnTracker: a call beside a running one joins its turn") {
  TurnTracker turns;
  const auto first = turns.begin("t", "main", std::nullopt, false);
  const auto beside = turns.begin("t", "main", std::nullopt, false);
  CHECK(beside.turn_index == 0);
  CHECK(beside.call_index == 1);
  turns.ended(first);
  CHECK(turns.begin("t", "main", std::nullopt, false).turn_index == 0);
}

TEST_CASE("TurnTracker: after the last one ended, the next call opens a turn") {
  TurnTracker turns;
  turns.ended(turns.begin("t", "main", std::nullopt, false));
  const auto next = turns.begin("t", "main", std::nullopt, false);
  CHECK(next.turn_index == 1);
  CHECK(next.call_index == 0);
}

TEST_CASE("TurnTracker: a thought opens a turn even beside a running call") {
  TurnTracker turns;
  (void)turns.begin("t", "main", std::nullopt, false);
  CHECK(turns.begin("t", "main", std::nullopt, true).turn_index == 1);
}

TEST_CASE("TurnTracker: the host's own index stands and moves the tracker") {
  TurnTracker turns;
  const auto given = turns.begin("t", "main", 7, false);
  CHECK(given.turn_index == 7);
  turns.ended(given);
  CHECK(turns.begin("t", "main", std::nullopt, false).turn_index == 8);
}

TEST_CASE("TurnTracker: threads and tasks count apart") {
  TurnTracker turns;
  turns.ended(turns.begin("t", "main", std::nullopt, false));
  CHECK(turns.begin("t", "side", std::nullopt, false).turn_index == 0);
  CHECK(turns.begin("u", "main", std::nullopt, false).turn_index == 0);
}

TEST_CASE("TurnTracker: beyond its bound the thread used longest ago is forgotten") {
  TurnTracker turns;
  turns.ended(turns.begin("first", "main", std::nullopt, false));
  for (std::size_t i = 0; i < TurnTracker::kKept; ++i)
    turns.ended(turns.begin("t" + std::to_string(i), "main", std::nullopt, false));
  CHECK(turns.begin("first", "main", std::nullopt, false).turn_index == 0);
  CHECK(turns.begin("t1", "main", std::nullopt, false).turn_index == 1);
}

}  // namespace
}  // namespace devs
