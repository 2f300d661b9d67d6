#include <doctest/doctest.h>

#include <string>

#include "protocol/envelope.h"

namespace devs {
namespace {

Status check(std::string_view text) {
  return check_published_envelope(JsonView(text));
}

std::string refusal(std::string_view text) {
  const Status status = check(text);
  return status.ok() ? "accepted" : status.message();
}

TEST_CASE("check_published_envelope: the minimum that must work") {
  CHECK(
      check(
          R"({"type":"thought","turn_index":1,"payload":{"analysis":{"reasoning_chain":"smoke-test"}},"timestamp_ns":"0"})")
          .ok());
}

TEST_CASE("check_published_envelope: the leniency table, what is accepted") {
  for (const char* text :
       {R"({"type":"t"})", R"({"type":"THOUGHT","x":[1,{"y":null}]})",
        R"({"type":"thought","turn_index":0})", R"({"type":"t","turn_index":9007199254740991})",
        R"({"type":"t","timestamp_ns":"9223372036854775807"})",
        R"({"type":"t","task_id":"not an id","taskId":7})",
        R"({"type":"observation","exit_code":"1","schema_version":"v1"})",
        R"({"type":"t","schema_version":2})", R"({"header":{},"payload":{},"type":"t"})",
        R"({"type":"hitl","payload":{}})", R"({"type":"thought","payload":{"event":"gap"}})"}) {
    CAPTURE(text);
    CHECK(check(text).ok());
  }
  CHECK(check("{\"type\":\"" + std::string(64, 'x') + "\"}").ok());
}

TEST_CASE("check_published_envelope: the leniency table, what is refused, and where") {
  CHECK(refusal("[]").starts_with("/: "));
  CHECK(refusal("1").starts_with("/: "));
  CHECK(refusal("{}") == "/type: is required");
  CHECK(refusal(R"({"type":""})").starts_with("/type: "));
  CHECK(refusal(R"({"type":1})").starts_with("/type: "));
  CHECK(refusal(R"({"type":null})").starts_with("/type: "));
  CHECK(refusal("{\"type\":\"" + std::string(65, 'x') + "\"}").starts_with("/type: "));
  CHECK(refusal(R"({"header":{},"payload":{}})").find("/saop/turns") != std::string::npos);
  for (const char* stamp :
       {"0", "1.5", "null", "\"\"", "\"-1\"", "\"01\"", "\"1e9\"", "\"0x1\"", "\" 1\"",
        "\"9223372036854775808\"", "\"00\"", "\"10000000000000000000\"", "[]"}) {
    CAPTURE(stamp);
    CHECK(refusal("{\"type\":\"t\",\"timestamp_ns\":" + std::string(stamp) + "}")
              .starts_with("/timestamp_ns: "));
  }
  CHECK(refusal("{\"type\":\"t\",\"timestamp_ns\":\"" + std::string(400, '1') + "\"}")
            .starts_with("/timestamp_ns: "));
  for (const char* turn : {"-1", "1.5", "1.0", "1e2", "\"1\"", "null", "9007199254740992",
                           "18446744073709551616", "{}"}) {
    CAPTURE(turn);
    CHECK(refusal("{\"type\":\"t\",\"turn_index\":" + std::string(turn) + "}")
              .starts_with("/turn_index: "));
  }
  for (const char* payload : {"1", "null", "[]", "\"x\""}) {
    CHECK(refusal("{\"type\":\"t\",\"payload\":" + std::string(payload) + "}")
              .starts_with("/payload: "));
  }
}

TEST_CASE("check_published_envelope: names of control events and line ends are refused") {
  for (const char* event : {"gap", "reset", "evicted", "goodbye", "envelope_oversize", "replay_end",
                            "a\\nb", "a\\rb", "a\\u0000b"}) {
    CAPTURE(event);
    CHECK(refusal(R"({"type":"system","payload":{"event":")" + std::string(event) + "\"}}")
              .starts_with("/payload/event: "));
    // Entries that are named beside their payload.
    for (const char* type : {"channel", "graph"})
      CHECK(refusal(R"({"type":")" + std::string(type) + R"(","event":")" + event + "\"}")
                .starts_with("/event: "));
  }
}

