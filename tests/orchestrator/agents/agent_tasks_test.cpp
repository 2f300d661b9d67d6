#include "orchestrator/agents/agent_tasks.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "orchestrator/agents/agent_frames.h"
#include "tests/orchestrator/agents/agent_house.h"

namespace devs {
namespace {

using Kind = AgentDone::Kind;

}  // namespace

TEST_CASE("[S1.16] a task with a tool is that call: its story, its end, its result") {
  TempDir dir;
  AgentHouse house(dir.path());
  REQUIRE(house.tools
              .add(make_function_tool(
                  spec("greet"), [](const ToolRun&) { return text_outcome("hello"); },
                  house.tool_workers))
              .ok());
  REQUIRE(house.call("t-1", "greet") == Kind::done);
  const AgentTaskRow row = house.ended("t-1");
  CHECK(row.state.status == AgentTaskStatus::completed);
  CHECK(row.state.progress == 100);
  CHECK(row.result == R"({"content":[{"type":"text","text":"hello"}],"isError":false})");
  CHECK(house.told("t-1") == "TASK_STARTED action observation TASK_COMPLETED");
  for (const EntryPtr& entry : house.story("t-1")) {
    CHECK(entry->facts.agent_id == "writer");
    CHECK(entry->facts.session_id == "c-9");
  }
}

TEST_CASE("[S1.16] cancelling a task reaches the running tool") {
  TempDir dir;
  AgentHouse house(dir.path());
  const auto held = std::make_shared<Held>("hold");
  REQUIRE(house.tools.add(held).ok());
  REQUIRE(house.call("t-1", "hold") == Kind::done);
  REQUIRE(held->wait_started());
  CHECK_FALSE(held->run().stop.stop_requested());
  CHECK(house.cancel("t-1") == Kind::done);
  CHECK(held->run().stop.stop_requested());
  CHECK(house.told("t-1") == "TASK_STARTED action observation TASK_CANCELLED");
  CHECK(status_of(house.story("t-1")[2]) == "CANCELLED");
  CHECK(house.row("t-1")->state.status == AgentTaskStatus::cancelled);
  CHECK(house.cancel("t-1") == Kind::conflict);
  held->take_done()(text_outcome("too late"));
  CHECK(house.told("t-1") == "TASK_STARTED action observation TASK_CANCELLED");
}

TEST_CASE("[S1.3] a tool that fails, or is unknown, fails its task in words") {
  TempDir dir;
  AgentHouse house(dir.path());
  REQUIRE(house.tools
              .add(make_function_tool(
                  spec("bad"),
                  [](const ToolRun&) { return text_outcome("broken", CallStatus::tool_error); },
                  house.tool_workers))
              .ok());
  REQUIRE(house.call("t-1", "bad") == Kind::done);
  CHECK(house.ended("t-1").error == "broken");
  CHECK(house.ended("t-1").state.status == AgentTaskStatus::failed);
  REQUIRE(house.call("t-2", "nobody") == Kind::done);
  CHECK(house.ended("t-2").error == "Unknown tool: nobody");
}

TEST_CASE("[S1.16] what a tool tells of its progress is the task's") {
  TempDir dir;
  AgentHouse house(dir.path());
  const auto held = std::make_shared<Held>("hold");
  REQUIRE(house.tools.add(held).ok());
  REQUIRE(house.call("t-1", "hold") == Kind::done);
  REQUIRE(held->wait_started());
  REQUIRE(held->run().wants_progress);
  for (int n = 0; n < 1'000; ++n)
    held->run().progress(R"({"progress":1,"total":4,"message":"a quarter"})");
  held->take_done()(text_outcome("done"));
  CHECK(house.ended("t-1").state.message == "a quarter");
  // The log hears two a second of them at most.
  CHECK(house.story("t-1").size() < 100);
}

TEST_CASE("[S1.3] a task ends once: whoever is second is told") {
  TempDir dir;
  AgentHouse house(dir.path());
  REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
  CHECK(house.end("t-1", {}) == Kind::done);
  CHECK(house.end("t-1", {}) == Kind::conflict);
  CHECK(house.cancel("t-1") == Kind::conflict);
  CHECK(house.progress("t-1", 1) == Kind::conflict);
  CHECK(house.end("t-9", {}) == Kind::unknown);
  CHECK(house.told("t-1") == "TASK_STARTED TASK_COMPLETED");
}

TEST_CASE("[S1.3] of many who end a task at once one does") {
  TempDir dir;
  AgentHouse house(dir.path());
  REQUIRE(house.create(AgentHouse::order("t-1")) == Kind::done);
  std::vector<std::future<Kind>> all;
  for (int n = 0; n < 8; ++n)
    all.push_back(std::async(std::launch::async, [&house] { return house.end("t-1", {}); }));
  int ended = 0;
  for (auto& each : all) ended += each.get() == Kind::done ? 1 : 0;
  CHECK(ended == 1);
  CHECK(house.told("t-1") == "TASK_STARTED TASK_COMPLETED");
}

TEST_CASE("[S1.1] an id that is taken is a conflict, and a call is ended by nobody else") {
  TempDir dir;
  AgentHouse house(dir.path());
  const auto held = std::make_shared<Held>("hold");
  REQUIRE(house.tools.add(held).ok());
  REQUIRE(house.call("t-1", "hold") == Kind::done);
  CHECK(house.create(AgentHouse::order("t-1")) == Kind::conflict);
  CHECK(house.end("t-1", {}) == Kind::conflict);
  REQUIRE(held->wait_started());
  held->take_done()(text_outcome("x"));
  CHECK(house.ended("t-1").state.status == AgentTaskStatus::completed);
}

TEST_CASE("[S1.16] a call that a crash interrupted fails its task at the next start, once") {
  TempDir dir, crash;
  {
    AgentHouse house(dir.path());
    const auto held = std::make_shared<Held>("hold");
    REQUIRE(house.tools.add(held).ok());
    REQUIRE(house.call("t-1", "hold") == Kind::done);
    REQUIRE(held->wait_started());
    REQUIRE(house.recorder.flush(soon()).ok());
    (void)house.row("t-1");  // stored
    // What a kill leaves is what lies on disk at this moment.
    std::filesystem::copy(dir.path(), crash.path(), std::filesystem::copy_options::recursive);
    held->take_done()(text_outcome("x"));
  }
  for (int life = 0; life < 2; ++life) {
    AgentHouse house(crash.path());
    CHECK(house.ended("t-1").state.status == AgentTaskStatus::failed);
    CHECK(house.told("t-1") == "TASK_STARTED action TASK_FAILED");
  }
}

TEST_CASE("[S1.13] 50 tasks side by side: each has its own entries, in order, and no others") {
  TempDir dir;
  AgentHouse house(dir.path());
  constexpr int kTasks = 50, kSteps = 20;
  std::vector<std::future<void>> all;
  for (int task = 0; task < kTasks; ++task) {
    const std::string id = "t-" + std::to_string(task);
    REQUIRE(house.create(AgentHouse::order(id)) == Kind::done);
    all.push_back(std::async(std::launch::async, [&house, id] {
      for (int n = 1; n <= kSteps; ++n)
        (void)house.progress(id, n, id + " step " + std::to_string(n));
      (void)house.end(id, {});
    }));
  }
  for (auto& each : all) each.get();
  for (int task = 0; task < kTasks; ++task) {
    const std::string id = "t-" + std::to_string(task);
    const auto messages = house.messages(id);
    REQUIRE(messages.size() == kSteps + 2);
    for (int n = 1; n <= kSteps; ++n)
      CHECK(messages[static_cast<std::size_t>(n)].content == id + " step " + std::to_string(n));
    CHECK(house.row(id)->state.status == AgentTaskStatus::completed);
  }
}

TEST_CASE("[S1.13] one owner's open tasks leave room for the others'") {
  AgentTaskTable table;
  std::string forgotten;
  const auto claim = [&](const std::string& id, const std::string& owner) {
    auto card = std::make_shared<AgentTaskCard>();
    card->id = id;
    card->owner = owner;
    return table.claim(std::move(card), forgotten);
  };
  for (std::size_t n = 0; n < AgentTaskTable::kMaxOpenOfOne; ++n)
    REQUIRE(claim("a-" + std::to_string(n), "a") == AgentTaskTable::Claim::made);
  CHECK(claim("a-more", "a") == AgentTaskTable::Claim::full);
  CHECK(claim("b-1", "b") == AgentTaskTable::Claim::made);
  AgentNews end;
  end.status = AgentTaskStatus::completed;
  REQUIRE(table.apply("a-0", 1, end, 0));
  CHECK(claim("a-more", "a") == AgentTaskTable::Claim::made);
}

TEST_CASE("[S1.13] the table forgets what ended first, when it is full") {
  AgentTaskTable table;
  std::string forgotten;
  AgentNews end;
  end.status = AgentTaskStatus::completed;
  for (std::size_t n = 0; n < AgentTaskTable::kMax; ++n) {
    auto card = std::make_shared<AgentTaskCard>();
    card->id = "t-" + std::to_string(n);
    REQUIRE(table.claim(std::move(card), forgotten) == AgentTaskTable::Claim::made);
    REQUIRE(table.apply("t-" + std::to_string(n), n + 1, end, 0));
  }
  CHECK(forgotten.empty());
  auto card = std::make_shared<AgentTaskCard>();
  card->id = "one more";
  CHECK(table.claim(std::move(card), forgotten) == AgentTaskTable::Claim::made);
  CHECK(forgotten == "t-0");
  CHECK(table.size() == AgentTaskTable::kMax);
}

}  // namespace devs
