#include "orchestrator/calls/call_recovery.h"

#include <doctest/doctest.h>

#include "protocol/json.h"

namespace devs {
namespace {

std::string stamped(EncodedEnvelope envelope, std::string_view stamp) {
  return envelope.body.replace(envelope.stamp_at, kStampDigits, stamp);
}
constexpr std::string_view kFirst = "1795224245120000002";
constexpr std::string_view kLater = "1795224245320000002";  // 200 ms on

ActionEnvelope action(std::string id) {
  ActionEnvelope envelope;
  envelope.origin = {.turn_index = 4,
                     .agent_id = "dev-1",
                     .agent_role = "developer",
                     .session_id = "s-7",
                     .task_id = "t-42",
                     .thread_id = "main",
                     .trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"};
  envelope.tool_call_id = std::move(id);
  envelope.span_id = "00f067aa0ba902b7";
  envelope.tool_name = "read_file";
  envelope.arguments = R"({"path":"a"})";
  envelope.server = "files";
  envelope.upstream_tool = "read_file";
  envelope.timeout_ms = 1000;
  envelope.jsonrpc_request_id = "3";
  return envelope;
}
std::string observation_line(std::string id, std::string span) {
  ObservationEnvelope envelope;
  envelope.span_id = std::move(span);
  envelope.tool_call_id = std::move(id);
  return stamped(encode_observation(envelope), kLater);
}

TEST_CASE("CallRecovery: an action without an observation is answered ABANDONED") {
  CallRecovery recovery;
  recovery.see(stamped(encode_action(action("c-1")), kFirst));
  ActionEnvelope other = action("c-2");
  other.span_id = "00f067aa0ba902b8";
  recovery.see(stamped(encode_action(other), kLater));
  recovery.see(observation_line("c-2", "00f067aa0ba902b8"));

  const auto drafts = recovery.abandoned();
  REQUIRE(drafts.size() == 1);
  const std::string stamped_body =
      stamped({drafts[0].body, drafts[0].stamp_at.value()}, kLater);  // as the bus will
  const JsonView told(stamped_body);
  CHECK(told["type"].is("observation"));
  CHECK(told["tool_call_id"].is("c-1"));
  CHECK(told["task_id"].is("t-42"));
  CHECK(told["span_id"].is("00f067aa0ba902b7"));
  CHECK(told["exit_code"].integer() == 137);
  CHECK(told["metadata"]["status"].is("ABANDONED"));
  CHECK(told["metadata"]["recovered"].boolean() == true);
  CHECK_FALSE(told["metadata"]["executed"].present());
  CHECK(told["duration_ms"].number() == doctest::Approx(200));
  CHECK(validate_observation(told).empty());
}

TEST_CASE("CallRecovery: two calls whose hosts chose one id are two calls") {
  CallRecovery recovery;
  ActionEnvelope second = action("c-1");
  second.span_id = "00f067aa0ba902b8";
  recovery.see(stamped(encode_action(action("c-1")), kFirst));
  recovery.see(stamped(encode_action(second), kLater));
  CHECK(recovery.abandoned().size() == 2);
  recovery.see(observation_line("c-1", "00f067aa0ba902b8"));
  REQUIRE(recovery.abandoned().size() == 1);
  CHECK(JsonView(recovery.abandoned()[0].body)["span_id"].is("00f067aa0ba902b7"));
}

TEST_CASE("CallRecovery: a host's action is the host's to answer") {
  CallRecovery recovery;
  recovery.see(
      R"({"type":"action","turn_index":1,"timestamp_ns":"1","tool_call_id":"c-9","payload":{}})");
  CHECK(recovery.abandoned().empty());
}

TEST_CASE("CallRecovery: the largest stamp of ours counts, a host's does not") {
  CallRecovery recovery;
  recovery.see(stamped(encode_action(action("c-1")), kLater));
  recovery.see(stamped(encode_action(action("c-0")), kFirst));
  recovery.see(
      R"({"type":"thought","turn_index":1,"payload":{},"timestamp_ns":"9223372036854775807"})");
  CHECK(recovery.last_stamp_ns() == 1795224245320000002);
}

TEST_CASE("[SX.13] CallRecovery: what ends a call is its owner's, as the call was") {
  CallRecovery recovery;
  recovery.see(stamped(encode_action(action("c-1")), kFirst), "owner:u1");
  ActionEnvelope other = action("c-2");
  other.span_id = "00f067aa0ba902b8";
  recovery.see(stamped(encode_action(other), kLater));
  const auto drafts = recovery.abandoned();
  REQUIRE(drafts.size() == 2);
  CHECK(drafts[0].topics == "owner:u1");
  CHECK(drafts[1].topics.empty());
}

}  // namespace
}  // namespace devs
