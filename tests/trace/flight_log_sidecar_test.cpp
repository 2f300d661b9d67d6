// The sidecar of a log: made again when it is lost or damaged, and what it tells of a line.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/trace/flight_log_kit.h"

namespace devs {
namespace {

TEST_CASE("[T10] FlightLog: a directory of format 1 is opened, served and upgraded") {
  const TempDir dir;
  MemoryLog lines;
  write_bytes(dir / "trace.log", body_of("1") + "\n" + body_of("2") + "\n{\"torn");
  write_bytes(dir / "trace.meta", "{\"format\":1,\"epoch\":\"5f3a9c01d2\"}\n");
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->epoch() == "5f3a9c01d2");
  CHECK((*log)->found().last == 2);
  CHECK((*log)->found().carry.open_from == 1);  // nobody knows: from the beginning
  CHECK((*log)->found().torn_bytes == 6);
  CHECK((*log)->found().sidecar_rebuilt);
  CHECK(bodies_of(**log) == numbered(1, 2));
  CHECK(contains(bytes_of(dir / "trace.meta"), R"("format":2,"epoch":"5f3a9c01d2","expired)"));
  REQUIRE(append_some(**log, 1).ok());
  reopen(log, {.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK_FALSE((*log)->found().sidecar_rebuilt);
  CHECK(bodies_of(**log) == numbered(1, 3));
}

TEST_CASE("FlightLog: lines whose record was never written are taken when they are whole objects") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir.path(), 2, 1);
  const std::string more = R"({"adopted":1})"
                           "\n"
                           R"(no object)"
                           "\n"
                           R"({"adopted":2})"
                           "\n"
                           R"({"torn": [1,})"
                           "\n"
                           R"({"to)";
  write_bytes(dir / "trace.log", bytes_of(dir / "trace.log") + more);
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->last() == 5);
  CHECK((*log)->found().corrupt_lines == 1);  // the one in the middle keeps its number
  CHECK(bytes_of((*log)->found().torn_file) == "{\"torn\": [1,}\n{\"to");
  for (const bool again : {false, true}) {
    if (again) {
      reopen(log, {.dir = dir.path()}, lines);
      REQUIRE(log.ok());
      CHECK_FALSE((*log)->found().sidecar_rebuilt);
    }
    CHECK(bodies_of(**log) == std::vector<std::string>{body_of("1"), body_of("2"),
                                                       R"({"adopted":1})", R"({"adopted":2})"});
    const ReadOutcome hole = look(**log, 4);
    REQUIRE(hole.loss);
    CHECK(hole.loss->through == 4);
    CHECK(hole.loss->reason == LossReason::corrupt);
  }
}

TEST_CASE("FlightLog: without its sidecar a log is what its lines say, and knows its epoch") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir.path(), 20, 2);  // three segments of six, and two lines
  const Epoch epoch = FlightLog::open({.dir = dir.path()}, lines).value()->epoch();
  SUBCASE("the active file's") {
    std::filesystem::remove(dir / "trace.idx");
  }
  SUBCASE("a segment's") {
    std::filesystem::remove(dir / name_of_base(7, ".idx"));
  }
  SUBCASE("all of them") {
    std::filesystem::remove(dir / "trace.idx");
    for (const Sequence base : {1u, 7u, 13u})
      std::filesystem::remove(dir / name_of_base(base, ".idx"));
  }
  SUBCASE("one of garbage") {
    write_bytes(dir / "trace.idx", std::string(300, 'x'));
  }
  SUBCASE("an empty one") {
    write_bytes(dir / "trace.idx", "");
  }
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->epoch() == epoch);
  CHECK((*log)->last() == 20);
  CHECK(bodies_of(**log) == numbered(1, 20));
  REQUIRE(append_some(**log, 1).ok());
  reopen(log, {.dir = dir.path()}, lines);
  CHECK(bodies_of(**log) == numbered(1, 21));
  CHECK_FALSE((*log)->found().sidecar_rebuilt);
}

