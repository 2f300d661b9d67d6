// Starting, dying, coming back.

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/orchestrator/upstream/process_probe.h"
#include "tests/orchestrator/upstream/upstream_fixture.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

using std::chrono::milliseconds;

// Moves the clock by `step` at a time, letting real processes keep up, until
// `reached`; how far it was moved, negative when that took for ever.
template <class Reached>
long long advance_until(FakeClock& clock, UpstreamHouse& house, milliseconds step,
                        Reached&& reached) {
  const TimePoint deadline = generous_deadline();
  milliseconds moved{0};
  while (!reached()) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (now > deadline) return -1;
    clock.advance(step);
    moved += step;
    house.settle_reactor();
    house.log_.wait_for_more(now + milliseconds(3));
  }
  return moved.count();
}

TEST_CASE("life: settled means listed, and the first start is no news") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake(), UpstreamHouse::fake({"--exit", "3"}, "broken")});
  const UpstreamState state = house.state();
  CHECK(state.key == "fake");
  CHECK(state.state == "up");
  CHECK(state.revision == "2025-11-25");
  CHECK(state.pid > 0);
  CHECK(state.tools > 10);
  CHECK(state.restarts == 0);
  // The only news is about the other one.
  CHECK(
      house.event("UPSTREAM_DOWN").find(R"("server":"broken","reason":"it exited with code 3")") !=
      std::string::npos);
  for (const EntryPtr& entry : house.events_)
    CHECK(entry->body.find(R"("server":"fake")") == std::string::npos);
}

TEST_CASE("life: any known revision is accepted, an unknown one is not") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--revision", "2024-11-05"}, "old"),
                     UpstreamHouse::fake({"--revision", "2031-01-01"}, "new")});
  CHECK(house.state(0).state == "up");
  CHECK(house.state(0).revision == "2024-11-05");
  CHECK(house.state(1).last_error ==
        "it speaks protocol revision `2031-01-01`, which is not known here");
}

TEST_CASE("life: a child that refuses the handshake is down with its own words") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--refuse"})});
  CHECK(house.state().last_error == "it refused initialize with error -32603: not today");
}

TEST_CASE("life: a silent child is given up after its start timeout") {
  UpstreamConfig config = UpstreamHouse::fake({"--silent"});
  config.start_timeout = milliseconds(100);
  UpstreamHouse house;
  house.start_quick({config});
  CHECK(house.state().last_error == "it was not ready within 100 ms of its start");
}

TEST_CASE("life: a crash answers everything in flight at once and says how it died") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake()});
  std::vector<StartedCall> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(house.begin("fake__never"));
  calls.push_back(house.begin("fake__signal", R"({"signal":9})"));
  for (const StartedCall& call : calls) {
    const ToolOutcome outcome = call.watch->wait();
    CHECK(outcome.status == CallStatus::upstream_unavailable);
    CHECK(text_of(outcome).find("it was killed by signal 9 (SIGKILL)") != std::string::npos);
  }
  const std::string down = house.event("UPSTREAM_DOWN");
  CHECK(down.starts_with(
      R"({"type":"system","schema_version":"1.0.0","turn_index":0,"timestamp_ns":")"));
  CHECK(down.ends_with(R"(","payload":{"event":"UPSTREAM_DOWN","server":"fake",)"
                       R"x("reason":"it was killed by signal 9 (SIGKILL)"}})x"));
  CHECK(house.event("UPSTREAM_UP")
            .ends_with(R"("payload":{"event":"UPSTREAM_UP","server":"fake"}})"));
  CHECK(house.log_.wait_for("upstream_up", 2));
  CHECK(text_of(house.call("fake__echo", R"({"text":"again"})")) == "again");
  CHECK(house.state().restarts == 1);
}

TEST_CASE("life: events carry their name and a stamp of 19 digits") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--exit", "1"})});
  REQUIRE_FALSE(house.event("UPSTREAM_DOWN").empty());
  const Entry& entry = *house.events_.at(0);
  CHECK(entry.facts.type == "system");
  CHECK(entry.facts.name == "UPSTREAM_DOWN");
  const std::string stamp = JsonView(entry.body)["timestamp_ns"].string().value_or("");
  CHECK(stamp.size() == 19);
  CHECK(stamp[0] != '0');
}

