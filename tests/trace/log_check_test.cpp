#include "trace/log_check.h"

#include <random>

#include "tests/support/broken_file.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/segment_kit.h"
#include "trace/log_meta.h"
#include "trace/rolled_segment.h"
#include "trace/segment_format.h"
#include "trace/segment_sealer.h"
#include "trace/segment_writer.h"
#include "trace/side_index.h"
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
      CHECK(line.body.starts_with(R"({"word":")" + std::to_string(expected)));
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

// The same, and behind them a rolled segment of ten entries and five active ones.
void make_all_kinds(const std::filesystem::path& dir) {
  make_sealed(dir);
  MemoryLog lines;
  auto flight = FlightLog::open({.dir = dir}, lines);
  REQUIRE(flight.ok());
  REQUIRE(append_some(**flight, 10).ok());
  REQUIRE((*flight)->roll().ok());
  REQUIRE(append_some(**flight, 5).ok());
}

// Where what encloses byte `at` of a file begins: a line, a record, a block; of what is
// known byte by byte, that byte.
std::uint64_t place_of(const std::filesystem::path& dir, const std::filesystem::path& path,
                       std::uint64_t at) {
  const std::string ending = path.extension();
  const std::string bytes = bytes_of(dir / path);
  if (ending == ".meta") return 0;
  if (ending == ".log" || ending == ".ndjson") return at == 0 ? 0 : bytes.rfind('\n', at - 1) + 1;
  if (ending == ".idx") {
    const auto file = real_files().open_read(dir / path);
    SideIndexReader reader(**file);
    std::uint64_t begin = 0;
    for (SideRecord record; reader.offset() <= at;) {
      begin = reader.offset();
      if (!reader.next(record)) break;
    }
    return begin;
  }
  if (ending == ".zst") {
    const Sequence base = std::stoull(path.filename().string());
    for (const SegmentBlock& block : table_of(dir, base).blocks)
      if (at < block.offset + block.bytes) return block.offset;
  }
  return at;
}

TEST_CASE(
    "check_log: finds each of 100 random corruptions, names file and place, and repair mends "
    "it") {
  const TempDir dir;
  make_all_kinds(dir / "right");
  const auto paths = files_of(dir / "right");
  std::mt19937 random(20'261'123);
  for (int round = 0; round < 100; ++round) {
    const auto& path = paths[random() % paths.size()];
    std::filesystem::remove_all(dir / "log");
    std::filesystem::copy(dir / "right", dir / "log", std::filesystem::copy_options::recursive);
    const std::string right = bytes_of(dir / "log" / path);
    std::string bytes = right;
    std::size_t at = random() % bytes.size();
    std::string how;
    switch (random() % 5) {
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
        if (bytes == right) bytes[at] = 'x';
        break;
      case 3:
        how = "put in";
        bytes.insert(at, "intruder");
        break;
      default:
        how = "delete";
    }
    CAPTURE(path);
    CAPTURE(at);
    CAPTURE(how);
    std::uint64_t place = 0;
    if (how == "delete") {
      std::filesystem::remove(dir / "log" / path);
    } else {
      write_bytes(dir / "log" / path, bytes);
      at = static_cast<std::size_t>(
          std::mismatch(right.begin(), right.end(), bytes.begin(), bytes.end()).first -
          right.begin());
      place = place_of(dir / "right", path, at);
    }
    const CheckReport report = check(dir / "log");
    CAPTURE(say(report));
    CHECK_FALSE(report.faults.empty());
    CHECK(names(report, path));
    std::uint64_t first_bad = ~std::uint64_t{0};
    for (const LogFault& each : report.faults)
      if (each.file == path) first_bad = std::min(first_bad, each.offset);
    CHECK(first_bad == place);
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
  // What it replaces can be proved by nobody any more.
  REQUIRE(after.faults.size() == 1);
  CHECK(contains(after.faults[0].what, "is not in quarantine"));
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
  REQUIRE(after.faults.size() == 1);
  CHECK(contains(after.faults[0].what, "is not in quarantine"));
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
  SUBCASE("changed, and said to be a repair") {
    const auto head =
        *decode_head(split_sidecar(bytes_of(sealed_sidecar_path(segments, 41)))->head);
    auto writer = SegmentWriter::create(real_files(), segments, 41, {});
    REQUIRE(writer.ok());
    REQUIRE((*writer)->lose({41, 80, LossReason::corrupt}).ok());
    SegmentHead forged = head;
    forged.replaces = *sidecar_sha256(real_files(), segments, 41);
    REQUIRE((*writer)->finish(forged).ok());
    const CheckReport report = check(dir / "log");
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].file == "segments/00000000000000000041.json");
    CHECK(contains(report.faults[0].what, "is not in quarantine: the chain is broken"));
    CHECK_FALSE(report.faults[0].repairable);
  }
}

