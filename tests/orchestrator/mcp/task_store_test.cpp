#include "orchestrator/mcp/task_store.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "orchestrator/mcp/tasks.h"
#include "tests/support/temp_dir.h"
#include "trace/random.h"

namespace devs {
namespace {

namespace fs = std::filesystem;

TaskRecord task(std::string key, std::string principal = "me") {
  TaskRecord record;
  record.key = std::move(key);
  record.id = "v1." + record.key;
  record.principal = std::move(principal);
  record.created_ms = record.updated_ms = 1'000;
  record.ttl_ms = 500;
  return record;
}
TaskRecord completed(TaskRecord record, std::string result, std::int64_t at = 2'000) {
  record.status = TaskStatus::completed;
  record.result = std::move(result);
  record.updated_ms = at;
  return record;
}
std::unique_ptr<TaskStore> opened(const fs::path& dir, std::int64_t now_ms = 5'000) {
  auto store = TaskStore::open(dir, now_ms);
  REQUIRE_MESSAGE(store.ok(), store.status().message());
  return std::move(*store);
}
TaskRecord found(TaskStore& store, std::string_view key) {
  auto record = store.find(key);
  REQUIRE(record.ok());
  REQUIRE(*record);
  return **record;
}
std::size_t files(const fs::path& dir) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : fs::directory_iterator(dir / "tasks")) ++count;
  return count;
}

