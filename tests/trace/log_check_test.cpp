#include "trace/log_check.h"

#include <random>

#include "tests/support/temp_dir.h"
#include "tests/trace/segment_kit.h"
#include "trace/log_meta.h"
#include "trace/rolled_segment.h"
#include "trace/segment_format.h"
#include "trace/segment_sealer.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

constexpr std::uint64_t kEntries = 45;

// A stopped server's directory: three sealed segments, a rolled one, an active file,
// ten entries each but the last.
void make_log(const std::filesystem::path& dir) {
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
CheckReport check(const std::filesystem::path& dir) {
  auto report = check_log(real_files(), dir, {});
  REQUIRE_MESSAGE(report.ok(), report.status().message());
  return *report;
}
std::string say(const CheckReport& report) {
  std::string text;
  for (const LogFault& each : report.faults)
    text += each.file + "@" + std::to_string(each.offset) + " " + each.what + "\n";
  return text;
}
std::vector<std::string> repair(const std::filesystem::path& dir) {
  MemoryLog lines;
  auto did = repair_log(real_files(), dir, lines, {});
  REQUIRE_MESSAGE(did.ok(), did.status().message());
  return *did;
}
// What a reader gets, and that each sequence is either there, right, or declared.
std::uint64_t lost_on_reading(const std::filesystem::path& dir) {
  MemoryLog lines;
  auto flight = FlightLog::open({.dir = dir, .read_only = true}, lines);
  REQUIRE_MESSAGE(flight.ok(), flight.status().message());
  std::uint64_t lost = 0;
  for (Sequence at = 1; at <= (*flight)->last();) {
    Sequence expected = at;
    const auto outcome = (*flight)->read(at, {}, [&](const StoredLine& line) {
      CHECK(line.sequence == expected);
      CHECK(line.body == body_of(std::to_string(expected)));
      ++expected;
    });
    REQUIRE(outcome.next > at);
    if (outcome.loss) lost += outcome.loss->through - outcome.loss->from + 1;
    at = outcome.next;
  }
  return lost;
}
void flip(const std::filesystem::path& path, std::uint64_t at, int bit = 0) {
  std::string bytes = bytes_of(path);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ (1 << bit));
  write_bytes(path, bytes);
}
std::vector<std::filesystem::path> files_of(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> paths = {"trace.log", "trace.idx", "trace.meta"};
  const auto names = real_files().list(dir / "segments");
  for (const std::string& name : *names) paths.push_back(std::filesystem::path("segments") / name);
  return paths;
}
bool names(const CheckReport& report, const std::filesystem::path& file) {
  return std::any_of(report.faults.begin(), report.faults.end(),
                     [&](const LogFault& each) { return each.file == file; });
}

TEST_CASE(
    "check_log: proves a log of sealed, rolled and active files, and counts what it "
    "read") {
  const TempDir dir;
  make_log(dir.path());
  std::uint64_t done = 0, total = 0;
  const auto report = check_log(real_files(), dir.path(), [&](const CheckProgress& progress) {
    CHECK(progress.done_bytes >= done);
    done = progress.done_bytes;
    total = progress.total_bytes;
  });
  REQUIRE(report.ok());
  CHECK(say(*report) == "");
  CHECK(report->segments == 4);
  CHECK(report->entries == kEntries);
  CHECK(report->first == 1);
  CHECK(report->last == kEntries);
  CHECK(report->lost == 0);
  CHECK(report->repaired == 0);
  CHECK(done == total);
  CHECK(done == report->bytes);
  CHECK(files_of(dir.path()).size() == 11);
}

TEST_CASE("check_log: an empty directory has no log, and an empty log no fault") {
  const TempDir dir;
  const auto none = check_log(real_files(), dir.path(), {});
  REQUIRE(!none.ok());
  CHECK(none.status().code() == Code::not_found);
  MemoryLog lines;
  const auto unmended = repair_log(real_files(), dir.path(), lines, {});
  REQUIRE(!unmended.ok());
  CHECK(unmended.status().code() == Code::not_found);
  CHECK(std::filesystem::is_empty(dir.path()));
  REQUIRE(FlightLog::open({.dir = dir.path()}, lines).ok());
  CHECK(say(check(dir.path())) == "");
  CHECK(repair(dir.path()).empty());
}

