#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "protocol/base64.h"
#include "protocol/envelope.h"

namespace devs {
namespace {

ObservationEnvelope base() {
  ObservationEnvelope observation;
  observation.tool_call_id = "c-1";
  observation.tool_name = "t";
  observation.server = "builtin";
  observation.executed = true;
  return observation;
}

// The envelope as a reader gets it: its stamp filled by the bus.
std::string published(const ObservationEnvelope& observation) {
  EncodedEnvelope encoded = encode_observation(observation);
  encoded.body.replace(encoded.stamp_at, kStampDigits, "1795224245131482005");
  return encoded.body;
}

std::string text_result(const std::string& text) {
  return R"({"content":[{"type":"text","text":)" + json_string(text) + "}]}";
}

TEST_CASE("encode_observation: text blocks are joined, to stdout or to stderr") {
  ObservationEnvelope observation = base();
  observation.result =
      R"({"content":[{"type":"text","text":"a"},{"type":"image","data":"AA==","mimeType":"i/p"},)"
      R"({"text":"b\u00e9","type":"text","annotations":{"priority":1.0}},{"type":"text","text":""}]})";
  std::string body = published(observation);
  JsonView view(body);
  CHECK(view["stdout"].is("a\nb\u00e9\n"));
  CHECK(view["stderr"].is(""));
  CHECK(
      view["payload"]["result"]["content"].text() ==
      R"([{"type":"text","text_bytes":1},{"type":"image","data":"AA==","mimeType":"i/p"},)"
      R"({"text_bytes":3,"type":"text","annotations":{"priority":1.0}},{"type":"text","text_bytes":0}])");

  observation.status = CallStatus::tool_error;
  body = published(observation);
  view = JsonView(body);
  CHECK(view["stdout"].is(""));
  CHECK(view["stderr"].is("a\nb\u00e9\n"));
  CHECK(view["payload"]["observation"]["stderr"].is("a\nb\u00e9\n"));
  CHECK(view["payload"]["result"]["stdout"].is(""));
  CHECK(view["metadata"]["is_error"].boolean() == true);
}

TEST_CASE("encode_observation: validation help is for readers of stdout") {
  ObservationEnvelope observation = base();
  observation.status = CallStatus::validation_failed;
  observation.result = text_result("help");
  const std::string body = published(observation);
  CHECK(JsonView(body)["stdout"].is("help"));
  CHECK(JsonView(body)["stderr"].is(""));
  CHECK(JsonView(body)["metadata"]["is_error"].boolean() == true);
}

TEST_CASE("encode_observation: a process fills the flat members itself") {
  ObservationEnvelope observation = base();
  observation.status = CallStatus::tool_error;
  observation.result = R"({"content":[{"type":"text","text":"ignored"}],)"
                       R"("structuredContent":{"exit_code":42,"stdout":"out","stderr":"err"}})";
  const std::string body = published(observation);
  const JsonView view(body);
  CHECK(view["exit_code"].integer() == 42);
  CHECK(view["stdout"].is("out"));
  CHECK(view["stderr"].is("err"));
  CHECK(view["payload"]["result"]["structured_content"].text() ==
        R"({"exit_code":42,"stdout":"out","stderr":"err"})");
}

TEST_CASE("encode_observation: an exit code never contradicts the status") {
  const auto exit_code = [](CallStatus status, const std::string& own) {
    ObservationEnvelope observation = base();
    observation.status = status;
    observation.result = R"({"content":[],"structuredContent":{"exit_code":)" + own +
                         R"(,"stdout":"","stderr":""}})";
    return JsonView(published(observation))["exit_code"].integer();
  };
  CHECK(exit_code(CallStatus::success, "0") == 0);
  CHECK(exit_code(CallStatus::success, "3") == 0);
  CHECK(exit_code(CallStatus::tool_error, "0") == 1);
  CHECK(exit_code(CallStatus::tool_error, "3") == 3);
  CHECK(exit_code(CallStatus::tool_error, "1.5") == 1);
}

TEST_CASE("encode_observation: bytes that are no text become base64, both of them") {
  ObservationEnvelope observation = base();
  observation.stdout_text = "\xff\xfe";
  observation.stderr_text = "fine";
  std::string body = published(observation);
  JsonView view(body);
  CHECK(view["encoding"].is("base64"));
  CHECK(view["stdout"].is("//4="));
  CHECK(view["stderr"].is("ZmluZQ=="));
  CHECK(view["payload"]["observation"]["stdout"].is(""));
  CHECK(view["payload"]["observation"]["stderr"].is(""));
  CHECK(view["payload"]["result"]["stdout"].is(""));
  CHECK(validate_observation(view).empty());

  observation = base();
  observation.result = R"({"content":[{"type":"text","text":"a\u0000b"}]})";
  body = published(observation);
  view = JsonView(body);
  CHECK(view["encoding"].is("base64"));
  CHECK(view["stdout"].is(base64_encode(std::string_view("a\0b", 3))));
  CHECK(validate_observation(view).empty());
}

TEST_CASE("encode_observation: previews are 2048 bytes, cut at a code point") {
  ObservationEnvelope observation = base();
  observation.stdout_text = std::string(2047, 'x') + "\u20ac" + std::string(100, 'y');
  const std::string body = published(observation);
  const JsonView view(body);
  CHECK(view["stdout"].is(observation.stdout_text));
  CHECK(view["payload"]["result"]["stdout"].is(std::string(2047, 'x')));
  CHECK(view["payload"]["observation"]["stdout"].is(std::string(2047, 'x')));
  observation.stdout_text = std::string(2048, 'x');
  CHECK(
      JsonView(published(observation))["payload"]["result"]["stdout"].is(observation.stdout_text));
}

TEST_CASE("encode_observation: a duration has at most three decimals") {
  const auto spelled = [](double ms) {
    ObservationEnvelope observation = base();
    observation.duration_ms = ms;
    const std::string body = published(observation);
    CHECK(validate_observation(JsonView(body)).empty());
    return std::string(JsonView(body)["duration_ms"].text());
  };
  CHECK(spelled(11.482) == "11.482");
  CHECK(spelled(2.31) == "2.31");
  CHECK(spelled(1502) == "1502");
  CHECK(spelled(0.0944) == "0.094");
  CHECK(spelled(0.0001) == "0");
  CHECK(spelled(0.9999) == "1");
  CHECK(spelled(1.05) == "1.05");
  CHECK(spelled(100) == "100");
  CHECK(spelled(-1) == "0");
  CHECK(spelled(std::numeric_limits<double>::quiet_NaN()) == "0");
  CHECK(spelled(std::numeric_limits<double>::infinity()) == "9000000000000");
}

TEST_CASE("encode_observation: a huge output is cut to fit and says so") {
  for (const bool binary : {false, true}) {
    ObservationEnvelope observation = base();
    observation.stdout_text = std::string(kMiB, binary ? '\xff' : 'x');
    // Six times as long when escaped, a third longer in base64.
    observation.stderr_text = std::string(binary ? 13 * kMiB : 3 * kMiB, '\x01');
    const std::size_t original = observation.stdout_text.size() + observation.stderr_text.size();
    const std::string body = published(observation);
    const JsonView view(body);
    CHECK(body.size() <= kMaxRecordedEnvelope);
    CHECK(body.size() > kMaxRecordedEnvelope - 5000);  // previews went as well
    CHECK(view["stdout"].is(""));                      // stdout first, then stderr
    CHECK_FALSE(view["stderr"].is(""));
    CHECK(view["metadata"]["truncated"].boolean() == true);
    CHECK(view["metadata"]["original_bytes"].integer() == static_cast<std::int64_t>(original));
    CHECK(validate_observation(view).empty());
    CHECK(compact_json(body, kUpstreamJson).ok());
  }
}

TEST_CASE("encode_observation: only as much is cut as must be") {
  ObservationEnvelope observation = base();
  observation.stdout_text = std::string(16 * kMiB, 'x');
  observation.stderr_text = "kept";
  const std::string body = published(observation);
  CHECK(body.size() <= kMaxRecordedEnvelope);
  CHECK(body.size() > kMaxRecordedEnvelope - 100);
  CHECK(JsonView(body)["stderr"].is("kept"));
  observation.stdout_text.resize(15 * kMiB);
  CHECK(JsonView(published(observation))["metadata"]["truncated"].boolean() == false);
}

TEST_CASE("encode_observation: when even that is too much, blocks go last") {
  ObservationEnvelope observation = base();
  observation.result = R"({"content":[{"type":"image","mimeType":"i/p","data":")" +
                       std::string(16 * kMiB, 'A') + R"("}]})";
  const std::string body = published(observation);
  CHECK(body.size() < kMaxRecordedEnvelope);
  CHECK(JsonView(body)["payload"]["result"]["content"].size() == 0);
  CHECK(JsonView(body)["metadata"]["truncated"].boolean() == true);
}