TEST_CASE("[M52] TaskStore: what ended stays, and what ran is failed at the next start") {
  const TempDir dir;
  {
    const auto store = opened(dir.path());
    REQUIRE(store->create(task("ended")).ok());
    REQUIRE(store->create(task("runs")).ok());
    TaskRecord last = completed(task("ended"), R"({"content":[]})");
    last.tool_failed = true;
    last.message = "words";
    REQUIRE(store->finish(last).ok());
  }
  CHECK((fs::status(dir.path() / "tasks.db").permissions() & fs::perms::mask) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  const auto store = opened(dir.path(), 7'000);
  const TaskRecord ended = found(*store, "ended"), lost = found(*store, "runs");
  CHECK(ended.status == TaskStatus::completed);
  CHECK(ended.result == R"({"content":[]})");
  CHECK(ended.tool_failed);
  CHECK(ended.message == "words");
  CHECK(ended.id == "v1.ended");
  CHECK(ended.updated_ms == 2'000);
  CHECK(lost.status == TaskStatus::failed);
  CHECK(lost.error.find("-32603") != std::string::npos);
  CHECK(lost.updated_ms == 7'000);
  CHECK_FALSE(store->find("other").value());
}

TEST_CASE("[M52] TaskStore: a task is kept for its ttl after its last change, never shorter") {
  const auto store = opened({});
  REQUIRE(store->create(task("a")).ok());
  REQUIRE(store->create(task("b", "you")).ok());
  REQUIRE(store->create(task("runs")).ok());
  REQUIRE(store->finish(completed(task("a"), "{}", 2'000)).ok());
  REQUIRE(store->finish(completed(task("b", "you"), "{}", 2'001)).ok());
  CHECK(store->expire(2'500).value().empty());
  CHECK(store->expire(2'501).value() == TaskStore::Kept{{"me", 1}});
  CHECK_FALSE(store->find("a").value());
  CHECK(store->kept().value() == TaskStore::Kept{{"me", 1}, {"you", 1}});
  CHECK(store->expire(1'000'000).value() == TaskStore::Kept{{"you", 1}});
  CHECK(found(*store, "runs").status == TaskStatus::working);
}

TEST_CASE("[M52] TaskStore: a large result is a file beside it, as long as the task is there") {
  const TempDir dir;
  const std::string exact(TaskStore::kInlineResult, 'x'), more = exact + "x";
  {
    const auto store = opened(dir.path());
    for (const char* key : {"exact", "more"}) REQUIRE(store->create(task(key)).ok());
    REQUIRE(store->finish(completed(task("exact"), exact)).ok());
    CHECK(files(dir.path()) == 0);
    REQUIRE(store->finish(completed(task("more"), more)).ok());
    CHECK(files(dir.path()) == 1);
    CHECK(found(*store, "exact").result == exact);
  }
  std::ofstream(dir.path() / "tasks" / "orphan.json") << "{}";
  std::ofstream(dir.path() / "tasks" / "more.json.part") << "{";
  const auto store = opened(dir.path());
  CHECK(files(dir.path()) == 1);
  CHECK(found(*store, "more").result == more);
  REQUIRE(store->expire(1'000'000).ok());
  CHECK(files(dir.path()) == 0);
}

TEST_CASE("TaskStore: a file that is no database of ours is refused, with the way out") {
  const TempDir dir;
  std::ofstream(dir.path() / "tasks.db")
      << "this is no database, but long enough to be read as one";
  const auto refused = TaskStore::open(dir.path(), 0);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().code() == Code::data_loss);
  CHECK(refused.status().message().find("tasks.db") != std::string::npos);
  CHECK(refused.status().message().find("remove it") != std::string::npos);
}

TEST_CASE("TaskStore: where nothing can be written nobody is told to remove anything") {
  const TempDir dir;
  std::ofstream(dir.path() / "tasks") << "no directory";
  const auto refused = TaskStore::open(dir.path(), 0);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().code() == Code::unavailable);
  CHECK(refused.status().message().find("remove it") == std::string::npos);
}

TEST_CASE("[M54] Tasks: a principal keeps ten thousand, and others have their own") {
  const std::shared_ptr<TaskStore> store = TaskStore::open({}, 0).value();
  for (std::size_t i = 0; i < Tasks::kMaxKept; ++i) {
    const std::string key = std::to_string(i);
    REQUIRE(store->create(task(key)).ok());
    REQUIRE(store->finish(completed(task(key), "{}", 0)).ok());
  }
  WorkerPool workers({.name = "house", .threads = 1, .queue_capacity = 4});
  Metrics metrics;
  const auto tasks =
      std::make_shared<Tasks>(store, std::make_shared<const Seal>(Seal::of_this_process()), workers,
                              system_clock(), stderr_log(Log::Level::error), metrics);
  CHECK(tasks->add("me", 1, [] {}).status().code() == Code::resource_exhausted);
  CHECK(tasks->add("you", 1, [] {}).ok());
  tasks->sweep();  // all of them are long past their time
  workers.stop();
  tasks->sweep();
  CHECK(store->kept().value()["me"] < Tasks::kMaxKept);
  CHECK(tasks->add("me", 1, [] {}).ok());
}

TEST_CASE("[M54] Tasks: an end that could not be stored is stored later, and frees its place") {
  const TempDir dir;
  const std::shared_ptr<TaskStore> store = opened(dir.path(), 0);
  WorkerPool workers({.name = "house", .threads = 1, .queue_capacity = 4});
  Metrics metrics;
  const auto tasks =
      std::make_shared<Tasks>(store, std::make_shared<const Seal>(Seal::of_this_process()), workers,
                              system_clock(), stderr_log(Log::Level::error), metrics);
  const std::string key = tasks->add("me", 3'600'000, [] {}).value().key;
  tasks->store(key, [](const Status& stored) { CHECK(stored.ok()); });
  fs::remove_all(dir.path() / "tasks");  // where a large result would go
  tasks->end(key, {.status = TaskStatus::completed,
                   .result = std::string(TaskStore::kInlineResult + 1, 'x'),
                   .tool_failed = false,
                   .error = {}});
  workers.stop();
  REQUIRE(found(*store, key).status == TaskStatus::working);
  tasks->sweep();
  const TaskRecord last = found(*store, key);
  CHECK(last.status == TaskStatus::failed);
  CHECK(last.error.find("could not be stored") != std::string::npos);
  CHECK(store->expire(last.updated_ms + last.ttl_ms + 1).value() == TaskStore::Kept{{"me", 1}});
}

}  // namespace
}  // namespace devs