TEST_CASE("FlightLog: a sidecar the disk does not give is not taken for a damaged one") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir.path(), 4, 1);  // a segment of three, and one
  const std::string index = bytes_of(dir / "trace.idx");
  BrokenDisk disk;
  disk.refuse(Op::read, {.why = kEio, .file = "trace.idx"});
  const Opened refused = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE_FALSE(refused.ok());
  CHECK(contains(refused.status().message(), "EIO"));
  disk.refuse(Op::read, {.why = kEio, .file = "0000"});
  Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE(log.ok());  // the rest of the log is served
  CHECK(look(**log, 1).loss->through == 3);
  CHECK(bodies_of(**log) == numbered(4, 4));
  CHECK(lines.count("error segment_damaged") == 1);
  disk.mend();
  log = Status(Code::internal, "closed");
  CHECK(bodies_of(*FlightLog::open({.dir = dir.path()}, lines).value()) == numbered(1, 4));
  CHECK(bytes_of(dir / "trace.idx") == index);
  CHECK(lines.count("warn") == 0);
}

TEST_CASE("FlightLog: the epoch of a lost trace.meta is in the sidecar") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir.path(), 1, 1);
  const Epoch epoch = FlightLog::open({.dir = dir.path()}, lines).value()->epoch();
  std::filesystem::remove(dir / "trace.meta");
  CHECK(FlightLog::open({.dir = dir.path()}, lines).value()->epoch() == epoch);
  CHECK(lines.count("warn") == 0);
}

// Each byte of both files: never a wrong byte, never an undeclared hole, never a number
// given twice.
TEST_CASE("[T3] FlightLog: any byte of log or sidecar flipped is mended or declared") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir / "whole", 10, 5);
  const std::vector<std::string> written = numbered(1, 10);
  for (const std::string file : {"trace.log", "trace.idx"}) {
    const std::string bytes = bytes_of(dir / "whole" / file);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      CAPTURE(file);
      CAPTURE(at);
      std::filesystem::remove_all(dir / "flipped");
      std::filesystem::copy(dir / "whole", dir / "flipped",
                            std::filesystem::copy_options::recursive);
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x04);
      write_bytes(dir / "flipped" / file, flipped);
      Opened log = FlightLog::open({.dir = dir / "flipped"}, lines);
      REQUIRE(log.ok());
      REQUIRE((*log)->last() == 10);
      std::size_t lost = 0;
      for (Sequence from = 1; from <= 10;) {
        const ReadOutcome read = (*log)->read(from, {}, [&](const StoredLine& line) {
          REQUIRE(line.body == written[line.sequence - 1]);
        });
        if (read.loss) lost += read.loss->through - read.loss->from + 1;
        REQUIRE(read.next > from);
        from = read.next;
      }
      CHECK(lost == (file == "trace.log" ? 1 : 0));
      CHECK((*log)->found().corrupt_lines == lost);
      REQUIRE(append_some(**log, 1).ok());
      REQUIRE(look(**log, 11).next == 12);
    }
  }
}

TEST_CASE("FlightLog: topics and times come back with their lines, from each kind of file") {
  const TempDir dir;
  MemoryLog lines;
  FakeClock clock;
  const std::int64_t start = 1'795'224'245'120;
  Opened log = FlightLog::open({.dir = dir.path(), .clock = &clock}, lines);
  REQUIRE(log.ok());
  for (Sequence sequence = 1; sequence <= 6; ++sequence) {
    auto entry = std::make_shared<Entry>();
    entry->sequence = sequence;
    entry->body = body_of("x");
    if (sequence % 2 == 0) entry->topics = "owner:u" + std::to_string(sequence);
    const EntryPtr shared = entry;
    REQUIRE((*log)->append({&shared, 1}, {.open_from = sequence, .last_stamp_ns = 7}).ok());
    if (sequence == 3) REQUIRE((*log)->roll().ok());
    clock.advance(std::chrono::seconds(10));
  }
  for (const bool reopened : {false, true}) {
    if (reopened) {
      reopen(log, {.dir = dir.path(), .clock = &clock}, lines);
      REQUIRE(log.ok());
      CHECK((*log)->found().carry.open_from == 6);
      CHECK((*log)->found().carry.last_stamp_ns == 7);
    }
    std::vector<EntryPtr> entries;
    (void)read_entries(**log, 1, {}, entries);
    REQUIRE(entries.size() == 6);
    CHECK(entries[0]->topics.empty());
    CHECK(entries[1]->topics == "owner:u2");
    CHECK(entries[5]->topics == "owner:u6");
    CHECK((*log)->first_since(0) == 1);
    CHECK((*log)->first_since(start + 10'000) == 2);
    CHECK((*log)->first_since(start + 10'001) == 3);
    CHECK((*log)->first_since(start + 25'000) == 4);
    CHECK((*log)->first_since(start + 50'000) == 6);
    CHECK((*log)->first_since(start + 50'001) == 7);
  }
}

}  // namespace
}  // namespace devs