TEST_CASE(
    "check_log: finds each of 100 random corruptions, names the file, and repair mends "
    "it") {
  const TempDir dir;
  make_log(dir / "right");
  const auto paths = files_of(dir / "right");
  std::mt19937 random(20'261'123);
  for (int round = 0; round < 100; ++round) {
    const auto& path = paths[random() % paths.size()];
    std::filesystem::remove_all(dir / "log");
    std::filesystem::copy(dir / "right", dir / "log", std::filesystem::copy_options::recursive);
    std::string bytes = bytes_of(dir / "log" / path);
    const std::size_t at = random() % bytes.size();
    std::string how;
    switch (random() % 4) {
      case 0:
        how = "flip";
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        how = "cut";
        bytes.resize(at);
        break;
      case 2:
        how = "zeros";
        for (std::size_t i = at; i < std::min(bytes.size(), at + 16); ++i) bytes[i] = '\0';
        if (bytes == bytes_of(dir / "log" / path)) bytes[at] = 'x';
        break;
      default:
        how = "put in";
        bytes.insert(at, "intruder");
    }
    CAPTURE(path);
    CAPTURE(at);
    CAPTURE(how);
    write_bytes(dir / "log" / path, bytes);
    const CheckReport report = check(dir / "log");
    CAPTURE(say(report));
    CHECK_FALSE(report.faults.empty());
    CHECK(names(report, path));
    std::uint64_t first_bad = ~std::uint64_t{0};
    for (const LogFault& each : report.faults)
      if (each.file == path) first_bad = std::min(first_bad, each.offset);
    CHECK(first_bad <= at + 16);  // zeros may begin where there were some
    lost_on_reading(dir / "log");

    const auto did = repair(dir / "log");
    CHECK_FALSE(did.empty());
    CHECK(say(check(dir / "log")) == "");
    lost_on_reading(dir / "log");
  }
}

TEST_CASE("repair_log: a sidecar is written again from its data, byte for byte") {
  const TempDir dir;
  make_log(dir.path());
  const auto sidecar = sealed_sidecar_path(dir / "segments", 11);
  const std::string right = bytes_of(sidecar);
  for (const bool gone : {false, true}) {
    if (gone)
      std::filesystem::remove(sidecar);
    else
      flip(sidecar, 300);
    const CheckReport report = check(dir.path());
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].file == "segments/00000000000000000011.json");
    CHECK(report.faults[0].offset == (gone ? 0u : 300u));
    CHECK(report.faults[0].from == 11);
    CHECK(report.faults[0].through == 20);
    CHECK(report.faults[0].repairable);
    CHECK(lost_on_reading(dir.path()) == 10);
    CHECK(contains(repair(dir.path()).back(), "segment 11: wrote its sidecar again"));
    CHECK(bytes_of(sidecar) == right);
    CHECK(say(check(dir.path())) == "");
    CHECK(lost_on_reading(dir.path()) == 0);
  }
}

// Segments of many blocks, so that damage is less than all.
void make_sealed(const std::filesystem::path& dir) {
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
SegmentTable table_of(const std::filesystem::path& dir, Sequence base) {
  const std::string text = bytes_of(sealed_sidecar_path(dir / "segments", base));
  const auto lines = split_sidecar(text);
  return *decode_table(lines->table, *decode_head(lines->head));
}

TEST_CASE(
    "repair_log: a damaged block goes to quarantine, the rest is sealed anew, the "
    "chain holds") {
  const TempDir dir;
  make_sealed(dir / "log");
  const auto data = sealed_data_path(dir / "log/segments", 41);
  const SegmentBlock bad = table_of(dir / "log", 41).blocks.at(2);
  const std::string bytes = bytes_of(data).substr(bad.offset, bad.bytes);
  flip(data, bad.offset + 20);
  const CheckReport report = check(dir / "log");
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].file == "segments/00000000000000000041.ndjson.zst");
  CHECK(report.faults[0].offset == bad.offset);
  CHECK(report.faults[0].what == "block 3 fails its CRC32C");
  CHECK(report.faults[0].from == bad.first);
  CHECK(report.faults[0].through == bad.last());

  const auto did = repair(dir / "log");
  CHECK(contains(did.back(), "segment 41: sealed anew"));
  const std::string kept = bytes_of(
      dir / ("log/quarantine/00000000000000000041.ndjson.zst.at-" + std::to_string(bad.offset)));
  CHECK(kept.size() == bytes.size());
  CHECK(kept.substr(21) == bytes.substr(21));
  const CheckReport after = check(dir / "log");
  CHECK(say(after) == "");
  CHECK(after.lost == bad.lines);
  CHECK(after.repaired == 1);
  CHECK(after.entries == 120 - bad.lines);

  // A second repair of the same segment keeps the chain as well.
  const SegmentBlock next = table_of(dir / "log", 41).blocks.at(0);
  flip(data, next.offset + 9);
  repair(dir / "log");
  CHECK(say(check(dir / "log")) == "");
  CHECK(check(dir / "log").lost == bad.lines + next.lines);
}

