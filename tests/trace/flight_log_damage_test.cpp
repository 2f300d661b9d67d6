// What a start, a reader and the sealer make of files that are damaged, gone, or not to
// be had for a moment: good bytes stay, numbers are not given twice, nothing is silent.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/broken_file.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"
#include "trace/log_check.h"
#include "trace/rolled_segment.h"
#include "trace/sealed_segment.h"
#include "trace/segment_sealer.h"

namespace devs {
namespace {

using Opened = Result<std::unique_ptr<FlightLog>>;
using Op = BrokenDisk::Op;

constexpr const char* kEmfile = "Too many open files (EMFILE)";
constexpr const char* kEio = "Input/output error (EIO)";

std::vector<std::string> numbered(Sequence from, Sequence through) {
  std::vector<std::string> bodies;
  for (; from <= through; ++from) bodies.push_back(body_of(std::to_string(from)));
  return bodies;
}
ReadOutcome look(const FlightLog& log, Sequence from) {
  return log.read(from, {}, [](const StoredLine&) {});
}
void flip(const std::filesystem::path& path, std::size_t at) {
  std::string bytes = bytes_of(path);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
  write_bytes(path, bytes);
}

// Ten entries each: sealed 1 and 11 and 21 of which 11 was dropped by retention, because
// a trigger pinned 1; and five active ones.
void make_pinned_log(const std::filesystem::path& dir) {
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir}, lines);
  REQUIRE(log.ok());
  SegmentSealer sealer(**log, 3);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(append_some(**log, 10).ok());
    REQUIRE((*log)->roll().ok());
    REQUIRE(sealer.seal_oldest({}).ok());
  }
  REQUIRE(append_some(**log, 5).ok());
  REQUIRE((*log)->remember_expired(20).ok());
  REQUIRE(remove_sealed(real_files(), dir / "segments", *(*log)->segments().list()->at(1)).ok());
}

// --- a start deletes only what a deletion left ---

TEST_CASE("[T21] FlightLog: a pinned segment whose sidecar is damaged stays, and is no `expired`") {
  const TempDir dir;
  make_pinned_log(dir.path());
  const auto sidecar = sealed_sidecar_path(dir / "segments", 1);
  const auto data = sealed_data_path(dir / "segments", 1);
  flip(sidecar, 30);
  MemoryLog lines;
  {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    REQUIRE(std::filesystem::exists(sidecar));
    REQUIRE(std::filesystem::exists(data));
    CHECK(lines.count("error segment_damaged") == 1);
    REQUIRE(look(**log, 3).loss);
    CHECK(look(**log, 3).loss->reason == LossReason::corrupt);
    CHECK(bodies_of(**log) == numbered(21, 35));
  }
  REQUIRE(repair_log(real_files(), dir.path(), lines, {}).ok());
  auto whole = numbered(1, 10);
  for (const std::string& each : numbered(21, 35)) whole.push_back(each);
  CHECK(bodies_of(*FlightLog::open({.dir = dir.path()}, lines).value()) == whole);
}

TEST_CASE("[T21] FlightLog: a sealed segment that cannot be opened at the start is read later") {
  for (const Op op : {Op::open, Op::read}) {
    const TempDir dir;
    make_pinned_log(dir.path());
    BrokenDisk disk;
    disk.refuse(op, {.why = kEmfile, .file = "00000000000000000001.json"});
    MemoryLog lines;
    Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
    REQUIRE(log.ok());
    CHECK(std::filesystem::exists(sealed_data_path(dir / "segments", 1)));
    REQUIRE(look(**log, 1).loss);
    CHECK(look(**log, 1).loss->reason == LossReason::corrupt);
    disk.mend();
    CHECK_FALSE(look(**log, 1).loss);
    CHECK((*log)->oldest() == 1);
    CHECK(bodies_of(**log).size() == 25);
  }
}

TEST_CASE(
    "[T21] FlightLog: the newest segment damaged and trace.idx lost, no number is given twice") {
  const TempDir dir;
  MemoryLog lines;
  {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(append_some(**log, 10).ok());
    REQUIRE((*log)->roll().ok());
    REQUIRE(SegmentSealer(**log, 3).seal_oldest({}).ok());
  }
  flip(sealed_sidecar_path(dir / "segments", 1), 30);
  std::filesystem::remove(dir / "trace.idx");
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->last() == 10);
  CHECK(look(**log, 1).loss->through == 10);
}

