#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/trace/flight_log_kit.h"
#include "tests/trace/segment_kit.h"
#include "trace/log_check.h"
#include "trace/log_meta.h"
#include "trace/segment_format.h"
#include "trace/segment_sealer.h"

namespace devs {

inline constexpr std::uint64_t kEntries = 45;

// A stopped server's directory: three sealed segments, a rolled one, an active file,
// ten entries each but the last.
inline void make_log(const std::filesystem::path& dir) {
  MemoryLog lines;
  auto flight = FlightLog::open({.dir = dir}, lines);
  REQUIRE(flight.ok());
  SegmentSealer sealer(**flight, 3);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(append_some(**flight, 10).ok());
    REQUIRE((*flight)->roll().ok());
    if (i < 3) REQUIRE(sealer.seal_oldest({}).ok());
  }
  REQUIRE(append_some(**flight, 5).ok());
}
inline CheckReport check(const std::filesystem::path& dir) {
  auto report = check_log(real_files(), dir, {});
  REQUIRE_MESSAGE(report.ok(), report.status().message());
  return *report;
}
inline std::string say(const CheckReport& report) {
  std::string text;
  for (const LogFault& each : report.faults)
    text += each.file + "@" + std::to_string(each.offset) + " " + each.what + "\n";
  return text;
}
inline std::vector<std::string> repair(const std::filesystem::path& dir) {
  MemoryLog lines;
  auto did = repair_log(real_files(), dir, lines, {});
  REQUIRE_MESSAGE(did.ok(), did.status().message());
  return *did;
}
// What a reader gets, and that each sequence is either there, right, or declared.
inline std::uint64_t lost_on_reading(const std::filesystem::path& dir) {
  MemoryLog lines;
  auto flight = FlightLog::open({.dir = dir, .read_only = true}, lines);
  REQUIRE_MESSAGE(flight.ok(), flight.status().message());
  std::uint64_t lost = 0;
  for (Sequence at = 1; at <= (*flight)->last();) {
    Sequence expected = at;
    const auto outcome = (*flight)->read(at, {}, [&](const StoredLine& line) {
      CHECK(line.sequence == expected);
      CHECK(line.body.starts_with(R"({"word":")" + std::to_string(expected)));
      ++expected;
    });
    REQUIRE(outcome.next > at);
    if (outcome.loss) lost += outcome.loss->through - outcome.loss->from + 1;
    at = outcome.next;
  }
  return lost;
}

inline std::vector<std::filesystem::path> files_of(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> paths = {"trace.log", "trace.idx", "trace.meta"};
  const auto names = real_files().list(dir / "segments");
  for (const std::string& name : *names) paths.push_back(std::filesystem::path("segments") / name);
  return paths;
}
inline bool names(const CheckReport& report, const std::filesystem::path& file) {
  return std::any_of(report.faults.begin(), report.faults.end(),
                     [&](const LogFault& each) { return each.file == file; });
}

// Segments of many blocks, so that damage is less than all.
inline void make_sealed(const std::filesystem::path& dir) {
  REQUIRE(real_files().make_directory(dir).ok());
  REQUIRE(real_files().make_directory(dir / "segments").ok());
  std::string previous;
  for (const Sequence base : {1u, 41u, 81u}) {
    const auto sealed =
        seal(real_files(), dir / "segments", *rolled_of(base, 40, 60),
             {.block_bytes = 700, .epoch = "5f3a9c01d2", .previous_sha256 = previous});
    REQUIRE(sealed.ok());
    previous = *sidecar_sha256(real_files(), dir / "segments", base);
  }
  REQUIRE(write_log_meta(real_files(), dir / "trace.meta", {.epoch = "5f3a9c01d2"}).ok());
  MemoryLog lines;
  REQUIRE(FlightLog::open({.dir = dir}, lines).ok());
  REQUIRE(say(check(dir)) == "");
}
inline SegmentTable table_of(const std::filesystem::path& dir, Sequence base) {
  const std::string text = bytes_of(sealed_sidecar_path(dir / "segments", base));
  const auto lines = split_sidecar(text);
  return *decode_table(lines->table, *decode_head(lines->head));
}

// The same, and behind them a rolled segment of ten entries and five active ones.
inline void make_all_kinds(const std::filesystem::path& dir) {
  make_sealed(dir);
  MemoryLog lines;
  auto flight = FlightLog::open({.dir = dir}, lines);
  REQUIRE(flight.ok());
  REQUIRE(append_some(**flight, 10).ok());
  REQUIRE((*flight)->roll().ok());
  REQUIRE(append_some(**flight, 5).ok());
}

}  // namespace devs