TEST_CASE(
    "repair_log: where sidecar, footer and blocks are damaged, the neighbours say what "
    "it was") {
  const TempDir dir;
  make_sealed(dir / "log");
  const auto data = sealed_data_path(dir / "log/segments", 41);
  const SegmentTable table = table_of(dir / "log", 41);
  flip(sealed_sidecar_path(dir / "log/segments", 41), 0);
  flip(data, table.blocks[0].offset);
  flip(data, table.blocks[3].offset + table.blocks[3].bytes - 1);
  flip(data, bytes_of(data).size() - 5);
  CHECK(check(dir / "log").faults.size() >= 4);
  repair(dir / "log");
  const CheckReport after = check(dir / "log");
  CHECK(say(after) == "");
  CHECK(after.lost == table.blocks[0].lines + table.blocks[3].lines);
}

TEST_CASE("repair_log: a segment of which nothing is left is declared lost whole") {
  const TempDir dir;
  make_sealed(dir / "log");
  write_bytes(sealed_data_path(dir / "log/segments", 41), "");
  write_bytes(sealed_sidecar_path(dir / "log/segments", 41), "");
  CHECK_FALSE(check(dir / "log").faults.empty());
  repair(dir / "log");
  const CheckReport after = check(dir / "log");
  CHECK(say(after) == "");
  CHECK(after.lost == 40);
}

TEST_CASE(
    "check_log: a segment that is missing, there twice or another's is named; repair "
    "invents nothing") {
  const TempDir dir;
  make_sealed(dir / "log");
  const auto segments = dir / "log/segments";
  SUBCASE("missing") {
    std::filesystem::remove(sealed_data_path(segments, 41));
    std::filesystem::remove(sealed_sidecar_path(segments, 41));
    const CheckReport report = check(dir / "log");
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].what == "entries 41 to 80 before it are missing");
    CHECK(report.faults[0].from == 41);
    CHECK(report.faults[0].through == 80);
    CHECK_FALSE(report.faults[0].repairable);
    CHECK(repair(dir / "log").empty());
    CHECK(check(dir / "log").faults.size() == 1);
  }
  SUBCASE("twice") {
    for (const Sequence as : {21u, 200u}) {
      std::filesystem::copy_file(sealed_data_path(segments, 41), sealed_data_path(segments, as));
      std::filesystem::copy_file(sealed_sidecar_path(segments, 41),
                                 sealed_sidecar_path(segments, as));
    }
    CHECK_FALSE(check(dir / "log").faults.empty());
    const auto did = repair(dir / "log");
    CHECK(contains(did.at(0), "segment 21: its files are no segment of that name"));
    CHECK(say(check(dir / "log")) == "");
    CHECK(check(dir / "log").entries == 120);
  }
  SUBCASE("changed by somebody who knows the format") {
    const auto forged = seal(real_files(), segments, *rolled_of(41, 40, 50),
                             {.block_bytes = 700,
                              .epoch = "5f3a9c01d2",
                              .previous_sha256 = *sidecar_sha256(real_files(), segments, 1)});
    REQUIRE(forged.ok());
    const CheckReport report = check(dir / "log");
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].file == "segments/00000000000000000081.json");
    CHECK(contains(report.faults[0].what, "the chain is broken"));
    CHECK_FALSE(report.faults[0].repairable);
  }
}

