#include "orchestrator/traces/trace_projection.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/query/spans_kit.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

struct Shown {
  FakeClock clock;
  TraceProjection projection{clock};

  std::string frame(const std::string& body, std::string_view topics = {}) const {
    const EnvelopeFacts facts = facts_of(body);
    std::string out;
    projection.append(EntryView(7, body, facts, topics), "5f3a9c01d2-7", out);
    return out;
  }
  bool shows(const std::string& body) const {
    const EnvelopeFacts facts = facts_of(body);
    return projection.shows(EntryView(7, body, facts), "5f3a9c01d2-7");
  }
  std::string control(const ControlEvent& event) const {
    std::string out;
    projection.append_control(event, out);
    return out;
  }
};

const std::string kThought =
    R"({"type":"thought","timestamp_ns":"1795224245120000002","thought_id":"h-1","payload":{}})";

TEST_CASE("[S2.4] trace projection: an action is a `trace`, its observation a `trace_update`") {
  const Shown shown;
  const TestCall call{.id = "c-1"};
  CHECK(shown.frame(action_of(call), "owner:ann") ==
        "id: 5f3a9c01d2-7\ndata: {\"type\":\"trace\",\"timestamp\":null,\"data\":" +
            row_of(action_of(call), "owner:ann") + "}\n\n");
  const std::string update = shown.frame(observation_of(call), "owner:ann");
  CHECK(update ==
        "id: 5f3a9c01d2-7\ndata: {\"type\":\"trace_update\",\"timestamp\":null,\"data\":" +
            row_of(observation_of(call), "owner:ann") + "}\n\n");
  CHECK(update.find("input_data") == std::string::npos);
  CHECK(update.find(R"("id":"c-1")") != std::string::npos);
  CHECK(shown.frame(kThought).starts_with(
      "id: 5f3a9c01d2-7\ndata: {\"type\":\"trace\",\"timestamp\":\"2026-11-21T01:24:05.120Z\","));
}

TEST_CASE("[S2.4] trace projection: a frame is of its entry alone, whenever it is made") {
  Shown shown;
  const std::string live = shown.frame(kThought, "owner:ann");
  shown.clock.advance(std::chrono::hours(1));
  CHECK(shown.frame(kThought, "owner:ann") == live);
}

TEST_CASE("[S2.2] trace projection: what is no span makes no frame, and is not announced either") {
  const Shown shown;
  for (const char* other : {R"({"type":"system","payload":{"event":"UPSTREAM_UP"}})",
                            R"({"type":"lifecycle","payload":{"event":"TASK_PROGRESS"}})",
                            R"({"type":"span","payload":{}})"}) {
    CHECK(shown.frame(other).empty());
    CHECK_FALSE(shown.shows(other));
  }
  CHECK(shown.shows(kThought));
}

TEST_CASE("[S2.2] trace projection: control events come in the wrapper of rows, with their id") {
  const Shown shown;
  CHECK(shown.control(gap_event("5f3a9c01d2", 185, 900, "expired")) ==
        "id: 5f3a9c01d2-900\ndata: {\"type\":\"gap\",\"timestamp\":\"2026-11-21T01:24:05.120Z\","
        "\"data\":{\"from\":\"5f3a9c01d2-185\",\"to\":\"5f3a9c01d2-900\",\"count\":716,"
        "\"reason\":\"expired\"}}\n\n");
  CHECK(shown.control(goodbye_event(3172, "5f3a9c01d2-900")) ==
        "retry: 3172\ndata: {\"type\":\"goodbye\",\"timestamp\":\"2026-11-21T01:24:05.120Z\","
        "\"data\":{\"reason\":\"shutdown\",\"retry_ms\":3172,\"last_id\":\"5f3a9c01d2-900\"}}\n\n");
  CHECK(shown.control(reset_event("epoch", "aaaaaaaaaa-12", "5f3a9c01d2-900"))
            .starts_with("data: {\"type\":\"reset\","));
}

}  // namespace
}  // namespace devs
