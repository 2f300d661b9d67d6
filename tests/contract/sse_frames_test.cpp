#include <doctest/doctest.h>

#include <string>

#include "protocol/sse_frame.h"

// The bytes of streams 1.2, 1.3 and 3.2.
namespace devs {
namespace {

std::string frame(const SseEvent& event) {
  std::string out;
  append_sse_frame(out, event);
  return out;
}

std::string comment(std::string_view text) {
  std::string out;
  append_sse_comment(out, text);
  return out;
}

TEST_CASE("contract: first frames and heartbeats") {
  CHECK(comment("connected") == ": connected\n\n");
  CHECK(comment("heartbeat") == ": heartbeat\n\n");
  CHECK(comment("keepalive") == ": keepalive\n\n");
  CHECK(comment("") == ":\n\n");
  CHECK(frame({.id = "", .event = "", .data = "", .retry_ms = 2000, .has_data = false}) ==
        "retry: 2000\n\n");
}

TEST_CASE("contract: entries, plain, named and as a checkpoint") {
  CHECK(frame({.id = "5f3a9c01d2-184", .event = "", .data = "{\"type\":\"thought\"}"}) ==
        "id: 5f3a9c01d2-184\ndata: {\"type\":\"thought\"}\n\n");
  CHECK(frame({.id = "5f3a9c01d2-184", .event = "HITL_GATE_REQUIRED", .data = "{}"}) ==
        "id: 5f3a9c01d2-184\nevent: HITL_GATE_REQUIRED\ndata: {}\n\n");
  CHECK(frame({.id = "5f3a9c01d2-184", .event = "", .data = "", .has_data = false}) ==
        "id: 5f3a9c01d2-184\n\n");
}

TEST_CASE("contract: control events") {
  CHECK(frame({.id = "5f3a9c01d2-900",
               .event = "gap",
               .data = R"({"from":"5f3a9c01d2-185","to":"5f3a9c01d2-900","count":716,)"
                       R"("reason":"expired"})"}) ==
        "id: 5f3a9c01d2-900\nevent: gap\ndata: {\"from\":\"5f3a9c01d2-185\","
        "\"to\":\"5f3a9c01d2-900\",\"count\":716,\"reason\":\"expired\"}\n\n");
  CHECK(
      frame({.id = "",
             .event = "reset",
             .data = R"({"reason":"epoch","requested":"aaaaaaaaaa-12","now":"5f3a9c01d2-900"})"}) ==
      "event: reset\ndata: {\"reason\":\"epoch\",\"requested\":\"aaaaaaaaaa-12\","
      "\"now\":\"5f3a9c01d2-900\"}\n\n");
  CHECK(frame({.id = "",
               .event = "evicted",
               .data = R"({"reason":"stalled","last_id":"5f3a9c01d2-900"})"}) ==
        "event: evicted\ndata: "
        "{\"reason\":\"stalled\",\"last_id\":\"5f3a9c01d2-900\"}\n\n");
  CHECK(frame({.id = "",
               .event = "goodbye",
               .data = R"({"reason":"shutdown","retry_ms":3172,"last_id":"5f3a9c01d2-900"})",
               .retry_ms = 3172}) ==
        "retry: 3172\nevent: goodbye\ndata: {\"reason\":\"shutdown\",\"retry_ms\":3172,"
        "\"last_id\":\"5f3a9c01d2-900\"}\n\n");
  CHECK(frame({.id = "5f3a9c01d2-187",
               .event = "envelope_oversize",
               .data = R"({"id":"5f3a9c01d2-187","bytes":1048577})"}) ==
        "id: 5f3a9c01d2-187\nevent: envelope_oversize\n"
        "data: {\"id\":\"5f3a9c01d2-187\",\"bytes\":1048577}\n\n");
}

}  // namespace
}  // namespace devs
