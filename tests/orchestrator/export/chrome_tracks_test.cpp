#include "orchestrator/export/chrome_tracks.h"

#include <doctest/doctest.h>

#include <set>

namespace devs {
namespace {

TEST_CASE(
    "ChromeTracks: calls side by side lie on rows of their own, calls one after the "
    "other on one") {
  ChromeTracks tracks;
  ChromeTracks::Names names;
  const auto first = tracks.free_lane("t", "a", 0, names);
  first->open = true;
  const auto second = tracks.free_lane("t", "a", 5, names);
  CHECK(second->tid != first->tid);
  CHECK(second->pid == first->pid);
  first->open = false;
  first->free_us = 10;
  CHECK(tracks.free_lane("t", "a", 10, names) == first);
  CHECK(tracks.free_lane("t", "a", 9, names) == second);
  CHECK(tracks.first_lane("t", "a", names) == first);
  REQUIRE(names.size() == 3);
  CHECK(names[0] == R"({"name":"process_name","ph":"M","pid":2,"args":{"name":"task t"}})");
  CHECK(names[1] == R"({"name":"thread_name","ph":"M","pid":2,"tid":3,"args":{"name":"a"}})");
  CHECK(names[2] == R"({"name":"thread_name","ph":"M","pid":2,"tid":4,"args":{"name":"a #2"}})");
}

TEST_CASE(
    "ChromeTracks: no number is a process and a thread, or two of either, however many "
    "there are") {
  ChromeTracks tracks;
  std::set<std::uint32_t> pids, tids;
  std::size_t rows = 0;
  for (int i = 0; i < 60'000; ++i) {
    ChromeTracks::Names names;
    const auto lane =
        tracks.free_lane("t" + std::to_string(i % 30'000), "a" + std::to_string(i), 0, names);
    pids.insert(lane->pid);
    CHECK(tids.insert(lane->tid).second);
    rows += names.size();
  }
  for (const std::uint32_t pid : pids) CHECK(!tids.contains(pid));
  CHECK(rows == pids.size() + tids.size());
  CHECK(pids.size() > 30'000);  // it forgot some, and named them anew
}

TEST_CASE(
    "ChromeTracks: an agent with too many calls at once gets fresh rows, not an "
    "endless search") {
  ChromeTracks tracks;
  std::set<std::uint32_t> tids;
  ChromeTracks::Names names;
  for (std::size_t i = 0; i < 3 * ChromeTracks::kMaxLanesOfAgent; ++i) {
    const auto lane = tracks.free_lane("t", "a", 0, names);
    lane->open = true;
    CHECK(tids.insert(lane->tid).second);
  }
}

}  // namespace
}  // namespace devs
