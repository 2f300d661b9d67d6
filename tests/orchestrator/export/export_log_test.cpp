#include "orchestrator/export/export_log.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/export/export_kit.h"

namespace devs {
namespace {

constexpr ExportFormat kAll[] = {ExportFormat::ndjson, ExportFormat::json, ExportFormat::otlp,
                                 ExportFormat::chrome};

TEST_CASE("export_log: NDJSON is the log's bytes, line by line") {
  const std::string odd = R"({"type":"odd","n":1.50,"s":"\u00e9\/"})";
  CHECK(exported(ShortLog({thought_line(0), odd}), ExportFormat::ndjson).text ==
        thought_line(0) + '\n' + odd + '\n');
}

TEST_CASE("export_log: an empty log is a whole file in every format") {
  const ShortLog empty;
  CHECK(exported(empty, ExportFormat::ndjson).text.empty());
  CHECK(exported(empty, ExportFormat::json).json()["entries"].empty());
  CHECK(exported(empty, ExportFormat::json).json()["from"].is_null());
  CHECK(exported(empty, ExportFormat::otlp)
            .json()["resourceSpans"][0]["scopeSpans"][0]["spans"]
            .empty());
  CHECK(exported(empty, ExportFormat::chrome).json()["traceEvents"].size() == 1);  // the log's name
}

TEST_CASE("export_log: from and through are inclusive") {
  ExportJob job;
  job.from = 2;
  job.through = 3;
  const auto out =
      exported(ShortLog({thought_line(1), thought_line(2), thought_line(3), thought_line(4)}),
               ExportFormat::ndjson, job);
  CHECK(out.text == thought_line(2) + '\n' + thought_line(3) + '\n');
  CHECK(out.report.entries == 2);
}

TEST_CASE("export_log: a filter leaves out what does not match") {
  ExportJob job;
  job.matches = [](const EnvelopeFacts& facts) { return facts.type == "thought"; };
  const auto out =
      exported(ShortLog({thought_line(1), action_line("c-1", 2)}), ExportFormat::json, job);
  CHECK(out.json()["entries"].size() == 1);
  CHECK(out.report.entries == 1);
}

TEST_CASE("export_log: a call is exported whole when one of its ends matches") {
  ExportJob job;
  job.matches = [](const EnvelopeFacts& facts) { return facts.status == "TIMEOUT_EXCEEDED"; };
  const ShortLog log({action_line("c-1", 0), action_line("c-2", 10),
                      observation_line("c-1", 500, 124, "TIMEOUT_EXCEEDED"),
                      observation_line("c-2", 600)});
  const auto spans =
      exported(log, ExportFormat::otlp, job).json()["resourceSpans"][0]["scopeSpans"][0]["spans"];
  REQUIRE(spans.size() == 1);
  CHECK(spans[0]["startTimeUnixNano"] == stamp(0));
  CHECK(spans[0]["endTimeUnixNano"] == stamp(500));
  int slices = 0;
  const auto chrome = exported(log, ExportFormat::chrome, job).json();
  for (const auto& event : chrome["traceEvents"]) {
    if (event["ph"] != "X") continue;
    ++slices;
    CHECK(event["dur"] == 500);
  }
  CHECK(slices == 1);
}

TEST_CASE(
    "export_log: neighbouring losses of one reason are one gap, told beside every "
    "format") {
  ShortLog log({thought_line(1)});
  log.lose(LossReason::corrupt);
  log.lose(LossReason::corrupt);
  log.lose(LossReason::expired);
  log.add(thought_line(2));
  for (const ExportFormat format : kAll) {
    CAPTURE(name_of(format));
    const auto out = exported(log, format);
    REQUIRE(out.gaps.size() == 2);
    CHECK(out.gaps[0].from == 2);
    CHECK(out.gaps[0].through == 3);
    CHECK(out.gaps[0].reason == LossReason::corrupt);
    CHECK(out.gaps[1].reason == LossReason::expired);
    CHECK(out.report.gaps == 2);
    CHECK(out.report.lost == 3);
    CHECK(out.report.entries == 2);
  }
}

TEST_CASE("export_log: a gap at the end of the range is declared up to it") {
  ShortLog log({thought_line(1)});
  log.lose(LossReason::corrupt);
  log.lose(LossReason::corrupt);
  ExportJob job;
  job.through = 2;
  const auto out = exported(log, ExportFormat::json, job);
  REQUIRE(out.gaps.size() == 1);
  CHECK(out.gaps[0].through == 2);
}

TEST_CASE("export_log: a line that is no JSON is a gap of its own, and the file stays JSON") {
  const ShortLog log(
      {thought_line(1), R"({"type":"thought",oops})", R"({"a":"\ud800"})", thought_line(2)});
  for (const ExportFormat format : {ExportFormat::json, ExportFormat::otlp, ExportFormat::chrome}) {
    const auto out = exported(log, format);
    CHECK(!out.json().is_discarded());
    REQUIRE(out.gaps.size() == 1);
    CHECK(out.gaps[0].from == 2);
    CHECK(out.gaps[0].through == 3);
  }
}

TEST_CASE("export_log: who does not read any more ends it") {
  ExportJob job;
  job.write = [](std::string_view) { return false; };
  const auto report = export_log(ShortLog({thought_line(1)}), job);
  REQUIRE(!report.ok());
  CHECK(report.status().code() == Code::cancelled);
}

TEST_CASE(
    "export_log: progress goes from nothing to all, and memory does not grow with the "
    "log") {
  ShortLog log;
  for (int i = 0; i < 5000; ++i) log.add(thought_line(i, std::string(500, 'x')));
  ExportJob job;
  job.format = ExportFormat::json;
  job.options.epoch = "5f3a9c01d2";
  std::size_t largest = 0;
  Sequence done = 0;
  job.write = [&largest](std::string_view piece) {
    largest = std::max(largest, piece.size());
    return true;
  };
  job.on_progress = [&done](const ExportProgress& progress) {
    CHECK(progress.done > done);
    CHECK(progress.total == 5000);
    done = progress.done;
  };
  const auto report = export_log(log, job);
  REQUIRE(report.ok());
  CHECK(done == 5000);
  CHECK(report->written_bytes > 3'000'000);
  CHECK(largest < 2'000'000);
}

TEST_CASE("export_format_of: knows its four names and no other") {
  for (const ExportFormat format : kAll) CHECK(export_format_of(name_of(format)) == format);
  CHECK(!export_format_of("JSON"));
  CHECK(!export_format_of(""));
}

}  // namespace
}  // namespace devs
