// What is listed: names, pages, changes.

#include <doctest/doctest.h>

#include <set>

#include "tests/orchestrator/upstream/upstream_fixture.h"

namespace devs {
namespace {

std::set<std::string> names_of(const UpstreamHouse& house) {
  std::set<std::string> names;
  const ToolSetPtr tools = house.tools_.snapshot();
  for (const ToolSpec* tool : tools->listed()) names.insert(tool->name);
  return names;
}

TEST_CASE("tools: all pages are fetched and listed under namespaced names") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--pages", "--tools", "a,b,c,d"}, "one"),
                     UpstreamHouse::fake({"--tools", "a"}, "two")});
  CHECK(names_of(house) == std::set<std::string>{"one__a", "one__b", "one__c", "one__d", "two__a"});
  CHECK(house.state(0).tools == 4);
  CHECK(text_of(house.call("one__c")) == "I am c");
  const ToolSetPtr tools = house.tools_.snapshot();
  CHECK(
      tools->find("two__a")->tool->spec().json ==
      R"({"title":"T","name":"two__a","description":"does \u0041","inputSchema":{"type":"object"}})");
}

TEST_CASE("tools: a name another server holds is given a hash instead of lost") {
  UpstreamHouse house;
  REQUIRE(house.tools_
              .add(make_function_tool(
                  make_tool_spec("fake__a", "ours", "{}"),
                  [](const ToolRun&) { return text_outcome("ours"); }, house.workers_))
              .ok());
  house.start_quick({UpstreamHouse::fake({"--tools", "a"})});
  CHECK(names_of(house) == std::set<std::string>{"fake__a", namespaced_tool("fake", "a", true)});
  CHECK(text_of(house.call(namespaced_tool("fake", "a", true))) == "I am a");
  CHECK(text_of(house.call("fake__a")) == "ours");
}

TEST_CASE("tools: a changed list is followed and told once, however often it was announced") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--tools", "retool,a,b"})});
  CHECK(text_of(house.call("fake__retool", R"({"names":["retool","b","c"]})")) == "changed");
  const std::string event = house.event("TOOLS_CHANGED");
  CHECK(event.find(R"("payload":{"event":"TOOLS_CHANGED","server":"fake",)"
                   R"("added":["fake__c"],"removed":["fake__a"]}})") != std::string::npos);
  CHECK(names_of(house) == std::set<std::string>{"fake__b", "fake__c", "fake__retool"});
  CHECK(text_of(house.call("fake__c")) == "I am c");
}

TEST_CASE("tools: an unchanged list after a restart changes nothing and tells nothing") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake()});
  const std::uint64_t before = house.tools_.snapshot()->generation();
  house.call("fake__exit");
  REQUIRE(house.log_.wait_for("upstream_up", 2));
  CHECK(house.tools_.snapshot()->generation() == before);
  CHECK(house.event("UPSTREAM_UP").size() > 0);
  for (const EntryPtr& entry : house.events_)
    CHECK(entry->body.find("TOOLS_CHANGED") == std::string::npos);
}

TEST_CASE("tools: a server that is down keeps its tools listed") {
  UpstreamHouse house;
  UpstreamSet::Options options = UpstreamHouse::quick({UpstreamHouse::fake()});
  options.backoff_first = options.backoff_last = std::chrono::hours(1);
  house.start(std::move(options));
  house.set_->wait_settled(generous_deadline());
  const auto before = names_of(house);
  CHECK(house.call("fake__exit").status == CallStatus::upstream_unavailable);
  CHECK(names_of(house) == before);
  const ToolOutcome refused = house.call("fake__echo");
  CHECK(refused.status == CallStatus::upstream_unavailable);
  CHECK(text_of(refused) ==
        "Upstream `fake` is not available: it exited with code 0. What it wrote to stderr is in "
        "the orchestrator's log (event upstream_stderr, server fake).");
}

}  // namespace
}  // namespace devs
