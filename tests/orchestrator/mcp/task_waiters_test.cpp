#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/orchestrator/mcp/task_kit.h"
#include "trace/clock.h"
#include "trace/log.h"

namespace devs {
namespace {

// One running task, without a call.
struct OneTask {
  OneTask() {
    tasks->store(record.key, [](const Status& stored) { CHECK(stored.ok()); });
  }

  ~OneTask() { workers.stop(); }  // before what its work uses dies

  // The tool asks; how that ended is in `came`.
  void ask(std::string key = "k") {
    came.reset();
    tasks->ask(record.key, {question(std::move(key))},
               [this](Result<CallRequest::Answers> answers) { came = std::move(answers); });
  }
  void end() {
    tasks->end(record.key, {.status = TaskStatus::completed, .result = "{}", .error = {}});
    workers.stop();
  }

  WorkerPool workers{{.name = "house", .threads = 1, .queue_capacity = 64}};
  Metrics metrics;
  const std::shared_ptr<Tasks> tasks = std::make_shared<Tasks>(
      TaskStore::open({}, 0).value(), std::make_shared<const Seal>(Seal::of_this_process()),
      workers, system_clock(), stderr_log(Log::Level::error), metrics);
  const TaskRecord record = tasks->add("me", 1, [] {}).value();
  std::optional<Result<CallRequest::Answers>> came;
};

// Somebody who waits for it and can be asked.
struct Waiting {
  explicit Waiting(OneTask& task) {
    task.tasks->when_ended(
        "me", task.record.key,
        [this](std::vector<ClientQuestion> questions, CallRequest::Asked back) {
          for (const ClientQuestion& each : questions) keys.push_back(each.key);
          if (refuses) return back(*refuses);
          asked.push_back(std::move(back));
        },
        [](const Result<TaskView>&) {});
  }
  std::vector<std::string> keys;
  std::vector<CallRequest::Asked> asked;
  std::optional<Status> refuses;
};

const Status kNoStream(Code::unavailable, "no stream");
const Status kSessionOver(Code::cancelled, "the session has ended");

TEST_CASE("[M54] tasks: who comes to wait is asked what others have not answered") {
  OneTask task;
  Waiting broken(task);
  task.ask();
  Waiting back(task);
  REQUIRE(broken.keys == std::vector<std::string>{"k"});
  REQUIRE(back.keys == std::vector<std::string>{"k"});
  back.asked[0](CallRequest::Answers{{"k", "7"}});
  REQUIRE(task.came);
  CHECK(task.came->value().at("k") == "7");
  broken.asked[0](kSessionOver);
  CHECK(back.keys.size() == 1);
}

TEST_CASE("[M54] tasks: when a session ends, another who waits is asked, now and later") {
  OneTask task;
  Waiting older(task), newest(task);
  task.ask();
  REQUIRE(newest.asked.size() == 1);
  CHECK(older.keys.empty());
  newest.asked[0](kSessionOver);
  REQUIRE(older.asked.size() == 1);
  CHECK_FALSE(task.came);
  older.asked[0](CallRequest::Answers{{"k", "7"}});
  CHECK(task.came);
  task.ask("l");
  CHECK(older.keys == std::vector<std::string>{"k", "l"});
  CHECK(newest.keys == std::vector<std::string>{"k"});
}

TEST_CASE("[M54] tasks: who waits and cannot be asked fails the tool only when alone") {
  OneTask task;
  Waiting older(task), newest(task);
  newest.refuses = kNoStream;
  task.ask();
  CHECK_FALSE(task.came);
  REQUIRE(older.asked.size() == 1);
  older.asked[0](kNoStream);
  REQUIRE(task.came);
  CHECK(task.came->status().code() == Code::unavailable);
}

TEST_CASE("[M54] tasks: with nobody left a question stays open for whoever comes") {
  OneTask task;
  Waiting left(task);
  task.ask();
  left.asked.at(0)(kSessionOver);
  CHECK_FALSE(task.came);
  Waiting next(task);
  CHECK(next.keys == std::vector<std::string>{"k"});
}

TEST_CASE("[M54] tasks: a client's own refusal ends the round it was asked in, no other") {
  const Status refusal(Code::permission_denied, "The client did not answer");
  OneTask task;
  Waiting first(task);
  task.ask();
  Waiting second(task);
  second.asked.at(0)(CallRequest::Answers{{"k", "7"}});
  task.ask("l");
  first.asked.at(0)(refusal);
  CHECK_FALSE(task.came);
  second.asked.at(1)(refusal);
  REQUIRE(task.came);
  CHECK(task.came->status().code() == Code::permission_denied);
  CHECK(first.keys == std::vector<std::string>{"k"});  // nobody else is asked
}

TEST_CASE("[M54] tasks: sixteen wait for one task; one more takes the place of the oldest") {
  OneTask task;
  std::vector<std::size_t> ended, replaced;
  for (std::size_t i = 0; i <= Tasks::kMaxWaiting; ++i) {
    task.tasks->when_ended("me", task.record.key, {}, [&, i](const Result<TaskView>& view) {
      if (view.ok()) return ended.push_back(i);
      if (view.status().code() == Code::resource_exhausted) replaced.push_back(i);
    });
  }
  CHECK(replaced == std::vector<std::size_t>{0});
  task.end();
  CHECK(ended.size() == Tasks::kMaxWaiting);
  CHECK(ended.back() == Tasks::kMaxWaiting);
}

TEST_CASE("[M54] tasks: one that has ended asks nobody, and its tool is told at once") {
  OneTask task;
  task.end();
  task.ask();
  REQUIRE(task.came);
  CHECK(task.came->status().code() == Code::cancelled);
}

}  // namespace
}  // namespace devs
