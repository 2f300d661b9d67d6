#include <doctest/doctest.h>

#include "tests/orchestrator/export/export_kit.h"
#include "tests/orchestrator/export/trace_event_rules.h"

namespace devs {
namespace {

using Json = nlohmann::json;

// Events of one phase.
std::vector<Json> events(const Exported& out, std::string_view phase) {
  CHECK(TraceEventRules::broken_by(out.text) == std::vector<std::string>());
  std::vector<Json> found;
  const Json file = out.json();
  for (const Json& event : file["traceEvents"])
    if (event["ph"] == phase) found.push_back(event);
  return found;
}
Exported chrome(const ShortLog& log, ExportJob job = {}) {
  return exported(log, ExportFormat::chrome, std::move(job));
}

TEST_CASE(
    "Chrome export: a call is one slice in microseconds, on the row of its agent in "
    "its task") {
  const auto out = chrome(ShortLog({action_line("c-1", 10), observation_line("c-1", 1510)}));
  const auto slices = events(out, "X");
  REQUIRE(slices.size() == 1);
  CHECK(slices[0]["name"] == "read");
  CHECK(slices[0]["ts"] == 1'795'224'245'000'010);
  CHECK(slices[0]["dur"] == 1500);
  CHECK(slices[0]["args"]["status"] == "SUCCESS");
  CHECK(slices[0]["args"]["event_id"] == "5f3a9c01d2-1");
  CHECK(slices[0]["args"]["observation_event_id"] == "5f3a9c01d2-2");
  CHECK(!slices[0].contains("cname"));
  const auto names = events(out, "M");
  REQUIRE(names.size() == 3);
  CHECK(names[0]["args"]["name"] == "flight log 5f3a9c01d2");
  CHECK(names[1]["args"]["name"] == "task t-42");
  CHECK(names[1]["pid"] == slices[0]["pid"]);
  CHECK(names[2]["args"]["name"] == "dev-1");
  CHECK(names[2]["tid"] == slices[0]["tid"]);
}

TEST_CASE("Chrome export: calls side by side do not overlap on a row") {
  const auto slices =
      events(chrome(ShortLog({action_line("a", 0), action_line("b", 5), observation_line("a", 10),
                              action_line("c", 10), observation_line("b", 20),
                              observation_line("c", 30)})),
             "X");
  REQUIRE(slices.size() == 3);
  CHECK(slices[0]["tid"] != slices[1]["tid"]);
  CHECK(slices[0]["tid"] == slices[2]["tid"]);
}

TEST_CASE("Chrome export: a failed call is coloured") {
  const auto slices = events(
      chrome(ShortLog({action_line("a", 0), observation_line("a", 10, 1, "TOOL_ERROR")})), "X");
  CHECK(slices[0]["cname"] == "terrible");
  CHECK(slices[0]["args"]["exit_code"] == 1);
}

TEST_CASE("Chrome export: thoughts and named entries are instants of their thread") {
  const auto out = chrome(ShortLog(
      {thought_line(3),
       R"({"type":"hitl","task_id":"t-42","agent_id":"dev-1","payload":{"event":"HITL_GATE_REQUIRED"}})"}));
  const auto instants = events(out, "i");
  REQUIRE(instants.size() == 2);
  CHECK(instants[0]["name"] == "thought");
  CHECK(instants[0]["s"] == "t");
  CHECK(!instants[0]["args"].contains("text"));
  CHECK(instants[1]["name"] == "HITL_GATE_REQUIRED");
  CHECK(instants[0]["tid"] == instants[1]["tid"]);
}

TEST_CASE("Chrome export: an unfinished call is a B that says so, and keeps its row") {
  const auto out =
      chrome(ShortLog({action_line("a", 0), action_line("b", 10), observation_line("b", 20)}));
  const auto open = events(out, "B");
  REQUIRE(open.size() == 1);
  CHECK(open[0]["args"]["unfinished"] == true);
  CHECK(open[0]["tid"] != events(out, "X")[0]["tid"]);
  CHECK(out.json()["otherData"]["unfinished_calls"] == 1);
  CHECK(out.report.omissions.unfinished_calls == 1);
}

TEST_CASE("Chrome export: an observation without its action is a slice that says so") {
  const auto slices = events(chrome(ShortLog({observation_line("z", 5000)})), "X");
  REQUIRE(slices.size() == 1);
  CHECK(slices[0]["args"]["orphan"] == true);
  CHECK(slices[0]["dur"] == 1500);
}

TEST_CASE(
    "[T13] Chrome export: a log that begins with gaps begins at its first entry, not in 1970") {
  ShortLog log;
  log.lose(LossReason::expired);
  log.lose(LossReason::expired);
  log.lose(LossReason::corrupt);
  log.add(thought_line(5));
  std::vector<std::string> gaps;
  const Exported out = exported(log, ExportFormat::chrome);
  const auto json = out.json();
  for (const auto& event : json["traceEvents"]) {
    if (event["ph"] == "M") continue;
    CHECK(event["ts"] == 1'795'224'245'000'005);
    if (event["cat"] == "gap") gaps.push_back(event["name"]);
  }
  CHECK(gaps == std::vector<std::string>{"gap: 2 entries", "gap: 1 entries"});
  CHECK(out.report.gaps == 2);
}

TEST_CASE("Chrome export: a gap is a global instant with ids, count and reason") {
  ShortLog log({thought_line(1)});
  log.lose(LossReason::corrupt);
  const auto out = chrome(log);
  const auto instants = events(out, "i");
  REQUIRE(instants.size() == 2);
  CHECK(instants[1]["s"] == "g");
  CHECK(instants[1]["cat"] == "gap");
  CHECK(
      instants[1]["args"] ==
      Json{{"from", "5f3a9c01d2-2"}, {"to", "5f3a9c01d2-2"}, {"count", 1}, {"reason", "corrupt"}});
  CHECK(out.json()["otherData"]["lost_entries"] == 1);
}

TEST_CASE("Chrome export: whatever order a host's clock gives, rows stay readable") {
  std::uint64_t seed = 20'261'121;
  const auto random = [&seed](std::uint64_t below) {
    seed = seed * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    return (seed >> 33u) % below;
  };
  for (int round = 0; round < 50; ++round) {
    ShortLog log;
    for (int i = 0; i < 200; ++i) {
      const std::string id = "c-" + std::to_string(random(12));
      const int at = static_cast<int>(random(300));
      const std::string agent = "a-" + std::to_string(random(2));
      switch (random(4)) {
        case 0:
          log.add(thought_line(at));
          break;
        case 1:
          log.add(action_line(id, at, "read", agent));
          break;
        default:
          log.add(observation_line(id, at, 0, "SUCCESS", agent));
          break;
      }
    }
    CAPTURE(round);
    const auto out = chrome(log);
    CHECK(TraceEventRules::broken_by(out.text) == std::vector<std::string>());
  }
}

TEST_CASE("TraceEventRules: see what breaks them") {
  const auto broken = [](std::string_view from, std::string_view to) {
    std::string text =
        chrome(ShortLog({action_line("a", 0), action_line("b", 5), observation_line("a", 10),
                         observation_line("b", 20), action_line("c", 30)}))
            .text;
    const auto at = text.find(from);
    REQUIRE(at != text.npos);
    return !TraceEventRules::broken_by(text.replace(at, from.size(), to)).empty();
  };
  CHECK(broken("traceEvents", "events"));
  CHECK(broken("\"ph\":\"X\"", "\"ph\":\"XX\""));
  CHECK(broken("\"ts\":1795", "\"ts\":-1795"));
  CHECK(broken("\"dur\":10", "\"dur\":\"10\""));
  CHECK(broken("\"tid\":4,\"dur\"", "\"tid\":9,\"dur\""));
  CHECK(broken("\"dur\":10", "\"dur\":99"));
  CHECK(broken("\"unfinished\":true", "\"unfinished\":false"));
  CHECK(broken("process_name", "process_nom"));
}

}  // namespace
}  // namespace devs
