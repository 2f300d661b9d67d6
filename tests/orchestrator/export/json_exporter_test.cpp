#include <doctest/doctest.h>

#include "tests/orchestrator/export/export_kit.h"

namespace devs {
namespace {

TEST_CASE("JSON export: each envelope verbatim, beside its id") {
  const std::string body = R"({"type":"odd","n":1.50,"s":"\u00e9\/"})";
  const auto out = exported(ShortLog({body, thought_line(1)}), ExportFormat::json);
  CHECK(out.text.find("{\"id\":\"5f3a9c01d2-1\",\"envelope\":" + body + "}") != out.text.npos);
  const auto json = out.json();
  CHECK(json["format"] == "mcp-orchestrator-export/1");
  CHECK(json["exported_at"] == "2026-11-21T12:00:00.000Z");
  CHECK(json["entries"].size() == 2);
  CHECK(json["from"] == "5f3a9c01d2-1");
  CHECK(json["to"] == "5f3a9c01d2-2");
}

TEST_CASE("JSON export: gaps are listed with ids, count and reason") {
  ShortLog log({thought_line(1)});
  log.lose(LossReason::recorder);
  log.lose(LossReason::recorder);
  log.add(thought_line(2));
  const auto gaps = exported(log, ExportFormat::json).json()["gaps"];
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0] == nlohmann::json{{"from", "5f3a9c01d2-2"},
                                  {"to", "5f3a9c01d2-3"},
                                  {"count", 2},
                                  {"reason", "recorder"}});
}

TEST_CASE("JSON export: a log of holes lists its first ones and counts the others") {
  ShortLog log;
  for (int i = 0; i < 10'005; ++i) {
    log.lose(LossReason::corrupt);
    log.add("{}");
  }
  const auto json = exported(log, ExportFormat::json).json();
  CHECK(json["gaps"].size() == 10'000);
  CHECK(json["gaps_not_listed"] == 5);
  CHECK(json["entries"].size() == 10'005);
}

}  // namespace
}  // namespace devs
