#include "orchestrator/agents/agent_streams.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>

#include "orchestrator/streams/stream_profile.h"
#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

const StreamProfile& row(std::string_view key) {
  for (const StreamProfile& profile : stream_profiles())
    if (profile.key == key) return profile;
  FAIL("no such row");
  std::abort();
}

// One stream of the room, open, its first frames read.
class HeldStream {
 public:
  explicit HeldStream(const std::string& path) {
    peer_.emplace(house_, HttpPeer::get(house_, path));
    REQUIRE(peer_->wait([this] { return peer_->body().ends_with("retry: 2000\n\n"); }));
    peer_->forget_body();
  }
  // What came in so much more time, and nothing else is coming.
  std::string after(Duration more) {
    clock_.advance(more);
    house_.turn_some();
    peer_->receive();
    std::string came = peer_->body();
    peer_->forget_body();
    return came;
  }
  // A step of the task that each of the three streams shows.
  std::string step() {
    house_.publish(
        R"({"type":"lifecycle","task_id":"t-42","payload":{"event":"TASK_PROGRESS","progress":1}})");
    const std::string id = house_.id(++steps_);
    REQUIRE(peer_->wait([&] { return peer_->last_event_id() == id; }));
    std::string came = peer_->body();
    peer_->forget_body();
    return came;
  }

 private:
  static StreamHouse::Options options(const AgentTaskTable& tasks) {
    StreamHouse::Options options{.principal = {"local", true}};
    options.projections = [&tasks](const Clock&) { return agent_projections(tasks); };
    return options;
  }

  const AgentTaskTable tasks_;
  FakeClock clock_;
  StreamHouse house_{clock_, options(tasks_)};
  Sequence steps_ = 0;
  std::optional<HttpPeer> peer_;
};

struct Beats {
  const char* path;
  const char* frame;
  std::chrono::seconds period;
};
constexpr Beats kBeats[] = {
    {"/agent-to-agent/acme/writer/tasks/t-42/stream", ": keepalive\n\n", std::chrono::seconds(15)},
    {"/tasks/t-42/progress", ": keepalive\n\n", std::chrono::seconds(15)},
    {"/observability/stream", ": heartbeat\n\n", std::chrono::seconds(30)}};

}  // namespace

TEST_CASE("[S1.14] [S1.15] an idle stream is kept alive on time, and says nothing between") {
  for (const Beats& beats : kBeats) {
    CAPTURE(beats.path);
    HeldStream stream(beats.path);
    for (int beat = 0; beat < 4; ++beat) {
      CHECK(stream.after(beats.period - std::chrono::milliseconds(1)).empty());
      CHECK(stream.after(std::chrono::milliseconds(1)) == beats.frame);
    }
  }
}

TEST_CASE("[S1.14] [S1.15] a step every 5 s puts no heartbeat off") {
  for (const Beats& beats : kBeats) {
    CAPTURE(beats.path);
    HeldStream stream(beats.path);
    for (std::chrono::seconds now{5}; now <= std::chrono::minutes(2);
         now += std::chrono::seconds(5)) {
      CHECK(stream.step().find("\n\n:") == std::string::npos);
      const bool due = now % beats.period == std::chrono::seconds(0);
      CHECK(stream.after(std::chrono::seconds(5)) == (due ? beats.frame : ""));
    }
  }
}

TEST_CASE("[S1.14] task streams are kept alive every 15 s, and end with the task") {
  for (const char* key : {"TK", "TP"}) {
    CHECK(row(key).heartbeat == ": keepalive\n\n");
    CHECK(row(key).heartbeat_period == std::chrono::seconds(15));
    CHECK(row(key).cache_control == "no-cache, no-transform");
    CHECK(row(key).cors == CorsPolicy::any);
    CHECK(row(key).ends ==
          std::vector<std::string>{"TASK_COMPLETED", "TASK_FAILED", "TASK_CANCELLED"});
  }
  CHECK(fill_params(row("TK").first, {{"taskId", "t-42"}}) ==
        "data: {\"event_type\":\"connected\",\"taskId\":\"t-42\",\"message\":\"Stream "
        "connected\"}\n\n");
}

TEST_CASE("[S1.15] the admin stream is for operators, with a heartbeat every 30 s, without end") {
  CHECK(row("AD").first == ": connected\n\n");
  CHECK(row("AD").heartbeat == ": heartbeat\n\n");
  CHECK(row("AD").heartbeat_period == std::chrono::seconds(30));
  CHECK(row("AD").operators_only);
  CHECK(row("AD").ends.empty());
}

TEST_CASE("[S1.9] a row of the table has its projection: a task's stream begins with 500 entries") {
  const AgentTaskTable tasks;
  std::string names;
  for (const auto& each : agent_projections(tasks)) names += std::string(each->name()) + ' ';
  CHECK(names == "agent task_progress admin ");
  CHECK(AgentKeeper::Options().event_buffer == 500);
}

}  // namespace devs