constexpr const char* kFlat =
    R"("tool_call_id":"c","timestamp_ns":"0","exit_code":0,"stdout":"","stderr":"")";

std::vector<std::string> offences(const std::string& members) {
  const std::string text = "{\"type\":\"observation\"," + members + "}";
  return validate_observation(JsonView(text));
}

TEST_CASE("validate_observation: the flat form conforms, full and bare") {
  CHECK(offences(kFlat).empty());
  CHECK(
      offences(
          std::string(kFlat) +
          R"(,"schema_version":"1.12.0","encoding":"utf8","duration_ms":1.125,"metadata":{"a":"x","b":1,"c":true})")
          .empty());
}

TEST_CASE("validate_observation: every offending member at once") {
  const auto found = validate_observation(JsonView(
      R"({"type":"Observation","schema_version":"v1","tool_call_id":"a b","timestamp_ns":0,"exit_code":"1","stdout":1,"encoding":"hex","duration_ms":-1,"metadata":{"a":{},"payload":1}})"));
  const char* const expected[] = {
      "/schema_version", "/type",       "/tool_call_id",    "/timestamp_ns",
      "/exit_code",      "/encoding",   "/stdout",          "/stderr",
      "/duration_ms",    "/metadata/a", "/metadata/payload"};
  REQUIRE(found.size() == std::size(expected));
  for (std::size_t at = 0; at < found.size(); ++at) {
    CHECK(found[at].starts_with(std::string(expected[at]) + ": "));
  }
  CHECK(validate_observation(JsonView("[]")).size() == 1);
}

TEST_CASE("validate_observation: each rule of the table") {
  const std::string flat = kFlat;
  for (const char* bad :
       {R"("schema_version":"2.0.0")", R"("schema_version":1)", R"("schema_version":"1.0")",
        R"("schema_version":"1.0.0.0")", R"("schema_version":"1..0")",
        R"("schema_version":"1.a.0")", R"("encoding":null)", R"("duration_ms":-0.001)",
        R"("duration_ms":0.0001)", R"("duration_ms":"1")", R"("metadata":[])",
        R"("metadata":{"x":null})", R"("metadata":{"x":[]})"}) {
    CAPTURE(bad);
    CHECK(offences(flat + "," + bad).size() == 1);
  }
  CHECK(offences(flat + ",\"metadata\":{\"x\":\"" + std::string(1024, 'x') + "\"}").empty());
  CHECK(offences(flat + ",\"metadata\":{\"x\":\"" + std::string(1025, 'x') + "\"}").size() == 1);
  std::string members = "\"m\":0";
  for (int i = 1; i < 32; ++i) members += ",\"m" + std::to_string(i) + "\":0";
  CHECK(offences(flat + ",\"metadata\":{" + members + "}").empty());
  CHECK(offences(flat + ",\"metadata\":{" + members + ",\"n\":0}").size() == 1);
  CHECK(offences(flat + R"(,"duration_ms":300000.412)").empty());
  CHECK(offences(flat + R"(,"metadata":{"a\/~b":null})").front().starts_with("/metadata/a~1~0b: "));
}

TEST_CASE("validate_observation: base64 is checked, and NUL needs it") {
  const auto with = [](const char* encoding, const char* out) {
    return offences(
        std::string(
            R"("tool_call_id":"c","timestamp_ns":"0","exit_code":0,"stderr":"","encoding":")") +
        encoding + R"(","stdout":")" + out + "\"");
  };
  CHECK(with("base64", "Zm8=").empty());
  CHECK(with("base64", "Zm8").size() == 1);
  CHECK(with("base64", "plain text").size() == 1);
  CHECK(with("utf8", "a\\u0000b").size() == 1);
  CHECK(with("utf8", "Zm8").empty());
}

}  // namespace
}  // namespace devs
