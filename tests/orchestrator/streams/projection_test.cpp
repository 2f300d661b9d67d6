#include "orchestrator/streams/projector.h"

#include <doctest/doctest.h>

#include <string>

#include "orchestrator/streams/stream_profile.h"
#include "protocol/sse_parser.h"
#include "tests/orchestrator/streams/captured_log.h"
#include "tests/support/fake_clock.h"

using namespace devs;

namespace {

Entry entry_of(Sequence sequence, std::string body) {
  EnvelopeFacts facts = facts_of(body);
  return {sequence, std::move(body), std::move(facts)};
}

struct Fixture {
  FakeClock clock;
  CapturedLog log;
  Metrics metrics;
  Projector projector{"5f3a9c01d2", clock, log, metrics};

  std::string raw(Sequence sequence, const std::string& body) {
    std::string out;
    projector.append(*projector.find("raw"), entry_of(sequence, body), out);
    return out;
  }
  std::string console(Sequence sequence, const std::string& body) {
    std::string out;
    projector.append(*projector.find("console"), entry_of(sequence, body), out);
    return out;
  }
};

// A valid envelope of exactly so many bytes, filled with `filling`.
std::string envelope_of(std::size_t bytes, std::string_view filling) {
  std::string text = R"({"type":"thought","timestamp_ns":"1","payload":{"content":")";
  const std::string end = R"("}})";
  while (text.size() + end.size() + filling.size() <= bytes) text += filling;
  while (text.size() + end.size() < bytes) text += 'x';
  return text + end;
}

}  // namespace

TEST_CASE("[S0.2] Projector: an envelope is one frame, its bytes untouched") {
  Fixture f;
  CHECK(f.raw(184, R"({"type":"thought","n":1.10,"e":"\u00e9"})") ==
        "id: 5f3a9c01d2-184\ndata: {\"type\":\"thought\",\"n\":1.10,\"e\":\"\\u00e9\"}\n\n");
}

TEST_CASE("Projector: a named entry is a named event on raw streams and on the console") {
  Fixture f;
  const std::string gate = R"({"type":"hitl","payload":{"event":"HITL_BLOCK","gate_id":"g"}})";
  const std::string frame = "id: 5f3a9c01d2-7\nevent: HITL_GATE_REQUIRED\ndata: " + gate + "\n\n";
  CHECK(f.raw(7, gate) == frame);
  CHECK(f.console(7, gate) == frame);
  const std::string task = R"({"type":"lifecycle","payload":{"event":"TASK_STARTED"}})";
  CHECK(f.raw(8, task) == "id: 5f3a9c01d2-8\nevent: TASK_STARTED\ndata: " + task + "\n\n");
  CHECK(f.console(8, task) == "");
}

TEST_CASE("[S0.7] [D0.1] Projector: 1 048 576 bytes pass, one more is announced and warned of once") {
  Fixture f;
  for (const std::string_view filling : {"x", "\U0001F4AD"}) {
    CAPTURE(filling.size());
    for (const std::size_t bytes : {1'048'575U, 1'048'576U}) {
      const std::string body = envelope_of(bytes, filling);
      REQUIRE(body.size() == bytes);
      const bool whole = f.raw(186, body) == "id: 5f3a9c01d2-186\ndata: " + body + "\n\n";
      CHECK(whole);
    }
  }
  CHECK(f.log.count("WARN envelope_oversize") == 0);
  const std::string_view announced =
      "id: 5f3a9c01d2-187\nevent: envelope_oversize\n"
      "data: {\"id\":\"5f3a9c01d2-187\",\"bytes\":1048577}\n\n";
  const std::string body = envelope_of(1'048'577, "\U0001F4AD");
  REQUIRE(body.size() == 1'048'577);
  for (int reader = 0; reader < 3; ++reader) {
    CHECK(f.raw(187, body) == announced);
    CHECK(f.console(187, body) == announced);
  }
  CHECK(f.log.count("WARN envelope_oversize") == 1);
  CHECK(f.metrics.counter("stream_envelope_oversize_total").value() == 1);
  CHECK(f.raw(188, R"({"type":"thought"})") != "");
}

TEST_CASE("[S0.12] Projector: an unknown type is warned of once per type and minute") {
  Fixture f;
  const std::string one = R"({"type":"one","timestamp_ns":"1"})";
  const std::string two = R"({"type":"two","timestamp_ns":"1"})";
  for (Sequence n = 1; n <= 5; ++n) CHECK(f.console(n, one) == "");
  CHECK(f.log.count("WARN console_unknown_type") == 1);
  CHECK(f.console(6, two) == "");
  CHECK(f.log.count("WARN console_unknown_type") == 2);
  f.clock.advance(std::chrono::seconds(59));
  CHECK(f.console(7, one) == "");
  CHECK(f.log.count("WARN console_unknown_type") == 2);
  f.clock.advance(std::chrono::seconds(1));
  CHECK(f.console(8, one) == "");
  CHECK(f.log.count("WARN console_unknown_type") == 3);
  CHECK(f.raw(8, one) != "");
}

TEST_CASE("Projector: a flood of unknown types is forgotten, not kept") {
  Fixture f;
  for (int n = 0; n < 1000; ++n) f.console(1, R"({"type":"t)" + std::to_string(n) + "\"}");
  CHECK(f.log.count("WARN console_unknown_type") == 256);
  f.clock.advance(std::chrono::minutes(1));
  f.console(1, R"({"type":"later"})");
  CHECK(f.log.count("WARN console_unknown_type") == 257);
}

TEST_CASE("[S0.12] Projector: a missing stamp is an annotation error, the stream lives") {
  Fixture f;
  const std::string bare = R"({"type":"thought","payload":{}})";
  CHECK(f.console(1, bare) == "");
  CHECK(f.console(1, bare) == "");
  CHECK(f.metrics.counter("console_annotation_errors_total").value() == 1);
  CHECK(f.log.count("WARN console_annotation_error") == 1);
  CHECK(f.raw(1, bare) != "");
  CHECK(f.console(2, R"({"type":"thought","timestamp_ns":"0"})") != "");
  CHECK(f.console(3, R"({"type":"thought","timestamp_ns":"0","display":{}})") == "");
  CHECK(f.log.count("WARN console_envelope_left_out") == 1);
}

TEST_CASE("stream_profiles: the table") {
  const auto& rows = stream_profiles();
  REQUIRE(rows.size() >= 4);
  CHECK(rows[0].path == "/trace/stream");
  CHECK(rows[1].path == "/stream");
  CHECK(rows[2].path == "/agent-console/stream");
  for (const StreamProfile& row : rows) {
    if (!row.topic.empty() || row.websocket) continue;  // no trace stream over SSE
    CHECK(row.first == ": connected\n\n");
    CHECK(row.heartbeat == ": heartbeat\n\n");
    CHECK(row.heartbeat_period == std::chrono::seconds(15));
    CHECK(row.cache_control == "no-cache");
  }
  CHECK_FALSE(rows[0].ids_are_uuids);
  CHECK(rows[1].ids_are_uuids);
  CHECK(rows[2].projection == "console");
  CHECK(rows[3].path == "/trace/ws");
  for (const StreamProfile& row : rows) CHECK(row.websocket == (row.key == "WS"));
  CHECK(rows[4].path == "/trace/replay");
  for (const StreamProfile& row : rows) CHECK(row.timed == (row.path == "/trace/replay"));
}