TEST_CASE(
    "check_log: what retention dropped is no fault, and a log of another epoch is "
    "one") {
  const TempDir dir;
  make_sealed(dir / "log");
  const auto segments = dir / "log/segments";
  for (const Sequence base : {1u, 41u}) {
    std::filesystem::remove(sealed_data_path(segments, base));
    std::filesystem::remove(sealed_sidecar_path(segments, base));
  }
  REQUIRE(write_log_meta(real_files(), dir / "log/trace.meta",
                         {.epoch = "5f3a9c01d2", .expired_through = 80})
              .ok());
  const CheckReport report = check(dir / "log");
  CHECK(say(report) == "");
  CHECK(report.first == 81);
  REQUIRE(write_log_meta(real_files(), dir / "log/trace.meta",
                         {.epoch = "0123456789", .expired_through = 80})
              .ok());
  CHECK(contains(say(check(dir / "log")), "is of epoch 5f3a9c01d2"));
}

TEST_CASE("check_log: trace.meta has a checksum; one of before it had is believed") {
  const TempDir dir;
  make_sealed(dir / "log");
  for (const Sequence base : {1u, 41u}) {
    std::filesystem::remove(sealed_data_path(dir / "log/segments", base));
    std::filesystem::remove(sealed_sidecar_path(dir / "log/segments", base));
  }
  const LogMeta meta{.epoch = "5f3a9c01d2", .expired_through = 40};
  REQUIRE(write_log_meta(real_files(), dir / "log/trace.meta", meta).ok());
  std::string text = bytes_of(dir / "log/trace.meta");
  text[text.find("40,")] = '8';  // 80: then nothing would be missing
  write_bytes(dir / "log/trace.meta", text);
  CHECK(contains(say(check(dir / "log")), "trace.meta@0 "));
  CHECK(contains(say(check(dir / "log")), "entries 1 to 80 before it are missing"));
  const auto did = repair(dir / "log");
  REQUIRE(did.size() == 1);
  CHECK(contains(did[0], "trace.meta: written again"));
  CHECK_FALSE(contains(say(check(dir / "log")), "trace.meta"));

  write_bytes(dir / "log/trace.meta",
              "{\"format\":2,\"epoch\":\"5f3a9c01d2\",\"expired_through\":80}\n");
  CHECK(say(check(dir / "log")) == "");
}

TEST_CASE("check_log: a terabyte behind the data is one fault, not an hour of reading") {
  const TempDir dir;
  make_sealed(dir / "log");
  const auto data = sealed_data_path(dir / "log/segments", 81);
  const std::uint64_t size = std::filesystem::file_size(data);
  std::filesystem::resize_file(data, std::uintmax_t{1} << 40);
  const CheckReport report = check(dir / "log");
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].offset == size);
  CHECK(contains(report.faults[0].what, "longer than its sidecar says"));
}

TEST_CASE(
    "check_log: a log of a newer program is refused by number, by verify and by "
    "repair") {
  const TempDir dir;
  make_sealed(dir / "log");
  write_bytes(dir / "log/trace.meta", R"({"format":99,"epoch":"5f3a9c01d2"})");
  MemoryLog lines;
  CHECK(check_log(real_files(), dir / "log", {}).status().code() == Code::invalid_argument);
  CHECK(repair_log(real_files(), dir / "log", lines, {}).status().code() == Code::invalid_argument);
}

TEST_CASE("repair_log: refuses a directory that a server holds") {
  const TempDir dir;
  MemoryLog lines;
  const auto flight = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(flight.ok());
  const auto repaired = repair_log(real_files(), dir.path(), lines, {});
  REQUIRE(!repaired.ok());
  CHECK(repaired.status().code() == Code::unavailable);
  CHECK(check_log(real_files(), dir.path(), {}).ok());
}

TEST_CASE(
    "repair_log: a line of the active file that is lost is declared, the file kept in "
    "quarantine") {
  const TempDir dir;
  make_log(dir.path());
  const std::string before = bytes_of(dir / "trace.log");
  flip(dir / "trace.log", before.find("42") + 1, 1);
  const CheckReport report = check(dir.path());
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].file == "trace.log");
  CHECK(report.faults[0].from == 42);
  CHECK(report.faults[0].through == 42);
  CHECK(report.faults[0].offset == before.find('\n') + 1);
  repair(dir.path());
  CHECK(std::filesystem::exists(dir / "quarantine/00000000000000000041.ndjson"));
  const CheckReport after = check(dir.path());
  CHECK(say(after) == "");
  CHECK(after.lost == 1);
  CHECK(lost_on_reading(dir.path()) == 1);
}

}  // namespace
}  // namespace devs