TEST_CASE("[T21] FlightLog: what an interrupted deletion left is removed, in either order") {
  for (const bool sidecar_left : {true, false}) {
    const TempDir dir;
    make_pinned_log(dir.path());
    const auto sidecar = sealed_sidecar_path(dir / "segments", 1);
    const auto data = sealed_data_path(dir / "segments", 1);
    std::filesystem::remove(sidecar_left ? data : sidecar);
    MemoryLog lines;
    BrokenDisk disk;
    Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
    REQUIRE(log.ok());
    CHECK_FALSE(std::filesystem::exists(sidecar));
    CHECK_FALSE(std::filesystem::exists(data));
    CHECK(disk.count(Op::sync_directory, "segments") >= 1);
    CHECK(look(**log, 1).loss->reason == LossReason::expired);
    CHECK(lines.count("error") == 0);
  }
}

// --- a moment's refusal is no loss ---

TEST_CASE("[T22] FlightLog: a disk that refuses for a moment makes no reader lose an entry") {
  const TempDir dir;
  MemoryLog lines;
  {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(append_some(**log, 10).ok());
    REQUIRE((*log)->roll().ok());
    REQUIRE(SegmentSealer(**log, 3).seal_oldest({}).ok());
    REQUIRE(append_some(**log, 10).ok());
    REQUIRE((*log)->roll().ok());
    REQUIRE(append_some(**log, 10).ok());
  }
  for (const Op op : {Op::open, Op::read})
    for (std::size_t good = 0; good < 8; ++good)
      for (const std::size_t in_a_row : {std::size_t{1}, std::size_t{3}}) {
        BrokenDisk disk;
        Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
        REQUIRE(log.ok());
        disk.refuse(op, {.good = good, .count = in_a_row, .why = kEmfile});
        CAPTURE(good);
        CHECK(bodies_of(**log) == numbered(1, 30));
      }
}

TEST_CASE("[T22] FlightLog: what is refused for longer is declared no further than was asked") {
  const TempDir dir;
  MemoryLog lines;
  BrokenDisk disk;
  Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE(append_some(**log, 10).ok());
  REQUIRE((*log)->roll().ok());
  REQUIRE(append_some(**log, 10).ok());
  REQUIRE((*log)->roll().ok());
  REQUIRE(SegmentSealer(**log, 3).seal_oldest({}).ok());
  for (const Sequence from : {1u, 11u}) {
    disk.refuse(Op::open, {.why = kEmfile});
    const ReadOutcome asked = (*log)->read(from, {.entries = 3}, [](const StoredLine&) {});
    REQUIRE(asked.loss);
    CHECK(asked.next == from + 3);
    disk.mend();
    CHECK_FALSE(look(**log, asked.next).loss);
  }
}

// --- plain files that somebody deleted ---

TEST_CASE("[T23] SegmentSealer: a rolled file that was deleted is sealed as a loss, once") {
  for (const bool index_too : {false, true})
    for (const bool by_repair : {false, true}) {
      const TempDir dir;
      MemoryLog lines;
      Opened log = FlightLog::open({.dir = dir.path()}, lines);
      for (int i = 0; i < 2; ++i) {
        REQUIRE(append_some(**log, 10).ok());
        REQUIRE((*log)->roll().ok());
      }
      std::filesystem::remove(rolled_data_path(dir / "segments", 1));
      if (index_too) std::filesystem::remove(rolled_index_path(dir / "segments", 1));
      if (by_repair) {
        log = Status(Code::internal, "closed");
        const auto did = repair_log(real_files(), dir.path(), lines, {});
        REQUIRE_MESSAGE(did.ok(), did.status().message());
        log = FlightLog::open({.dir = dir.path()}, lines);
      } else {
        SegmentSealer sealer(**log, 3);
        for (int i = 0; i < 2; ++i) {
          const auto sealed = sealer.seal_oldest({});
          REQUIRE_MESSAGE(sealed.ok(), sealed.status().message());
          REQUIRE(*sealed != nullptr);
        }
        CHECK(*sealer.seal_oldest({}) == nullptr);
      }
      REQUIRE(look(**log, 1).loss);
      CHECK(look(**log, 1).loss->reason == LossReason::corrupt);
      CHECK(look(**log, 1).loss->through == 10);
      CHECK(bodies_of(**log) == numbered(11, 20));
    }
}

}  // namespace
}  // namespace devs
