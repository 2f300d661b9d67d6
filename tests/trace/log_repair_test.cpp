#include "tests/support/broken_file.h"
#include "tests/trace/log_check_kit.h"

namespace devs {
namespace {

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
