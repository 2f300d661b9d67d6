#include "orchestrator/agents/agent_keeper.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/agents/agent_frames.h"
#include "tests/orchestrator/agents/agent_house.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

using Kind = AgentDone::Kind;

// Runs the timers that are due by the clock.
void look_at_clock(AgentHouse& house) {
  std::promise<void> looked;
  house.reactor.post([&house, &looked] {
    house.reactor.timers().advance(house.reactor.now());
    looked.set_value();
  });
  looked.get_future().wait();
}

}  // namespace

TEST_CASE("[S1.10] messages expire at their TTL, and are not read from then on") {
  TempDir dir;
  FakeClock clock;
  AgentHouse house(dir.path(), clock);
  REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
  REQUIRE(house.progress("t-1", 10, "one") == Kind::done);
  clock.advance(std::chrono::minutes(30));
  REQUIRE(house.progress("t-1", 20, "two") == Kind::done);
  CHECK(house.messages("t-1").size() == 3);
  clock.advance(std::chrono::minutes(30) - std::chrono::seconds(1));
  CHECK(house.messages("t-1").size() == 3);
  clock.advance(std::chrono::seconds(2));
  const auto left = house.messages("t-1");
  REQUIRE(left.size() == 1);
  CHECK(left[0].content == "two");
  CHECK(left[0].expires_ms - left[0].created_ms == 3'600'000);
}

TEST_CASE("[S1.10] messages are pruned every 15 minutes; the log is not touched") {
  TempDir dir;
  FakeClock clock;
  AgentHouse house(dir.path(), clock, {.message_ttl = std::chrono::minutes(1)});
  REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
  REQUIRE(house.progress("t-1", 10) == Kind::done);
  clock.advance(std::chrono::minutes(14));
  look_at_clock(house);
  CHECK(house.messages("t-1").empty());
  CHECK(house.stored_messages() == 2);
  clock.advance(std::chrono::minutes(1) + std::chrono::seconds(1));
  look_at_clock(house);
  CHECK(house.stored_messages() == 0);
  CHECK(house.told("t-1") == "TASK_STARTED TASK_PROGRESS");
}

TEST_CASE("[S1.11] an ended task stays readable for an hour, and is gone then") {
  TempDir dir;
  FakeClock clock;
  AgentHouse house(dir.path(), clock);
  REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
  REQUIRE(house.create(AgentHouse::order("t-2")) == Kind::done);
  REQUIRE(house.end("t-1", {}) == Kind::done);
  clock.advance(std::chrono::minutes(59));
  CHECK(house.tasks.known("t-1"));
  clock.advance(std::chrono::minutes(2));
  CHECK_FALSE(house.tasks.known("t-1"));
  CHECK(house.tasks.known("t-2"));
  look_at_clock(house);
  CHECK_FALSE(house.row("t-1"));
  CHECK(house.create(AgentHouse::order("t-1")) == Kind::done);
}

TEST_CASE("[S1.13] more than an hour of a step each 5 s: nothing grows beyond its bound") {
  TempDir dir;
  FakeClock clock;
  AgentHouse house(dir.path(), clock);
  REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
  constexpr int kSteps = 800;  // 66 minutes
  for (int n = 1; n <= kSteps; ++n) {
    clock.advance(std::chrono::seconds(5));
    if (n % 180 == 0) look_at_clock(house);
    REQUIRE(house.progress("t-1", n * 100.0 / kSteps, "step " + std::to_string(n)) == Kind::done);
  }
  const auto messages = house.messages("t-1");
  CHECK(messages.size() == 720);  // an hour of them
  CHECK(messages.back().content == "step 800");
  CHECK(house.stored_messages() < 720 + 180 + 2);
  const auto glance = house.keeper.table().glance("t-1");
  CHECK(glance->fresh_from == house.bus.head() - 499);
  REQUIRE(house.end("t-1", {}) == Kind::done);
  CHECK(house.row("t-1")->state.progress == 100);
  CHECK(house.story("t-1").size() == kSteps + 2);
}

TEST_CASE("[S1.9] a stream begins with the 500 newest entries of the task, after a restart too") {
  TempDir dir;
  Sequence first = 0;
  {
    AgentHouse house(dir.path(), system_clock(), {.event_buffer = 5});
    REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
    for (int n = 0; n < 10; ++n) REQUIRE(house.progress("t-1", n) == Kind::done);
    house.keeper.follow();
    first = house.keeper.table().glance("t-1")->fresh_from;
    CHECK(first == house.bus.head() - 4);
  }
  AgentHouse again(dir.path(), system_clock(), {.event_buffer = 5});
  CHECK(again.keeper.table().glance("t-1")->fresh_from == first);
}

