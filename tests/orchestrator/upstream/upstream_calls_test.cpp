#include "orchestrator/upstream/upstream_calls.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/orchestrator/upstream/upstream_fixture.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

// A house whose one upstream is up.
struct UpHouse : UpstreamHouse {
  explicit UpHouse(UpstreamConfig config = fake(), const Clock& clock = system_clock())
      : UpstreamHouse(clock) {
    start_quick({std::move(config)});
    REQUIRE_MESSAGE(state().state == "up", state().last_error);
  }
  std::uint64_t stray() {
    return metrics_.counter("upstream_stray_replies_total", "server=\"fake\"").value();
  }
  std::string cancelled() {
    return std::string(JsonView(call("fake__cancelled").result)["structuredContent"].text());
  }
};

TEST_CASE("call: arguments and result pass verbatim") {
  UpHouse house;
  const std::string arguments = R"({"text":"h\u00e9","n":1.10,"big":100000000000000000000,"e":-0})";
  const ToolOutcome outcome = house.call("fake__echo", arguments);
  CHECK(outcome.status == CallStatus::success);
  CHECK(text_of(outcome) == "h\xc3\xa9");
  CHECK(JsonView(outcome.result)["structuredContent"].text() == arguments);
}

TEST_CASE("call: 200 in flight on one child, answered in another order, each gets its own") {
  UpstreamConfig config = UpstreamHouse::fake();
  config.max_in_flight = 200;
  UpHouse house(config);
  std::vector<StartedCall> calls;
  for (int i = 0; i < 200; ++i)
    calls.push_back(house.begin("fake__hold", R"({"of":200,"key":"k)" + std::to_string(i) + "\"}"));
  for (int i = 0; i < 200; ++i)
    CHECK(text_of(calls[static_cast<std::size_t>(i)].watch->wait()) == "k" + std::to_string(i));
  CHECK(house.stray() == 0);
  CHECK(house.state().in_flight == 0);
}

TEST_CASE("call: no more than max_in_flight are with the child, the others wait in line") {
  UpstreamConfig config = UpstreamHouse::fake();
  config.max_in_flight = 2;
  UpHouse house(config);
  // Three are needed for an answer, but the third waits for the first two.
  std::vector<StartedCall> calls;
  for (int i = 0; i < 3; ++i) calls.push_back(house.begin("fake__hold", R"({"of":3,"key":"x"})"));
  house.settle_reactor();
  CHECK(house.state().in_flight == 2);
  calls[0].stop.request_stop();
  CHECK(calls[0].watch->wait().status == CallStatus::cancelled);
  for (std::size_t i = 1; i < 3; ++i) CHECK(calls[i].watch->wait().status == CallStatus::success);
}

TEST_CASE("call: the wait line holds 1024; the next is refused at once") {
  UpstreamConfig config = UpstreamHouse::fake();
  config.max_in_flight = 1;
  UpHouse house(config);
  std::vector<StartedCall> calls;
  for (int i = 0; i < 1025; ++i) calls.push_back(house.begin("fake__never"));
  const ToolOutcome refused = house.call("fake__never");
  CHECK(refused.status == CallStatus::upstream_unavailable);
  CHECK(text_of(refused).find("1 calls are running and 1024 wait already") != std::string::npos);
  // Who waits can still be cancelled, and makes room.
  calls[700].stop.request_stop();
  CHECK(calls[700].watch->wait().status == CallStatus::cancelled);
  const StartedCall fits = house.begin("fake__never");
  house.settle_reactor();
  CHECK_FALSE(fits.watch->ended());
  house.stop();
  for (const StartedCall& call : calls) CHECK(call.watch->times() == 1);
}

TEST_CASE("call: progress comes by its token, grows, and carries no token") {
  UpHouse house;
  const StartedCall asked = house.begin("fake__progress", "{}", {}, true);
  CHECK(text_of(asked.watch->wait()) == "done");
  CHECK(asked.watch->progress() ==
        std::vector<std::string>{R"({"progress":1,"message":"step"})",
                                 R"({"progress":2,"message":"step"})",
                                 R"({"progress":3.5,"message":"step"})"});
  const StartedCall silent = house.begin("fake__progress");
  CHECK(text_of(silent.watch->wait()) == "done");
  CHECK(silent.watch->progress().empty());
}

