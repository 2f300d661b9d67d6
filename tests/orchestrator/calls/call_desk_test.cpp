#include "orchestrator/calls/call_desk.h"

#include <doctest/doctest.h>

#include <pthread.h>

#include <atomic>
#include <set>
#include <thread>

#include "orchestrator/calls/call_table.h"
#include "tests/orchestrator/calls/call_kit.h"

namespace devs {
namespace {

TEST_CASE("CallDesk: cancel ends the call once, with the caller's reason") {
  CallFixture house;
  auto held = std::make_shared<Held>("held");
  REQUIRE(house.tools.add(held).ok());
  auto to = std::make_shared<CallFixture::Answered>();
  const CallId id = house.desk.begin(house.request("held", "{}", to));
  REQUIRE(held->wait_started());
  CHECK(house.desk.cancel(id, "caller", "user pressed stop"));
  CHECK_FALSE(house.desk.cancel(id, "caller", "again"));
  REQUIRE(to->wait());
  CHECK(to->take().outcome.status == CallStatus::cancelled);
  CHECK(held->run().stop.stop_requested());
  const auto story = house.story();
  REQUIRE(house.types() == kPair);
  CHECK(body(story[1])["stderr"].is("cancelled by the caller: user pressed stop"));
  CHECK(body(story[1])["metadata"]["cancelled_by"].is("caller"));
}

TEST_CASE("CallDesk: a tool that drops its answer is told about, never left hanging") {
  CallFixture house;
  auto held = std::make_shared<Held>("held");
  REQUIRE(house.tools.add(held).ok());
  auto to = house.call("held");
  REQUIRE(held->wait_started());
  { ToolDone dropped = held->take_done(); }
  REQUIRE(to->wait());
  CHECK(status_of(house.story()[1]) == "TOOL_ERROR");
}

TEST_CASE("[M65] a call that waits keeps nothing twice: ten thousand may wait for a person") {
  CHECK(sizeof(Call) <= 1'400);
  CHECK(sizeof(CallTrace) <= 96);  // what the observation repeats is the call's
}

TEST_CASE("CallDesk: a large result is told whole, and not on the reactor") {
  CallFixture house;
  auto held = std::make_shared<Held>("held");
  REQUIRE(house.tools.add(held).ok());
  auto to = std::make_shared<CallFixture::Answered>();
  CallRequest asked = house.request("held", "{}", to);
  std::atomic<bool> on_reactor{true};
  asked.answer = [to, &on_reactor, tell = std::move(asked.answer)](CallAnswer answer) mutable {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    on_reactor = std::string_view(name).find("house") == std::string_view::npos;
    tell(std::move(answer));
  };
  house.desk.begin(std::move(asked));
  REQUIRE(held->wait_started());
  const std::string words(300'000, 'x');
  held->take_done()(text_outcome(words));
  REQUIRE(to->wait());
  CHECK_FALSE(on_reactor);
  CHECK(to->take().outcome.result.size() > words.size());
  CHECK(body(house.story()[1])["stdout"].string()->size() == words.size());
}

TEST_CASE("CallDesk: beyond max_in_flight a call is refused before its action") {
  CallFixture house({.max_in_flight = 1});
  auto held = std::make_shared<Held>("held");
  REQUIRE(house.tools.add(held).ok());
  auto first = house.call("held");
  REQUIRE(held->wait_started());
  auto second = house.call("held");
  REQUIRE(second->wait());
  CHECK(second->take().refused.code() == Code::resource_exhausted);
  held->take_done()(text_outcome("done"));
  REQUIRE(first->wait());
  CHECK(house.types() == kPair);
}

TEST_CASE("CallDesk: drain cancels what is left at its deadline, and each is observed") {
  CallFixture house;
  auto held = std::make_shared<Held>("held");
  REQUIRE(house.tools.add(held).ok());
  auto to = house.call("held");
  REQUIRE(held->wait_started());
  house.desk.drain(std::chrono::steady_clock::now());
  REQUIRE(to->is_done());
  CHECK(house.desk.in_flight() == 0);
  CHECK(body(house.story()[1])["metadata"]["cancelled_by"].is("shutdown"));
  auto late = house.call("held");
  REQUIRE(late->wait());
  CHECK(late->take().refused.code() == Code::cancelled);
}

TEST_CASE("CallDesk: a thousand calls from four threads leave a thousand pairs in order") {
  CallFixture house;
  add(house, "greet", [](const ToolRun&) { return text_outcome("hi"); });
  constexpr int kThreads = 4, kCalls = 250;
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> hosts;
    for (int t = 0; t < kThreads; ++t)
      hosts.emplace_back([&] {
        for (int i = 0; i < kCalls; ++i) {
          // Few in flight at a time: the fixture's tool queue is short on purpose.
          auto to = house.call("greet");
          answered += to->wait();
        }
      });
  }
  CHECK(answered == kThreads * kCalls);
  std::set<std::string> open;
  std::string last_stamp;
  for (const EntryPtr& entry : house.story()) {
    const std::string id = *body(entry)["tool_call_id"].string();
    const std::string stamp = *body(entry)["timestamp_ns"].string();
    CHECK(stamp > last_stamp);
    last_stamp = stamp;
    if (entry->facts.type == "action") {
      CHECK(open.insert(id).second);
    } else {
      CHECK(open.erase(id) == 1);
    }
  }
  CHECK(open.empty());
  CHECK(house.log().last() == 2 * kThreads * kCalls);
}

}  // namespace
}  // namespace devs