TEST_CASE("encode_observation: names of bad bytes are repaired before they are cut") {
  ObservationEnvelope observation = base();
  observation.tool_name = observation.server = std::string(1024, '\xff');
  observation.cancelled_by = std::string(2000, 'x');
  CHECK(validate_observation(JsonView(published(observation))).empty());
}

TEST_CASE("[S0.14] encode_observation: each observation passes validate_observation") {
  for (const CallStatus status :
       {CallStatus::success, CallStatus::tool_error, CallStatus::validation_failed,
        CallStatus::upstream_unavailable, CallStatus::timeout_exceeded, CallStatus::access_denied,
        CallStatus::unknown_tool, CallStatus::cancelled, CallStatus::abandoned}) {
    for (const std::string& text : {std::string(), std::string("\x1b[31m\xff\0", 7),
                                    std::string(5000, '\n'), std::string("日本 😀 \"\\")}) {
      for (const bool from_result : {false, true}) {
        ObservationEnvelope observation = base();
        observation.status = status;
        observation.tool_name = std::string(10'000, 'n');
        observation.duration_ms = 1.0 / 3;
        observation.timeout_ms = 1000.0 / 3;
        observation.cancelled_by = "caller";
        observation.recovered = true;
        if (from_result) {
          observation.result = text_result(text);
        } else {
          observation.stdout_text = observation.stderr_text = text;
        }
        const std::string body = published(observation);
        const JsonView view(body);
        CHECK(validate_observation(view).empty());
        CHECK(check_published_envelope(view).ok());
        CHECK(compact_json(body, kEnvelopeJson).ok());
        CHECK(view["payload"].text().size() + 1 == body.size() - body.find(R"(,"payload":)") - 11);
      }
    }
  }
}

TEST_CASE("[M65] observation: a short one holds little memory, since the ring keeps it as it is") {
  ObservationEnvelope observation = base();
  observation.result = text_result("ok");
  CHECK(encode_observation(observation).body.capacity() < 2048);
}

}  // namespace
}  // namespace devs
