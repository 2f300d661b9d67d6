#include "orchestrator/agents/agent_streams.h"

#include <doctest/doctest.h>

#include <string>

#include "orchestrator/streams/stream_profile.h"

namespace devs {
namespace {

const StreamProfile& row(std::string_view key) {
  for (const StreamProfile& profile : stream_profiles())
    if (profile.key == key) return profile;
  FAIL("no such row");
  std::abort();
}

}  // namespace

TEST_CASE("[S1.14] task streams are kept alive every 15 s, and end with the task") {
  for (const char* key : {"TK", "TP"}) {
    CHECK(row(key).heartbeat == ": keepalive\n\n");
    CHECK(row(key).heartbeat_period == std::chrono::seconds(15));
    CHECK(row(key).cache_control == "no-cache, no-transform");
    CHECK(row(key).cors == CorsPolicy::any);
    CHECK(row(key).ends ==
          std::vector<std::string>{"TASK_COMPLETED", "TASK_FAILED", "TASK_CANCELLED"});
  }
  CHECK(fill_params(row("TK").first, {{"taskId", "t-42"}}) ==
        "data: {\"event_type\":\"connected\",\"taskId\":\"t-42\",\"message\":\"Stream "
        "connected\"}\n\n");
}

TEST_CASE("[S1.15] the admin stream is for operators, with a heartbeat every 30 s, without end") {
  CHECK(row("AD").first == ": connected\n\n");
  CHECK(row("AD").heartbeat == ": heartbeat\n\n");
  CHECK(row("AD").heartbeat_period == std::chrono::seconds(30));
  CHECK(row("AD").operators_only);
  CHECK(row("AD").ends.empty());
}

TEST_CASE("[S1.9] a row of the table has its projection: a task's stream begins with 500 entries") {
  const AgentTaskTable tasks;
  std::string names;
  for (const auto& each : agent_projections(tasks)) names += std::string(each->name()) + ' ';
  CHECK(names == "agent task_progress admin ");
  CHECK(AgentKeeper::Options().event_buffer == 500);
}

}  // namespace devs
