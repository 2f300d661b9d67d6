// What a child writes, in bytes: lines long and broken, junk, requests of its own.

#include <doctest/doctest.h>

#include "protocol/limits.h"
#include "tests/orchestrator/upstream/upstream_fixture.h"

namespace devs {
namespace {

std::uint64_t junk_of(UpstreamHouse& house) {
  return house.metrics_.counter("upstream_junk_lines_total", "server=\"fake\"").value();
}

TEST_CASE("child's output: CRLF, a banner and stray lines are forgiven") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake({"--crlf", "--banner", "19"})});
  CHECK(house.state().state == "up");
  CHECK(text_of(house.call("fake__junk", R"({"lines":19})")) == "after the junk");
  CHECK(junk_of(house) == 38);
  CHECK(house.state().restarts == 0);
}

TEST_CASE("child's output: 20 bad lines in a row, and it is replaced") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake()});
  const ToolOutcome outcome = house.call("fake__junk", R"({"lines":20})");
  CHECK(outcome.status == CallStatus::upstream_unavailable);
  CHECK(text_of(outcome).find("it wrote 20 lines in a row that are no JSON-RPC") !=
        std::string::npos);
  CHECK(house.log_.wait_for("upstream_up", 2));
}

TEST_CASE("child's output: a line of 8 MiB passes, decoded off the reactor, in order") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake()});
  const StartedCall large =
      house.begin("fake__line", R"({"bytes":)" + std::to_string(kMaxStdioLine) + "}");
  const StartedCall small = house.begin("fake__echo", R"({"text":"after it"})");
  CHECK(text_of(small.watch->wait()) == "after it");
  // The smaller answer was written later, so the large one is here already.
  REQUIRE(large.watch->times() == 1);
  CHECK(large.watch->wait().status == CallStatus::success);
  CHECK(text_of(large.watch->wait()).size() > kMaxStdioLine - 200);
}

TEST_CASE("child's output: a line of 8 MiB and a byte fails its call at once, no other") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake()});
  const ToolOutcome refused =
      house.call("fake__line", R"({"bytes":)" + std::to_string(kMaxStdioLine + 1) + "}");
  REQUIRE(refused.fault);
  CHECK(refused.fault->code == -32603);
  CHECK(refused.fault->message ==
        "the answer of upstream `fake` was refused: longer than 8388608 bytes");
  CHECK(text_of(house.call("fake__echo", R"({"text":"well"})")) == "well");
}

TEST_CASE("child's output: an answer the guard refuses fails its call at once") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake()});
  const ToolOutcome refused = house.call("fake__twice_named");
  REQUIRE(refused.fault);
  CHECK(refused.fault->message.starts_with("the answer of upstream `fake` was refused: "));
}

TEST_CASE("child's output: half a line at its exit is no answer") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake()});
  const ToolOutcome outcome = house.call("fake__half_line");
  CHECK(outcome.status == CallStatus::upstream_unavailable);
  CHECK(text_of(outcome).find("it exited with code 0") != std::string::npos);
}

TEST_CASE("child's output: large lines wait for a worker when all are busy") {
  UpstreamHouse house(system_clock(), 1);
  house.start_quick({UpstreamHouse::fake()});
  std::vector<StartedCall> calls;
  for (int i = 0; i < 8; ++i) calls.push_back(house.begin("fake__line", R"({"bytes":100000})"));
  for (const StartedCall& call : calls) CHECK(call.watch->wait().status == CallStatus::success);
}

TEST_CASE("child's stderr: is always drained, told in part, and never in the way") {
  UpstreamHouse house;
  house.start_quick({UpstreamHouse::fake()});
  CHECK(text_of(house.call("fake__stderr", R"({"lines":100000})")) == "said");
  CHECK(house.log_.wait_for("upstream_stderr server=fake text=eee"));
  house.stop();
  CHECK(house.log_.count("upstream_stderr_suppressed") > 0);
}

TEST_CASE("child's requests: ping and roots/list are answered, everything else is refused") {
  UpstreamConfig config = UpstreamHouse::fake();
  config.roots = {"file:///data", "file:///a%20b"};
  UpstreamHouse house;
  house.start_quick({config});
  const auto asked = [&house](std::string_view method) {
    const ToolOutcome outcome =
        house.call("fake__ask", R"({"method":")" + std::string(method) + "\"}");
    return std::string(JsonView(outcome.result)["structuredContent"].text());
  };
  CHECK(asked("ping") == "{}");
  CHECK(asked("roots/list") == R"({"roots":[{"uri":"file:///data"},{"uri":"file:///a%20b"}]})");
  for (const char* method : {"sampling/createMessage", "elicitation/create", "anything"})
    CHECK(JsonView(asked(method))["code"].integer() == -32601);
}

}  // namespace
}  // namespace devs