// --- a disk that does not give a file ---

TEST_CASE("check_log: what the disk does not give is a fault like others, and the rest is read") {
  for (const BrokenDisk::Op op : {BrokenDisk::Op::open, BrokenDisk::Op::read})
    for (const std::string name :
         {"00000000000000000041.json", "00000000000000000041.ndjson.zst",
          "00000000000000000121.idx", "00000000000000000121.ndjson", "trace.idx", "trace.log"}) {
      CAPTURE(name);
      const TempDir dir;
      make_all_kinds(dir / "log");
      BrokenDisk disk;
      disk.refuse(op, {.why = "Input/output error (EIO)", .file = name});
      const auto report = check_log(disk, dir / "log", {});
      REQUIRE_MESSAGE(report.ok(), report.status().message());
      CHECK(names(*report, name.starts_with("trace") ? name : "segments/" + name));
      CHECK(report->last >= 130);
      CHECK(report->entries >= 80);
    }
}

TEST_CASE("repair_log: a sidecar or an index the disk does not give is set aside, and made again") {
  for (const BrokenDisk::Op op : {BrokenDisk::Op::open, BrokenDisk::Op::read})
    for (const std::string name :
         {"00000000000000000041.json", "00000000000000000121.idx", "trace.idx"}) {
      CAPTURE(name);
      const TempDir dir;
      make_all_kinds(dir / "log");
      BrokenDisk disk;
      MemoryLog lines;
      // A bad sector stays with its file, and not with its name: as often as it is asked.
      const bool twice = op == BrokenDisk::Op::read && name.ends_with(".idx");
      disk.refuse(op, {.count = twice ? 9u : 5u, .why = "Input/output error (EIO)", .file = name});
      const auto did = repair_log(disk, dir / "log", lines, {});
      REQUIRE_MESSAGE(did.ok(), did.status().message());
      CHECK(std::any_of(did->begin(), did->end(),
                        [](const std::string& each) { return contains(each, "in quarantine"); }));
      disk.mend();
      CHECK(say(check(dir / "log")) == "");
      CHECK(check(dir / "log").entries == 135);
      CHECK(lost_on_reading(dir / "log") == 0);
      CHECK_FALSE(std::filesystem::is_empty(dir / "log/quarantine"));
    }
}

TEST_CASE("FlightLog: a trace.idx the disk does not give refuses the start, and says what helps") {
  const TempDir dir;
  make_all_kinds(dir / "log");
  BrokenDisk disk;
  MemoryLog lines;
  disk.refuse(BrokenDisk::Op::read, {.why = "Input/output error (EIO)", .file = "trace.idx"});
  const auto refused = FlightLog::open({.dir = dir / "log", .files = &disk}, lines);
  REQUIRE_FALSE(refused.ok());
  CHECK(contains(refused.status().message(), "EIO"));
  CHECK(contains(refused.status().message(), "trace repair"));
}

TEST_CASE("repair_log: tells how far it is, from nothing to all") {
  const TempDir dir;
  make_all_kinds(dir / "log");
  MemoryLog lines;
  std::uint64_t first = 0, done = 0, total = 0;
  REQUIRE(repair_log(real_files(), dir / "log", lines, [&](const CheckProgress& progress) {
            if (first == 0) first = progress.done_bytes;
            done = progress.done_bytes;
            total = progress.total_bytes;
          }).ok());
  CHECK(total > 0);
  CHECK(first < total / 2);
  CHECK(done == total);
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