TEST_CASE("[S1.11] a restart keeps what was: state, messages, result") {
  TempDir dir;
  std::vector<AgentMessage> before;
  {
    AgentHouse house(dir.path());
    REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
    REQUIRE(house.progress("t-1", 40, "half") == Kind::done);
    REQUIRE(house.create(AgentHouse::order("t-2")) == Kind::done);
    REQUIRE(house.end("t-2", {.status = AgentTaskStatus::failed, .result = {}, .error = "no"}) ==
            Kind::done);
    before = house.messages("t-1");
  }
  AgentHouse house(dir.path());
  CHECK(house.row("t-1")->state.progress == 40);
  CHECK(house.row("t-1")->state.message == "half");
  CHECK(house.row("t-2")->error == "no");
  const auto after = house.messages("t-1");
  REQUIRE(after.size() == before.size());
  for (std::size_t n = 0; n < after.size(); ++n) CHECK(after[n].sequence == before[n].sequence);
  CHECK(house.progress("t-1", 50) == Kind::done);
  CHECK(house.end("t-2", {}) == Kind::conflict);
}

TEST_CASE("[S1.11] a store that a crash left behind the log folds the rest, once") {
  TempDir dir, past;
  const auto db = dir.path() / "agent_tasks.db";
  std::size_t messages = 0;
  {
    AgentHouse house(dir.path());
    REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
    REQUIRE(house.progress("t-1", 10, "one") == Kind::done);
  }
  std::filesystem::copy_file(db, past.path() / "db");
  {
    AgentHouse house(dir.path());
    REQUIRE(house.progress("t-1", 60, "two") == Kind::done);
    REQUIRE(house.end("t-1", {.status = AgentTaskStatus::completed, .result = "7", .error = {}}) ==
            Kind::done);
    messages = house.messages("t-1").size();
  }
  for (const char* beside : {"-wal", "-shm"}) std::filesystem::remove(db.string() + beside);
  std::filesystem::copy_file(past.path() / "db", db,
                             std::filesystem::copy_options::overwrite_existing);
  AgentHouse house(dir.path());
  CHECK(house.row("t-1")->state.status == AgentTaskStatus::completed);
  CHECK(house.row("t-1")->result == "7");
  CHECK(house.messages("t-1").size() == messages);
}

TEST_CASE("[S1.9] a snapshot and what comes after it are the log, whenever it is taken") {
  TempDir dir;
  AgentHouse house(dir.path());
  REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
  for (int n = 1; n <= 50; ++n) {
    REQUIRE(house.progress("t-1", n) == Kind::done);
    house.keeper.follow();
    const auto glance = house.keeper.table().glance("t-1");
    CHECK(glance->applied == house.bus.head());
    CHECK(glance->state.progress == n);
  }
}

TEST_CASE("[S1.13] an entry of another owner is no part of the task") {
  TempDir dir;
  AgentHouse house(dir.path());
  REQUIRE(house.create(AgentHouse::order("t-1", "u1")) == Kind::done);
  Draft forged = draft_of_published(
      R"({"type":"lifecycle","task_id":"t-1","payload":{"event":"TASK_COMPLETED"}})");
  forged.topics = "owner:u2";
  REQUIRE(house.bus.publish(std::move(forged)).ok());
  REQUIRE(house.progress("t-1", 5) == Kind::done);
  CHECK(house.row("t-1")->state.status == AgentTaskStatus::running);
  CHECK(house.messages("t-1").size() == 2);
}

TEST_CASE("[S1.11] polling goes on where a stream was left: ids of messages are ids of events") {
  TempDir dir;
  AgentHouse house(dir.path());
  REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
  for (int n = 1; n <= 6; ++n) REQUIRE(house.progress("t-1", n) == Kind::done);
  const std::vector<EntryPtr> story = house.story("t-1");
  const auto rest = house.messages("t-1", story[3]->sequence);
  REQUIRE(rest.size() == 3);
  for (std::size_t n = 0; n < rest.size(); ++n) CHECK(rest[n].sequence == story[n + 4]->sequence);
}

}  // namespace devs