TEST_CASE("life: restarts wait for the backoff, which health makes short again") {
  FakeClock clock;
  UpstreamHouse house(clock);
  UpstreamSet::Options options = UpstreamHouse::quick({UpstreamHouse::fake()});
  options.backoff_first = milliseconds(500);
  options.backoff_last = milliseconds(30'000);
  house.start(std::move(options));
  house.set_->wait_settled(generous_deadline());
  const auto crash = [&](std::uint64_t restarts) {
    house.call("fake__exit");
    const auto moved = advance_until(clock, house, milliseconds(10),
                                     [&] { return house.state().restarts == restarts; });
    REQUIRE(house.log_.wait_for("upstream_up", restarts + 1));
    return moved;
  };
  // The clock runs on a little while the last child is reaped, never back.
  CHECK(crash(1) >= 370);
  CHECK(crash(2) >= 750);
  CHECK(crash(3) >= 1500);
  clock.advance(std::chrono::seconds(61));  // of health
  house.settle_reactor();
  const auto again = crash(4);
  CHECK(again >= 370);
  CHECK(again < 3000);  // without the reset it would be 3000 and more
}

TEST_CASE("life: a child that exits at once is spawned at most 10 times in its first minute") {
  FakeClock clock;
  UpstreamHouse house(clock);
  UpstreamSet::Options options = UpstreamHouse::quick({UpstreamHouse::fake({"--exit", "1"})});
  options.backoff_first = milliseconds(500);
  options.backoff_last = milliseconds(30'000);
  house.start(std::move(options));
  const auto five =
      advance_until(clock, house, milliseconds(20), [&] { return house.state().restarts == 5; });
  CHECK(five >= 375 + 750 + 1500 + 3000 + 6000);
  const TimePoint end = clock.steady() + std::chrono::seconds(60) - milliseconds(five);
  const auto minute =
      advance_until(clock, house, milliseconds(200), [&] { return clock.steady() >= end; });
  CHECK(minute >= 0);
  CHECK(house.state().restarts <= 9);
}

TEST_CASE("life: 100 crashes leave no zombie, no descriptor, and never two children at once") {
  const TempDir directory;
  const std::string alone = directory / "alone";
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--alone", alone, "--tools", "exit"})});
  const int descriptors = open_descriptors();
  for (std::size_t life = 2; life <= 101; ++life) {
    REQUIRE(house.call("fake__exit", R"({"code":1})").status == CallStatus::upstream_unavailable);
    REQUIRE(house.log_.wait_for("upstream_up", life));
  }
  CHECK(zombies() == 0);
  CHECK(open_descriptors() == descriptors);
  CHECK(house.state().restarts == 100);
  CHECK(std::filesystem::file_size(alone) == 0);  // nobody found it taken
}

TEST_CASE("life: a child that is quiet is pinged, and replaced when it is deaf") {
  FakeClock clock;
  UpstreamHouse house(clock);
  house.start_quick({UpstreamHouse::fake(), UpstreamHouse::fake({}, "other")});
  REQUIRE(text_of(house.call("fake__stop_reading")) == "deaf from now on");
  const auto moved = advance_until(clock, house, milliseconds(500),
                                   [&] { return house.log_.count("upstream_down") == 1; });
  CHECK(moved >= 90'000);
  CHECK(house.state(0).last_error == "it did not answer a ping within 30 s");
  CHECK(house.state(1).state == "up");  // it answered
  // The ladder's steps are the clock's too.
  CHECK(advance_until(clock, house, milliseconds(20),
                      [&] { return house.log_.count("upstream_up") == 3; }) >= 0);
}

TEST_CASE("life: a missing guard is a clear error, not a crash loop of riddles") {
  UpstreamHouse house;
  UpstreamSet::Options options = UpstreamHouse::quick({UpstreamHouse::fake()});
  options.guard_path = "/nowhere/guard";
  house.start(std::move(options));
  house.set_->wait_settled(generous_deadline());
  CHECK(house.state().last_error.starts_with(
      "it cannot be started: the child guard program `/nowhere/guard` is missing"));
}

TEST_CASE("life: stop() before start(), twice, and while children are being spawned") {
  {
    UpstreamHouse house;
    house.set_ = std::make_unique<UpstreamSet>(UpstreamHouse::quick({UpstreamHouse::fake()}),
                                               house.bus_, house.tools_, house.reactor_,
                                               house.workers_, house.log_, house.metrics_);
    house.stop();
    house.stop();
  }
  for (int i = 0; i < 10; ++i) {
    UpstreamHouse house;
    house.start(UpstreamHouse::quick({UpstreamHouse::fake(), UpstreamHouse::fake({}, "b")}));
    house.stop();
    CHECK(house.state().state == "stopped");
  }
  CHECK(zombies() == 0);
}

}  // namespace
}  // namespace devs
