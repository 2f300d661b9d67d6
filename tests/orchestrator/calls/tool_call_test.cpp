#include "orchestrator/calls/tool_call.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <stdexcept>

#include "tests/orchestrator/calls/call_kit.h"
#include "tests/support/fake_clock.h"
#include "tests/support/gate.h"
#include "tests/support/patience.h"

namespace devs {
namespace {

TEST_CASE("run_tool_call: action, then observation, then the answer") {
  CallFixture house;
  add(house, "greet", [](const ToolRun&) { return text_outcome("hi"); });
  auto to = house.call("greet");
  REQUIRE(to->wait());
  CHECK(to->take().outcome.result ==
        R"({"content":[{"type":"text","text":"hi"}],"isError":false})");

  const auto story = house.story();
  REQUIRE(house.types() == kPair);
  CHECK(body(story[0])["tool_call_id"].text() == body(story[1])["tool_call_id"].text());
  CHECK(body(story[0])["payload"]["tool_call"]["tool_name"].is("greet"));
  CHECK(body(story[0])["agent_id"].is("tester"));
  CHECK(body(story[1])["stdout"].is("hi"));
  CHECK(status_of(story[1]) == "SUCCESS");
  CHECK(body(story[1])["metadata"]["executed"].boolean() == true);
}

TEST_CASE("[S0.14] every observation of every ending passes validate_observation") {
  CallFixture house({.timeout = std::chrono::milliseconds(50)});
  add(house, "greet", [](const ToolRun&) { return text_outcome("hi"); });
  add(house, "bad", [](const ToolRun&) -> ToolOutcome { throw std::runtime_error("boom"); });
  auto held = std::make_shared<Held>("held");
  REQUIRE(house.tools.add(held).ok());

  for (auto& to : {house.call("greet"), house.call("bad"), house.call("nobody"),
                   house.call("greet", R"({"n":"x"})"), house.call("held")})
    REQUIRE(to->wait());
  std::set<std::string> statuses;
  for (const EntryPtr& entry : house.story()) {
    if (entry->facts.type != "observation") continue;
    CHECK(validate_observation(body(entry)) == std::vector<std::string>{});
    statuses.insert(status_of(entry));
  }
  CHECK(statuses == std::set<std::string>{"SUCCESS", "TOOL_ERROR", "UNKNOWN_TOOL",
                                          "VALIDATION_FAILED", "TIMEOUT_EXCEEDED"});
}

TEST_CASE("run_tool_call: a thought is told only when the host had one, before its action") {
  CallFixture house;
  add(house, "greet", [](const ToolRun&) { return text_outcome("hi"); });
  auto to = std::make_shared<CallFixture::Answered>();
  CallRequest asked = house.request("greet", "{}", to);
  asked.params.context.present = true;
  asked.params.context.thought = std::make_shared<HostThought>();
  asked.params.context.thought->reasoning_chain = "be polite";
  house.desk.begin(std::move(asked));
  REQUIRE(to->wait());
  CHECK(house.types() == std::vector<std::string>{"thought", "action", "observation"});
  const auto story = house.story();
  CHECK(body(story[1])["source_thought_id"].text() == body(story[0])["thought_id"].text());
  CHECK(body(story[1])["parent_span_id"].text() == body(story[0])["span_id"].text());

  const std::string receipt = to->take().receipt;
  const std::string epoch = house.log().epoch();
  CHECK(JsonView(receipt)["thought"].is(epoch + "-1"));
  CHECK(JsonView(receipt)["action"].is(epoch + "-2"));
  CHECK(JsonView(receipt)["observation"].is(epoch + "-3"));
}

TEST_CASE("run_tool_call: the action is on disk before the tool runs") {
  CallFixture house;
  std::size_t stored_when_run = 0;
  add(house, "look", [&house, &stored_when_run](const ToolRun&) {
    stored_when_run = house.log().last();
    return text_outcome("seen");
  });
  REQUIRE(house.call("look")->wait());
  CHECK(stored_when_run == 1);
}

TEST_CASE("run_tool_call: the observation is on disk before the caller is answered") {
  CallFixture house;
  Gate disk;
  add(house, "greet", [&house, &disk](const ToolRun&) {
    house.disk.hold_appends(&disk);  // the action is written, the observation will wait
    return text_outcome("hi");
  });
  auto to = house.call("greet");
  REQUIRE(disk.wait_for_arrival());
  CHECK_FALSE(to->is_done());
  house.disk.hold_appends(nullptr);
  disk.open();
  REQUIRE(to->wait());
}

TEST_CASE("run_tool_call: no trace, no action: with a dead disk the tool does not run") {
  CallFixture house;
  std::atomic<int> ran{0};
  add(house, "greet", [&ran](const ToolRun&) {
    ++ran;
    return text_outcome("hi");
  });
  house.disk.refuse_appends({});
  auto first = house.call("greet");  // its action meets the dead disk
  REQUIRE(first->wait());
  CHECK(first->take().refused.code() == Code::unavailable);
  CHECK(ran == 0);
  auto second = house.call("greet");  // the bus knows by now
  REQUIRE(second->wait());
  CHECK(second->take().refused.code() == Code::unavailable);
  CHECK(ran == 0);

  house.disk.mend();
  const auto deadline = soon();
  while (!house.bus.recorder_status().ok() && std::chrono::steady_clock::now() < deadline) {
  }
  REQUIRE(house.call("greet")->wait());
  CHECK(ran == 1);
  CHECK(house.types() ==
        std::vector<std::string>{"action", "observation", "action", "observation"});
  CHECK(status_of(house.story()[1]) == "ABANDONED");
  CHECK(body(house.story()[1])["metadata"]["executed"].boolean() == false);
}

TEST_CASE(
    "[T30] run_tool_call: where the recorder goes on, a dead disk keeps no tool from running") {
  CallFixture house({}, system_clock(), OnFailure::go_on);
  std::atomic<int> ran{0};
  add(house, "greet", [&ran](const ToolRun&) {
    ++ran;
    return text_outcome("hi");
  });
  house.disk.refuse_appends({});
  for (int calls = 1; calls <= 20; ++calls) {
    auto to = house.call("greet");
    REQUIRE(to->wait());
    const CallAnswer answer = to->take();
    CHECK(answer.refused.ok());
    CHECK(answer.outcome.result.find("hi") != std::string::npos);
    CHECK(ran == calls);
  }
  CHECK_FALSE(house.bus.recorder_status().ok());
  CHECK(house.bus.head() == 40);  // whoever watches has seen them
}

TEST_CASE("run_tool_call: arguments that do not fit never reach the tool, and help") {
  CallFixture house;
  bool ran = false;
  add(house, "greet", [&ran](const ToolRun&) {
    ran = true;
    return text_outcome("hi");
  });
  auto to = house.call("greet", R"({"n":"three"})");
  REQUIRE(to->wait());
  CHECK_FALSE(ran);
  const std::string result = to->take().outcome.result;
  CHECK(JsonView(result)["isError"].boolean() == true);
  CHECK(result.find("Invalid arguments for greet.") != result.npos);
  REQUIRE(house.types() == kPair);
  CHECK(status_of(house.story()[1]) == "VALIDATION_FAILED");
  CHECK(body(house.story()[1])["metadata"]["executed"].boolean() == false);
}

TEST_CASE("run_tool_call: what did not fit is in the observation, error by error") {
  CallFixture house;
  add(house, "greet", [](const ToolRun&) { return text_outcome("hi"); });
  REQUIRE(house.call("greet", R"({"n":"three"})")->wait());
  const auto story = house.story();
  const JsonView errors = body(story[1])["payload"]["result"]["errors"];
  REQUIRE(errors.size() >= 1);
  errors.each_element([](JsonView error) { CHECK(error["path"].is_string()); });
}

TEST_CASE("run_tool_call: a call that was cancelled in the queue never runs") {
  CallFixture house;  // two tool workers
  Gate busy;
  std::atomic<int> ran{0};
  add(house, "hold", [&busy](const ToolRun&) {
    busy.pass();
    return text_outcome("held");
  });
  add(house, "count", [&ran](const ToolRun&) {
    ++ran;
    return text_outcome("ran");
  });
  auto first = house.call("hold"), second = house.call("hold");
  REQUIRE(busy.wait_for_arrival(2));
  auto to = std::make_shared<CallFixture::Answered>();
  const CallId id = house.desk.begin(house.request("count", "{}", to));
  const auto deadline = soon();
  while (house.workers.waiting() == 0 && std::chrono::steady_clock::now() < deadline) {
  }
  REQUIRE(house.workers.waiting() == 1);
  REQUIRE(house.desk.cancel(id, "caller", ""));
  busy.open();
  REQUIRE(first->wait());
  REQUIRE(second->wait());
  REQUIRE(house.call("count")->wait());  // behind the cancelled one in the queue
  CHECK(ran == 1);
}

TEST_CASE("run_tool_call: a result of several lines is one line in the log; no JSON is an error") {
  CallFixture house;
  add(house, "pretty", [](const ToolRun&) {
    ToolOutcome outcome;
    outcome.result = "{\n  \"content\": [ {\"type\": \"text\",\n \"text\": \"hi\"} ]\n}";
    return outcome;
  });
  add(house, "broken", [](const ToolRun&) {
    ToolOutcome outcome;
    outcome.result = "{\"content\":";
    return outcome;
  });
  auto pretty = house.call("pretty");
  REQUIRE(pretty->wait());
  CHECK(pretty->take().outcome.result == R"({"content":[{"type":"text","text":"hi"}]})");
  REQUIRE(house.call("broken")->wait());
  const auto story = house.story();
  REQUIRE(story.size() == 4);
  CHECK(body(story[1])["stdout"].is("hi"));
  CHECK(status_of(story[3]) == "TOOL_ERROR");
}

TEST_CASE("run_tool_call: a thought is not told without its action") {
  CallFixture house({}, system_clock());
  add(house, "greet", [](const ToolRun&) { return text_outcome("hi"); });
  house.bus.close();
  auto to = std::make_shared<CallFixture::Answered>();
  CallRequest asked = house.request("greet", "{}", to);
  asked.params.context.thought = std::make_shared<HostThought>();
  asked.params.context.thought->reasoning_chain = "too late";
  house.desk.begin(std::move(asked));
  REQUIRE(to->wait());
  CHECK_FALSE(to->take().refused.ok());
  CHECK(house.story().empty());
}

TEST_CASE("run_tool_call: an unknown tool is a fault and leaves its pair") {
  CallFixture house;
  auto to = house.call("nobody");
  REQUIRE(to->wait());
  const CallAnswer answer = to->take();
  REQUIRE(answer.outcome.fault.has_value());
  CHECK(answer.outcome.fault->code == -32602);
  CHECK(house.types() == kPair);
  CHECK(body(house.story()[1])["exit_code"].integer() == 127);
}

TEST_CASE("run_tool_call: at the deadline the tool is stopped and its late answer finds nobody") {
  FakeClock clock;
  CallFixture house({.timeout = std::chrono::milliseconds(300'000)}, clock);
  auto held = std::make_shared<Held>("held");
  REQUIRE(house.tools.add(held).ok());
  auto to = house.call("held");
  REQUIRE(held->wait_started());
  CHECK_FALSE(held->run().stop.stop_requested());

  clock.advance(std::chrono::milliseconds(300'001));
  house.reactor.post([] {});  // a turn, so that the wheel looks at the clock
  REQUIRE(to->wait());
  CHECK(held->run().stop.stop_requested());
  CHECK(
      to->take().outcome.result ==
      R"({"content":[{"type":"text","text":"No result within 300000 ms; the tool was stopped."}],"isError":true})");
  held->take_done()(text_outcome("too late"));
  REQUIRE(house.types() == kPair);
  CHECK(status_of(house.story()[1]) == "TIMEOUT_EXCEEDED");
  CHECK(body(house.story()[1])["metadata"]["timeout_ms"].number() == 300000);
  CHECK(house.metrics.counter("calls_late_results_total").value() == 1);
}

TEST_CASE("run_tool_call: progress starts the clock again, the hard end does not move") {
  FakeClock clock;
  CallFixture house({.timeout = std::chrono::seconds(10), .hard_timeout = std::chrono::seconds(25)},
                    clock);
  auto held = std::make_shared<Held>("held");
  REQUIRE(house.tools.add(held).ok());
  auto to = std::make_shared<CallFixture::Answered>();
  CallRequest asked = house.request("held", "{}", to);
  asked.progress = [](std::string_view) {};
  house.desk.begin(std::move(asked));
  REQUIRE(held->wait_started());
  for (int i = 0; i < 2; ++i) {
    clock.advance(std::chrono::seconds(9));
    held->run().progress("{}");
  }
  Gate turned;  // 18 s: past the first deadline, and nothing happened
  turned.open();
  house.reactor.post([&turned] { turned.pass(); });
  REQUIRE(turned.wait_for_arrival());
  CHECK_FALSE(to->is_done());
  clock.advance(std::chrono::seconds(8));  // 26 s: beyond the hard end
  held->run().progress("{}");
  house.reactor.post([] {});
  REQUIRE(to->wait());
  CHECK(status_of(house.story()[1]) == "TIMEOUT_EXCEEDED");
}

}  // namespace
}  // namespace devs