TEST_CASE("call: the child is given our token and the span, and nothing when there is neither") {
  UpHouse house;
  const auto meta = [&](const StartedCall& call) {
    return std::string(JsonView(call.watch->wait().result)["structuredContent"].text());
  };
  CHECK(meta(house.begin("fake__meta")) == "{}");
  const std::string span = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  CHECK(meta(house.begin("fake__meta", "{}", span)) == R"({"traceparent":")" + span + "\"}");
  const std::string both = meta(house.begin("fake__meta", "{}", span, true));
  CHECK(JsonView(both)["progressToken"].integer().value_or(0) > 0);
  CHECK(JsonView(both)["traceparent"].string() == span);
}

TEST_CASE("call: an error passes with code, message and data; isError is a tool's failure") {
  UpHouse house;
  const ToolOutcome error = house.call("fake__error");
  CHECK(error.status == CallStatus::tool_error);
  REQUIRE(error.fault);
  CHECK(*error.fault == RpcFault{-32042, "not like this", R"({"why":[1.10]})"});
  const ToolOutcome failed = house.call("fake__is_error");
  CHECK(failed.status == CallStatus::tool_error);
  CHECK_FALSE(failed.fault);
  CHECK(failed.result == R"({"isError":true,"content":[{"type":"text","text":"no such file"}]})");
}

TEST_CASE("call: a second answer and strangers' ids are dropped and counted") {
  UpHouse house;
  const StartedCall twice = house.begin("fake__twice");
  CHECK(text_of(twice.watch->wait()) == "first");
  CHECK(text_of(house.call("fake__wrong_id")) == "right");
  CHECK(house.stray() == 3);
  CHECK(twice.watch->times() == 1);
}

TEST_CASE("call: cancellation reaches the child with its reason, the late answer is dropped") {
  UpHouse house;
  const StartedCall call = house.begin("fake__late");
  REQUIRE(text_of(house.call("fake__echo", R"({"text":"x"})")) == "x");
  call.stop.request_stop();
  CHECK(call.watch->wait().status == CallStatus::cancelled);
  const std::string cancelled = house.cancelled();
  CHECK(cancelled.find(R"("reason":"the call was cancelled")") != std::string::npos);
  CHECK(house.stray() == 1);
  CHECK(call.watch->times() == 1);
}

TEST_CASE("call: cancelled before it began ends all the same, once") {
  UpHouse house;
  std::stop_source stopped;
  stopped.request_stop();
  const auto watch = std::make_shared<CallWatch>();
  ToolRun run;
  run.stop = stopped.get_token();
  house.tools_.snapshot()
      ->find("fake__never")
      ->tool->start(std::move(run),
                    [watch](ToolOutcome outcome) { watch->done(std::move(outcome)); });
  CHECK(watch->wait().status == CallStatus::cancelled);
  CHECK(house.state().in_flight == 0);
}

TEST_CASE("call: its own timeout ends it and tells the child") {
  FakeClock clock;
  UpstreamConfig config = UpstreamHouse::fake();
  config.timeout = std::chrono::milliseconds(1000);
  UpHouse house(config, clock);
  const StartedCall call = house.begin("fake__never");
  house.settle_reactor();
  clock.advance(std::chrono::milliseconds(999));
  house.settle_reactor();
  CHECK_FALSE(call.watch->ended());
  clock.advance(std::chrono::milliseconds(20));
  house.settle_reactor();
  CHECK(call.watch->wait().status == CallStatus::timeout_exceeded);
  CHECK(text_of(call.watch->wait()) == "No result within 1000 ms; the tool was stopped.");
  CHECK(house.cancelled().find(R"("reason":"the call timed out")") != std::string::npos);
}

