#include "orchestrator/graph/task_runs.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "tests/orchestrator/graph/graph_kit.h"

namespace devs {
namespace {

using std::chrono::seconds;

struct Watch {
  TaskRuns runs{seconds(60)};
  TimePoint now = TimePoint(seconds(1'000));
  Sequence last = 0;

  void see(std::string body) { runs.see(entry_at(++last, std::move(body)), now); }
  void act(const std::string& call, const std::string& tool, const std::string& more = "") {
    see(action_of("t", call, tool, more));
  }
  void observe(const std::string& call, const std::string& status = "SUCCESS") {
    see(observation_of("t", call, status));
  }
  TaskRun end() {
    see(task_end("t"));
    auto ended = runs.take_ended();
    REQUIRE(ended.size() == 1);
    return ended.front();
  }
};

std::string text_of(const std::vector<ToolStep>& steps) {
  std::string text;
  for (const ToolStep& step : steps)
    text += (text.empty() ? "" : " ") + step.from + '>' + step.to + ':' +
            std::string(name_of(step.type));
  return text;
}

}  // namespace

TEST_CASE("[S4.3] task runs: calls one after the other are steps of a sequence") {
  Watch watch;
  for (const char* tool : {"a", "b", "c"}) {
    watch.act(tool, tool);
    watch.observe(tool);
  }
  const TaskRun run = watch.end();
  CHECK(run.task_id == "t");
  CHECK(run.tools == std::vector<std::string>{"a", "b", "c"});
  CHECK(text_of(run.steps) == "a>b:sequence b>c:sequence");
  CHECK(run.success);
  CHECK(run.first == 1);
  CHECK(run.last == 6);
}

TEST_CASE("[S4.3] task runs: calls that run together are one layer, and all of it leads on") {
  Watch watch;
  watch.act("1", "a");
  watch.act("2", "b");
  watch.act("3", "a");
  watch.observe("2");
  watch.act("4", "c");  // joins: 1 and 3 still run
  for (const char* call : {"1", "3", "4"}) watch.observe(call);
  watch.act("5", "d");
  watch.observe("5");
  watch.act("6", "e");
  watch.observe("6");
  CHECK(text_of(watch.end().steps) == "a>d:sequence b>d:sequence c>d:sequence d>e:sequence");
}

TEST_CASE("[S4.3] task runs: what a call depends on, or was called by, leads to it instead") {
  Watch watch;
  watch.act("1", "a");
  watch.act("2", "b");
  watch.observe("1");
  watch.observe("2");
  watch.see(R"({"type":"action","timestamp_ns":"1","task_id":"t","tool_call_id":"3","payload":)"
            R"({"tool_call":{"tool_name":"c","depends_on":["1","2","1","who"]}}})");
  watch.observe("3");
  watch.act("4", "d", R"(,"parent_tool_call_id":"3")");
  watch.observe("4");
  CHECK(text_of(watch.end().steps) == "a>c:dependency b>c:dependency c>d:contains");
}

TEST_CASE("[S4.3] task runs: a tool that follows itself is no step") {
  Watch watch;
  for (const char* call : {"1", "2"}) {
    watch.act(call, "a");
    watch.observe(call);
  }
  watch.act("3", "b", R"(,"parent_tool_call_id":"2")");
  watch.act("4", "b", R"(,"parent_tool_call_id":"3")");
  watch.observe("3");
  watch.observe("4");
  const TaskRun run = watch.end();
  CHECK(run.tools == std::vector<std::string>{"a", "a", "b", "b"});
  CHECK(text_of(run.steps) == "a>b:contains");
}

TEST_CASE("[S4.6] [D4.8] task runs: the time is that of the execution, first action to last observation") {
  Watch watch;
  watch.see(action_of("t", "1", "a", "", 5'000));
  watch.see(observation_of("t", "1", "SUCCESS", 5'250));
  watch.see(action_of("t", "2", "b", "", 5'100));
  watch.see(observation_of("t", "2", "SUCCESS", 5'200));
  CHECK(watch.end().ms == doctest::Approx(250));
}

TEST_CASE("task runs: one call that failed, or never ended, is no success") {
  Watch watch;
  watch.act("1", "a");
  watch.observe("1", "TOOL_ERROR");
  watch.act("2", "b");
  watch.observe("2");
  CHECK_FALSE(watch.end().success);

  watch.act("1", "a");
  CHECK_FALSE(watch.end().success);
}

TEST_CASE("task runs: a task without a running call for its time has ended") {
  Watch watch;
  watch.act("1", "a");
  watch.now += seconds(600);
  watch.runs.end_idle(watch.now);
  CHECK(watch.runs.take_ended().empty());  // its call runs
  watch.observe("1");
  watch.now += seconds(59);
  watch.runs.end_idle(watch.now);
  CHECK(watch.runs.take_ended().empty());
  CHECK(watch.runs.open().at("t") == 1);
  watch.now += seconds(1);
  watch.runs.end_idle(watch.now);
  REQUIRE(watch.runs.take_ended().size() == 1);
  CHECK(watch.runs.open().empty());

  // The same task again is another execution.
  watch.act("1", "a");
  watch.observe("1");
  CHECK(watch.end().first == 3);
}

TEST_CASE("task runs: a task ends by each of its three words, and with its session") {
  for (const char* word : {"TASK_COMPLETED", "TASK_FAILED", "TASK_CANCELLED"}) {
    Watch watch;
    watch.act("1", "a");
    watch.observe("1");
    watch.see(task_end("t", "TASK_PROGRESS"));
    CHECK(watch.runs.take_ended().empty());
    watch.see(task_end("t", word));
    CHECK(watch.runs.take_ended().size() == 1);
  }
  Watch watch;
  watch.act("1", "a");
  watch.see(lifecycle_of("SESSION_ENDED", R"("session_id":"other")"));
  CHECK(watch.runs.take_ended().empty());
  watch.see(lifecycle_of("SESSION_ENDED", R"("session_id":"s-1")"));
  CHECK(watch.runs.take_ended().size() == 1);
}

TEST_CASE("task runs: what has no task, no call or no tool is nobody's, and a second end is none") {
  Watch watch;
  watch.see(R"({"type":"action","tool_call_id":"1","payload":{"tool_call":{"tool_name":"a"}}})");
  watch.see(R"({"type":"action","task_id":"t","payload":{"tool_call":{"tool_name":"a"}}})");
  watch.see(R"({"type":"action","task_id":"t","tool_call_id":"1","payload":{}})");
  watch.see(observation_of("t", "1"));
  watch.see(task_end("t"));
  CHECK(watch.runs.take_ended().empty());
  watch.act("1", "a");
  watch.act("1", "b");  // the id is taken
  watch.observe("1");
  watch.observe("1", "TOOL_ERROR");  // ended already
  const TaskRun run = watch.end();
  CHECK(run.tools == std::vector<std::string>{"a"});
  CHECK(run.success);
}

TEST_CASE("task runs: open tasks, calls and steps are bounded") {
  TaskRuns runs(seconds(60), {.open = 2, .calls = 3, .steps = 1});
  Sequence at = 0;
  const auto see = [&](const std::string& body, int second) {
    runs.see(entry_at(++at, body), TimePoint(seconds(second)));
  };
  see(action_of("t1", "1", "a"), 1);
  see(action_of("t2", "1", "a"), 2);
  see(observation_of("t1", "1"), 3);
  see(action_of("t3", "1", "a"), 4);  // t2 was idle longest
  auto ended = runs.take_ended();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].task_id == "t2");
  for (const char* tool : {"b", "c", "d"}) {
    see(action_of("t1", tool, tool), 5);
    see(observation_of("t1", tool), 5);
  }
  see(task_end("t1"), 6);
  ended = runs.take_ended();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].tools == std::vector<std::string>{"a", "b", "c"});
  CHECK(text_of(ended[0].steps) == "a>b:sequence");
}

TEST_CASE("task runs: what was told elsewhere is forgotten, ended or not") {
  Watch watch;
  watch.act("1", "a");
  watch.observe("1");
  watch.see(task_end("t"));
  watch.runs.forget("t");
  CHECK(watch.runs.take_ended().empty());
  watch.act("1", "a");
  watch.runs.forget("t");
  CHECK(watch.runs.open().empty());
  watch.now += seconds(600);
  watch.runs.end_idle(watch.now);
  CHECK(watch.runs.take_ended().empty());
}

}  // namespace devs
