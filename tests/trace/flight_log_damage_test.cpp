// What a start, a reader and the sealer make of files that are damaged, gone, or not to
// be had for a moment: good bytes stay, numbers are not given twice, nothing is silent.
#include <doctest/doctest.h>

#include <string>

#include "tests/trace/flight_log_kit.h"
#include "trace/crc32c.h"
#include "trace/log_check.h"
#include "trace/rolled_segment.h"
#include "trace/sealed_segment.h"
#include "trace/segment_sealer.h"
#include "trace/side_index.h"

namespace devs {
namespace {

constexpr const char* kEmfile = "Too many open files (EMFILE)";

// Ten entries that become the newest sealed segment.
void seal_ten(FlightLog& log) {
  REQUIRE(append_some(log, 10).ok());
  REQUIRE(log.roll().ok());
  REQUIRE(SegmentSealer(log, 3).seal_oldest({}).ok());
}

// Ten entries each: sealed 1 and 11 and 21 of which 11 was dropped by retention, because
// a trigger pinned 1; and five active ones.
void make_pinned_log(const std::filesystem::path& dir) {
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir}, lines);
  REQUIRE(log.ok());
  for (int i = 0; i < 3; ++i) seal_ten(**log);
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
    seal_ten(**log);
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
    seal_ten(**log);
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
  seal_ten(**log);
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

// --- a zeroed sector ---

TEST_CASE(
    "[T24] FlightLog: without trace.idx whole lines behind a zeroed sector stay, and no number is "
    "given twice") {
  for (const bool format_1 : {false, true}) {
    const TempDir dir;
    MemoryLog lines;
    {
      Opened log = FlightLog::open({.dir = dir.path()}, lines);
      REQUIRE(append_some(**log, 200).ok());
    }
    std::string bytes = bytes_of(dir / "trace.log");
    std::fill_n(bytes.begin() + 1024, 512, '\0');
    write_bytes(dir / "trace.log", bytes);
    std::filesystem::remove(dir / "trace.idx");
    if (format_1) {
      std::filesystem::remove(dir / "segments");
      write_bytes(dir / "trace.meta", "{\"format\":1,\"epoch\":\"5f3a9c01d2\"}\n");
    }
    Epoch epoch;
    Sequence last = 0;
    for (const bool reopened : {false, true}) {
      Opened log = FlightLog::open({.dir = dir.path()}, lines);
      REQUIRE(log.ok());
      CHECK(bodies_of(**log).size() > 150);
      CHECK(bodies_of(**log).back() == body_of("200"));
      CHECK((*log)->last() >= 200);
      CHECK((*log)->found().torn_bytes == 0);
      // Who had seen one of them is given it again, or is told of a gap: nothing is missed.
      for (Sequence at = 1; at <= (*log)->last();) {
        const ReadOutcome read = (*log)->read(at, {.entries = 1}, [&](const StoredLine& line) {
          CHECK(std::stoul(std::string(line.body.substr(9))) <= line.sequence);
        });
        if (read.loss) CHECK(read.loss->reason == LossReason::corrupt);
        REQUIRE(read.next > at);
        at = read.next;
      }
      if (reopened) CHECK((*log)->last() == last);
      last = (*log)->last();
    }
  }
}

TEST_CASE(
    "FlightLog: zeros behind the last whole line are a torn tail, with or without trace.idx") {
  for (const bool index : {false, true}) {
    const TempDir dir;
    MemoryLog lines;
    {
      Opened log = FlightLog::open({.dir = dir.path()}, lines);
      REQUIRE(append_some(**log, 5).ok());
    }
    const std::string whole = bytes_of(dir / "trace.log");
    write_bytes(dir / "trace.log", whole + std::string(700, '\0'));
    if (!index) std::filesystem::remove(dir / "trace.idx");
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    CHECK((*log)->last() == 5);
    CHECK(bytes_of(dir / "trace.log") == whole);
  }
}

// --- syncs ---

TEST_CASE("[T5] FlightLog: a file that failed a sync is never synced again") {
  for (const bool rolled : {false, true}) {
    CAPTURE(rolled);
    const TempDir dir;
    MemoryLog lines;
    BrokenDisk disk;
    Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
    REQUIRE(append_some(**log, 3).ok());
    if (rolled) REQUIRE((*log)->roll().ok());
    const std::string failed = rolled ? "00000000000000000001" : "trace.log";
    disk.refuse(Op::sync, {.count = 1, .why = kEio, .file = failed});
    CHECK(contains((*log)->sync().message(), "EIO"));
    const std::size_t asked = disk.count(Op::sync, failed);
    if (!rolled) {
      CHECK(contains((*log)->sync().message(), "EIO"));  // it stays failed until the next append
      REQUIRE(append_some(**log, 1).ok());
    }
    CHECK((*log)->sync().ok());  // of what came after it
    CHECK(disk.count(Op::sync, "00000000000000000001") == (rolled ? asked : 0u));
  }
}

// --- who may write ---

TEST_CASE("FlightLog: whose lock file was deleted writes no more") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(append_some(**log, 2).ok());
  std::filesystem::rename(dir / "trace.lock", dir / "elsewhere");
  Status refused;
  CHECK(eventually([&] { return !(refused = append_some(**log, 1)).ok(); }));
  CHECK(contains(refused.message(), "trace.lock was deleted or replaced"));
  const Sequence last = (*log)->last();
  REQUIRE((*log)->reserve(last).ok());
  REQUIRE((*log)->skip(last + 1).ok());
  CHECK_FALSE(append_some(**log, 1).ok());  // not behind a gap either
  CHECK(bodies_of(**log) == numbered(1, last));

  std::filesystem::rename(dir / "elsewhere", dir / "trace.lock");
  CHECK(eventually([&] { return append_some(**log, 1).ok(); }));
}

// --- of a newer program ---

std::string with_version_2(std::string index) {
  index[8] = 2;
  const std::uint32_t sum = crc32c(std::string_view(index).substr(16, kSideHeaderBytes - 16),
                                   crc32c(std::string_view(index).substr(0, 12)));
  for (unsigned i = 0; i < 4; ++i) index[12 + i] = static_cast<char>(sum >> (8 * i));
  return index;
}

TEST_CASE("[T10] FlightLog: a newer trace.idx is refused by name and left alone, by everybody") {
  for (const bool rolled : {false, true}) {
    const TempDir dir;
    MemoryLog lines;
    {
      Opened log = FlightLog::open({.dir = dir.path()}, lines);
      REQUIRE(append_some(**log, 3).ok());
      if (rolled) REQUIRE((*log)->roll().ok());
    }
    const auto path = rolled ? rolled_index_path(dir / "segments", 1) : dir / "trace.idx";
    const std::string newer = with_version_2(bytes_of(path));
    write_bytes(path, newer);
    for (const Status& refused :
         {FlightLog::open({.dir = dir.path()}, lines).status(),
          FlightLog::open({.dir = dir.path(), .read_only = true}, lines).status(),
          check_log(real_files(), dir.path(), {}).status(),
          repair_log(real_files(), dir.path(), lines, {}).status()}) {
      CHECK(refused.code() == Code::invalid_argument);
      CHECK(contains(refused.message(), path.string() + " has version 2"));
      CHECK(contains(refused.message(), "up to 1"));
      CHECK(contains(refused.message(), "use the program that wrote it"));
    }
    CHECK(bytes_of(path) == newer);
  }
}

}  // namespace
}  // namespace devs