TEST_CASE("call: a child that reads nothing fails calls, and nobody else") {
  UpHouse house;
  CHECK(text_of(house.call("fake__stop_reading")) == "deaf from now on");
  const std::string large = R"({"text":")" + std::string(3 << 20, 'x') + "\"}";
  std::vector<StartedCall> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(house.begin("fake__echo", large));
  const ToolOutcome refused = calls[3].watch->wait();
  CHECK(refused.status == CallStatus::upstream_unavailable);
  CHECK(text_of(refused).find("it does not read its input") != std::string::npos);
  CHECK_FALSE(calls[0].watch->ended());
  house.stop();
  CHECK(calls[0].watch->wait().status == CallStatus::upstream_unavailable);
}

TEST_CASE("call: after stop() it is refused at once, also by tools that outlive the set") {
  ToolSetPtr tools;
  UpHouse house;
  tools = house.tools_.snapshot();
  house.set_.reset();
  const auto watch = std::make_shared<CallWatch>();
  tools->find("fake__echo")->tool->start(ToolRun{}, [watch](ToolOutcome outcome) {
    watch->done(std::move(outcome));
  });
  CHECK(watch->times() == 1);
  CHECK(watch->wait().status == CallStatus::upstream_unavailable);
}

TEST_CASE("[M53] upstream tasks: a tool that is a task only is called as one, and nobody notices") {
  UpHouse house(UpstreamHouse::fake({"--tasks"}));
  CHECK(house.tools_.snapshot()->find("fake__task_text")->tool->spec().task == TaskMode::required);
  const ToolOutcome text = house.call("fake__task_text");
  CHECK(text.status == CallStatus::success);
  // Its server's own task is nobody's business.
  CHECK(text.result ==
        R"({"content":[{"type":"text","text":"of a task"}],"structuredContent":{"n":1.10}})");
  const ToolOutcome failed = house.call("fake__task_fails");
  CHECK(failed.status == CallStatus::tool_error);
  CHECK(failed.result == R"({"isError":true,"content":[]})");
  const ToolOutcome error = house.call("fake__task_error");
  REQUIRE(error.fault);
  CHECK(*error.fault == RpcFault{-32042, "not like this", {}});
  const ToolOutcome plain = house.call("fake__task_refused");
  CHECK(text_of(plain) == "no task of it");
  CHECK(JsonView(plain.result)["structuredContent"].text() == R"({"ttl":3600000})");
  CHECK(house.state().in_flight == 0);
  CHECK(house.stray() == 0);
}

TEST_CASE("[M53] upstream tasks: who cancels the call, or waits too long, cancels the task") {
  FakeClock clock;
  UpstreamConfig config = UpstreamHouse::fake({"--tasks", "--tools", "cancelled"});
  UpHouse house(config, clock);
  const StartedCall call = house.begin("fake__task_never");
  CHECK(house.cancelled() == "[]");  // by its answer the task is known here
  call.stop.request_stop();
  CHECK(call.watch->wait().status == CallStatus::cancelled);
  const std::string told = house.cancelled();
  CHECK(JsonView(told).size() == 1);
  const StartedCall late = house.begin("fake__task_never");
  house.cancelled();
  clock.advance(std::chrono::seconds(301));
  CHECK(late.watch->wait().status == CallStatus::timeout_exceeded);
  std::size_t tasks = 0;
  const std::string both = house.cancelled();
  JsonView(both).each_element([&tasks](JsonView each) { tasks += each["taskId"].is_string(); });
  CHECK(tasks == 2);
}

TEST_CASE("[M53] upstream tasks: a server that has declared none is called plainly") {
  UpHouse house(UpstreamHouse::fake({"--tasks", "--revision", "2025-06-18"}));
  CHECK(house.tools_.snapshot()->find("fake__task_text")->tool->spec().task == TaskMode::automatic);
  CHECK(text_of(house.call("fake__task_text")) == "no task");
}

TEST_CASE("[M53] upstream tasks: the end of the child ends what waits for a task") {
  UpHouse house(UpstreamHouse::fake({"--tasks", "--tools", "exit,cancelled"}));
  const StartedCall call = house.begin("fake__task_never");
  house.cancelled();
  house.call("fake__exit");
  CHECK(call.watch->wait().status == CallStatus::upstream_unavailable);
  CHECK(call.watch->times() == 1);
}

}  // namespace
}  // namespace devs
