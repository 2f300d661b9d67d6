// The directory as one log: rolls, what a crash leaves of them, sidecars, gaps.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/broken_file.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"
#include "trace/flight_log.h"
#include "trace/pins.h"
#include "trace/rolled_segment.h"
#include "trace/sealed_segment.h"

namespace devs {
namespace {

using Opened = Result<std::unique_ptr<FlightLog>>;
using Op = BrokenDisk::Op;

constexpr const char* kEio = "Input/output error (EIO)";

std::vector<std::string> numbered(Sequence from, Sequence through) {
  std::vector<std::string> bodies;
  for (; from <= through; ++from) bodies.push_back(body_of(std::to_string(from)));
  return bodies;
}
Status append_one(FlightLog& log, Sequence sequence, LogCarry carry = {},
                  Durability durability = Durability::written) {
  const EntryPtr entry = entry_of(sequence, body_of(std::to_string(sequence)));
  return log.append({&entry, 1}, carry, durability);
}
ReadOutcome look(const FlightLog& log, Sequence from) {
  return log.read(from, {}, [](const StoredLine&) {});
}
std::string name_of_base(Sequence base, const std::string& ending) {
  const std::string digits = std::to_string(base);
  return "segments/" + std::string(20 - digits.size(), '0') + digits + ending;
}
// trace.log of `count` entries in groups of `group`, rolled into segments of three groups.
void write_segments(const std::filesystem::path& dir, int count, int group) {
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir}, lines);
  REQUIRE(log.ok());
  for (int done = 0; done < count; done += group) {
    if (done > 0 && done % (3 * group) == 0) REQUIRE((*log)->roll().ok());
    REQUIRE(append_some(**log, group).ok());
  }
}

// --- rolls ---

TEST_CASE("[T1] FlightLog: rolled at its size, at the next append, and read as one") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path(), .segment_bytes = 100}, lines);
  REQUIRE(log.ok());
  for (int i = 0; i < 10; ++i) REQUIRE(append_some(**log, 5).ok());
  CHECK((*log)->segments().list()->size() == 4);  // of 126 to 140 bytes; the fifth is active
  CHECK(bodies_of(**log) == numbered(1, 50));
  CHECK((*log)->oldest() == 1);
  CHECK(look(**log, 9).next == 51);
  CHECK(bytes_of(dir / name_of_base(1, ".ndjson")).size() > 100);
  CHECK(std::filesystem::exists(dir / name_of_base(1, ".idx")));
  std::vector<Sequence> got;
  (void)(*log)->read(8, {.entries = 20, .bytes = 1u << 20}, [&](const StoredLine& line) {
    CHECK(line.body == body_of(std::to_string(line.sequence)));
    CHECK(line.stored_ms > 0);
    got.push_back(line.sequence);
  });
  REQUIRE(got.size() == 20);
  CHECK(got.back() == 27);

  log = Status(Code::internal, "closed");
  log = FlightLog::open({.dir = dir.path(), .segment_bytes = 100}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->found().last == 50);
  CHECK_FALSE((*log)->found().sidecar_rebuilt);
  CHECK(bodies_of(**log) == numbered(1, 50));
  REQUIRE(append_some(**log, 1).ok());
  CHECK(bodies_of(**log) == numbered(1, 51));
  CHECK(lines.count("warn") + lines.count("error") == 0);
}

TEST_CASE("[T1] FlightLog: rolled at its age, which a restart does not begin anew") {
  const TempDir dir;
  MemoryLog lines;
  FakeClock clock;
  const auto open = [&] {
    return FlightLog::open(
        {.dir = dir.path(), .segment_age = std::chrono::seconds(60), .clock = &clock}, lines);
  };
  Opened log = open();
  REQUIRE(log.ok());
  clock.advance(std::chrono::hours(1));
  REQUIRE(append_some(**log, 1).ok());  // an empty file has no age
  clock.advance(std::chrono::seconds(59));
  REQUIRE(append_some(**log, 1).ok());
  CHECK((*log)->segments().list()->empty());
  log = Status(Code::internal, "closed");
  log = open();
  REQUIRE(log.ok());
  clock.set_wall(clock.wall() - std::chrono::hours(24));  // nobody's age depends on it now
  clock.advance(std::chrono::seconds(1));
  REQUIRE(append_some(**log, 1).ok());
  CHECK((*log)->segments().list()->size() == 1);
  CHECK(bodies_of(**log) == numbered(1, 3));
}

TEST_CASE("FlightLog: rolling nothing changes nothing") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->roll().ok());
  CHECK((*log)->segments().list()->empty());
  CHECK((*log)->oldest() == 1);
  REQUIRE(append_some(**log, 1).ok());
  CHECK((*log)->roll().ok());
  CHECK((*log)->roll().ok());
  CHECK((*log)->segments().list()->size() == 1);
  CHECK((*log)->last() == 1);
}

// Each operation of a roll refused once: the process goes on, or dies there and starts anew.
TEST_CASE("FlightLog: a roll refused at any step is finished later, by this process or the next") {
  for (const bool dies : {false, true}) {
    for (const Op op : {Op::truncate, Op::make_directory, Op::rename, Op::sync_directory, Op::open,
                        Op::append, Op::sync}) {
      for (std::size_t good = 0; good < 4; ++good) {
        CAPTURE(dies);
        CAPTURE(static_cast<int>(op));
        CAPTURE(good);
        const TempDir dir;
        MemoryLog lines;
        BrokenDisk disk;
        Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
        REQUIRE(log.ok());
        REQUIRE(append_some(**log, 3).ok());
        disk.refuse(op, {.good = good, .count = 1, .why = kEio});
        const Status rolled = (*log)->roll();
        CHECK(bodies_of(**log) == numbered(1, 3));  // readers do not notice
        disk.mend();
        if (dies) {
          log = Status(Code::internal, "died");
          log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
          REQUIRE(log.ok());
          CHECK((*log)->last() == 3);
          CHECK(bodies_of(**log) == numbered(1, 3));
        } else if (!rolled.ok()) {
          CHECK((*log)->roll().ok());
          CHECK((*log)->segments().list()->size() == 1);
        }
        REQUIRE(append_some(**log, 2).ok());
        CHECK(bodies_of(**log) == numbered(1, 5));
        log = Status(Code::internal, "closed");
        log = FlightLog::open({.dir = dir.path()}, lines);
        REQUIRE(log.ok());
        CHECK(bodies_of(**log) == numbered(1, 5));
        CHECK(lines.count("error") == 0);
      }
    }
  }
}

TEST_CASE("FlightLog: the two names of a roll may reach the disk in either order") {
  for (const bool log_first : {true, false}) {
    const TempDir dir;
    MemoryLog lines;
    write_segments(dir.path(), 3, 1);
    const std::string moved = log_first ? "trace.log" : "trace.idx";
    std::filesystem::rename(dir / moved, dir / name_of_base(1, log_first ? ".ndjson" : ".idx"));
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    CHECK((*log)->segments().list()->size() == (log_first ? 1 : 0));
    CHECK((*log)->last() == 3);
    CHECK(bodies_of(**log) == numbered(1, 3));
    REQUIRE(append_some(**log, 1).ok());
    CHECK(bodies_of(**log) == numbered(1, 4));
    CHECK(lines.count("info interrupted_roll_mended") == 1);
  }
}

// --- the sidecar ---

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
  log = Status(Code::internal, "closed");
  log = FlightLog::open({.dir = dir.path()}, lines);
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
      log = Status(Code::internal, "closed");
      log = FlightLog::open({.dir = dir.path()}, lines);
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
  log = Status(Code::internal, "closed");
  log = FlightLog::open({.dir = dir.path()}, lines);
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
      log = Status(Code::internal, "closed");
      log = FlightLog::open({.dir = dir.path(), .clock = &clock}, lines);
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

// --- gaps ---

TEST_CASE("FlightLog: what was never stored is declared, at once and after a restart") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_some(**log, 3).ok());
  REQUIRE((*log)->reserve(0).ok());
  REQUIRE((*log)->skip(10).ok());
  CHECK((*log)->last() == 10);
  const auto check_gap = [&](Sequence through) {
    const ReadOutcome gap = look(**log, 4);
    REQUIRE(gap.loss);
    CHECK(gap.loss->from == 4);
    CHECK(gap.loss->through == through);
    CHECK(gap.loss->reason == LossReason::recorder);
  };
  check_gap(10);
  CHECK(append_one(**log, 9).code() == Code::internal);
  REQUIRE(append_one(**log, 12).ok());  // 11 is nobody's either
  check_gap(11);
  REQUIRE((*log)->release().ok());
  log = Status(Code::internal, "closed");
  log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  check_gap(11);
  CHECK((*log)->last() == 12);
  CHECK(bodies_of(**log) ==
        std::vector<std::string>{body_of("1"), body_of("2"), body_of("3"), body_of("12")});
}

TEST_CASE("FlightLog: a log that begins with a hole declares it") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_one(**log, 5).ok());
  for (const bool reopened : {false, true}) {
    if (reopened) {
      log = Status(Code::internal, "closed");
      log = FlightLog::open({.dir = dir.path()}, lines);
      REQUIRE(log.ok());
    }
    REQUIRE(look(**log, 1).loss);
    CHECK(look(**log, 1).loss->through == 4);
    CHECK(look(**log, 1).loss->reason == LossReason::recorder);
    CHECK((*log)->oldest() == 5);
  }
}

TEST_CASE("FlightLog: a segment that is gone is corrupt, or expired when retention dropped it") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir.path(), 12, 1);  // segments of three
  {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE((*log)->remember_expired(3).ok());
    REQUIRE((*log)->remember_expired(2).ok());
  }
  for (const Sequence base : {1u, 7u})
    for (const char* ending : {".ndjson", ".idx"})
      std::filesystem::remove(dir / name_of_base(base, ending));
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->segments().expired_through() == 3);
  CHECK((*log)->oldest() == 4);
  REQUIRE(look(**log, 2).loss);
  CHECK(look(**log, 2).loss->through == 3);
  CHECK(look(**log, 2).loss->reason == LossReason::expired);
  REQUIRE(look(**log, 7).loss);
  CHECK(look(**log, 7).loss->through == 9);
  CHECK(look(**log, 7).loss->reason == LossReason::corrupt);
}

TEST_CASE("FlightLog: when retention dropped all there was, its numbers go on") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir.path(), 3, 1);
  Epoch epoch;
  {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE((*log)->roll().ok());
    REQUIRE((*log)->remember_expired(3).ok());
    epoch = (*log)->epoch();
  }
  std::filesystem::remove_all(dir / "segments");
  SUBCASE("the sidecar says where") {
  }
  SUBCASE("trace.meta says where") {
    std::filesystem::remove(dir / "trace.idx");
  }
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->last() == 3);
  CHECK((*log)->oldest() == 4);
  CHECK((*log)->epoch() == epoch);
  REQUIRE(append_some(**log, 1).ok());
  CHECK(bodies_of(**log) == numbered(4, 4));
}

// --- sealed beside rolled ---

TEST_CASE("FlightLog: the sealed form is taken when it is whole, and the rolled one goes") {
  for (const bool whole : {true, false}) {
    const TempDir dir;
    MemoryLog lines;
    write_segments(dir.path(), 7, 1);
    {
      Opened log = FlightLog::open({.dir = dir.path()}, lines);
      REQUIRE(log.ok());
      const auto sealed = seal(real_files(), dir / "segments", *(*log)->segments().list()->front(),
                               {.epoch = (*log)->epoch()});
      REQUIRE(sealed.ok());
      (*log)->segments().replace(*sealed);
      CHECK(bodies_of(**log) == numbered(1, 7));
    }
    if (!whole) std::filesystem::resize_file(sealed_sidecar_path(dir / "segments", 1), 20);
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    CHECK((*log)->segments().list()->front()->sealed() == whole);
    CHECK(std::filesystem::exists(dir / name_of_base(1, ".ndjson")) == !whole);
    CHECK(std::filesystem::exists(dir / name_of_base(1, ".idx")) == !whole);
    CHECK(bodies_of(**log) == numbered(1, 7));
  }
}

TEST_CASE(
    "[T6] FlightLog: a full disk costs the oldest sealed segment nobody pinned, never the newest") {
  const TempDir dir;
  MemoryLog lines;
  write_segments(dir.path(), 12, 1);
  BrokenDisk disk;
  Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE(log.ok());
  CHECK_FALSE((*log)->free_room(nullptr));  // nothing is sealed
  const auto rolled = (*log)->segments().list();
  for (const SegmentPtr& each : *rolled) {
    auto sealed = seal(real_files(), dir / "segments", *each, {.epoch = (*log)->epoch()});
    REQUIRE(sealed.ok());
    (*log)->segments().replace(*sealed);
    REQUIRE(remove_rolled(real_files(), dir / "segments", each->info().base).ok());
  }
  auto pins =
      Pins::open(real_files(), dir / "pins.json", {.on_error = true, .before = 0, .after = 0});
  REQUIRE(pins.ok());
  EnvelopeFacts error;
  error.type = "observation";
  error.status = "TOOL_ERROR";
  (*pins)->see(2, error);
  REQUIRE((*pins)->holds(1, 3));

  disk.set_room(0);  // not even for the note, which follows with the next one
  REQUIRE((*log)->free_room(pins->get()));
  disk.mend();
  CHECK((*log)->oldest() == 1);
  CHECK_FALSE(std::filesystem::exists(sealed_data_path(dir / "segments", 4)));
  CHECK_FALSE((*log)->free_room(pins->get()));  // what is left is pinned, or the newest
  REQUIRE((*log)->free_room(nullptr));
  CHECK((*log)->oldest() == 7);
  CHECK_FALSE((*log)->free_room(nullptr));  // one is left
  CHECK(look(**log, 1).loss->reason == LossReason::expired);
  CHECK(bodies_of(**log) == numbered(7, 12));
  log = Status(Code::internal, "closed");
  log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK(look(**log, 1).loss->reason == LossReason::expired);
  CHECK(look(**log, 1).loss->through == 6);
}

// --- faults ---

TEST_CASE("FlightLog: a refused sidecar leaves nothing of the batch in either file") {
  const TempDir dir;
  MemoryLog lines;
  BrokenDisk disk;
  Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_some(**log, 2).ok());
  const std::string before = bytes_of(dir / "trace.log"), index = bytes_of(dir / "trace.idx");
  for (const std::size_t torn : {0u, 1u, 70u, 1000u}) {
    disk.refuse(Op::append, {.count = 1, .torn_bytes = torn, .file = "trace.idx"});
    CHECK(append_some(**log, 3).code() == Code::resource_exhausted);
    CHECK((*log)->last() == 2);
    CHECK(bytes_of(dir / "trace.log") == before);
    CHECK(bytes_of(dir / "trace.idx") == index);
  }
  REQUIRE(append_some(**log, 3).ok());
  CHECK(bodies_of(**log) == numbered(1, 5));
}

// The dirty pages of a file whose fdatasync failed may be gone, and a second fdatasync
// says that all is well: two generations of files, each failing once.
TEST_CASE("[T5] FlightLog: a failed fdatasync is final for its file, twice in a row") {
  for (const char* file : {"trace.log", "trace.idx"}) {
    CAPTURE(file);
    const TempDir dir;
    MemoryLog lines;
    BrokenDisk disk;
    Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
    REQUIRE(log.ok());
    for (Sequence sequence = 1; sequence <= 2; ++sequence)
      REQUIRE(append_one(**log, sequence, {}, Durability::synced).ok());
    // trace.idx.new is synced before it is trace.idx: that refusal is one of a roll.
    disk.refuse(Op::sync, {.count = 1, .why = kEio, .file = file});
    CHECK_FALSE(append_one(**log, 3, {}, Durability::synced).ok());
    CHECK((*log)->last() == 2);  // not seen by anybody
    CHECK(look(**log, 3).next == 3);

    disk.refuse(Op::sync, {.good = file == std::string("trace.idx") ? 1u : 0u,
                           .count = 1,
                           .why = kEio,
                           .file = file});
    CHECK_FALSE(append_one(**log, 3, {}, Durability::synced).ok());  // in a file of its own
    CHECK(append_one(**log, 3, {}, Durability::synced).ok());        // in a third one
    CHECK(append_one(**log, 4, {}, Durability::synced).ok());
    CHECK(bytes_of(dir / "trace.log") == body_of("3") + "\n" + body_of("4") + "\n");
    CHECK(bytes_of(dir / name_of_base(1, ".ndjson")) == body_of("1") + "\n" + body_of("2") + "\n");
    CHECK((*log)->segments().list()->size() == 1);
    CHECK(bodies_of(**log) == numbered(1, 4));
    log = Status(Code::internal, "closed");
    log = FlightLog::open({.dir = dir.path()}, lines);
    CHECK(bodies_of(**log) == numbered(1, 4));
    CHECK(lines.count("error") == 0);
  }
}

TEST_CASE("FlightLog: what a failed file holds beyond its last good sync is not told twice") {
  const TempDir dir;
  MemoryLog lines;
  BrokenDisk disk;
  Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_one(**log, 1, {}, Durability::synced).ok());
  disk.refuse(Op::sync, {.count = 1, .why = kEio, .file = "trace.log"});
  disk.refuse_truncates(true);  // the bytes stay
  CHECK_FALSE(append_one(**log, 2, {}, Durability::synced).ok());
  disk.mend();
  REQUIRE(append_one(**log, 2, {}, Durability::synced).ok());
  CHECK(bytes_of(dir / name_of_base(1, ".ndjson")) == body_of("1") + "\n" + body_of("2") + "\n");
  for (const bool reopened : {false, true}) {
    if (reopened) {
      log = Status(Code::internal, "closed");
      log = FlightLog::open({.dir = dir.path()}, lines);
      REQUIRE(log.ok());
    }
    CHECK((*log)->last() == 2);
    CHECK(bodies_of(**log) == numbered(1, 2));
    CHECK((*log)->segments().list()->front()->info().count == 1);
  }
}

TEST_CASE("FlightLog: a failed sync of what is seen already goes on in a new file") {
  const TempDir dir;
  MemoryLog lines;
  BrokenDisk disk;
  Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_some(**log, 3).ok());
  disk.refuse(Op::sync, {.count = 1, .why = kEio});
  CHECK(contains((*log)->sync().message(), "EIO"));
  CHECK(bodies_of(**log) == numbered(1, 3));  // they were shown: they stay
  REQUIRE(append_some(**log, 1).ok());
  CHECK((*log)->segments().list()->size() == 1);
  CHECK(bytes_of(dir / "trace.log") == body_of("4") + "\n");
}

TEST_CASE("FlightLog: where the directory was deleted only a declared gap goes on") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir / "trace"}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_some(**log, 2).ok());
  const Epoch epoch = (*log)->epoch();
  REQUIRE((*log)->reserve(2).ok());
  std::filesystem::remove_all(dir / "trace");
  CHECK(eventually([&] { return !append_some(**log, 1).ok(); }));
  const Sequence last = (*log)->last();
  CHECK_FALSE(append_some(**log, 1).ok());  // it does not begin anew by itself
  CHECK_FALSE(std::filesystem::exists(dir / "trace"));

  REQUIRE((*log)->skip(last + 5).ok());
  REQUIRE(append_some(**log, 2).ok());
  CHECK(bodies_of(**log) == numbered(last + 6, last + 7));
  REQUIRE(look(**log, 1).loss);
  CHECK(look(**log, 1).loss->reason == LossReason::corrupt);  // was there, and is gone
  CHECK(look(**log, 1).loss->through == last);
  CHECK(look(**log, last + 1).loss->reason == LossReason::recorder);
  CHECK_FALSE(FlightLog::open({.dir = dir / "trace"}, lines).ok());  // locked again
  REQUIRE((*log)->release().ok());
  log = Status(Code::internal, "closed");
  log = FlightLog::open({.dir = dir / "trace"}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->epoch() == epoch);
  CHECK(bodies_of(**log) == numbered(last + 6, last + 7));
}

TEST_CASE("FlightLog: a file that somebody cut goes on behind a declared gap after a restart") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_some(**log, 4).ok());
  std::filesystem::resize_file(dir / "trace.log", 30);  // two lines and a bit
  CHECK((*log)->roll().code() == Code::data_loss);
  log = Status(Code::internal, "closed");
  log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->last() == 4);
  CHECK(bodies_of(**log) == numbered(1, 2));
  CHECK(look(**log, 3).loss->through == 4);
  REQUIRE(append_some(**log, 1).ok());
  CHECK(bodies_of(**log).back() == body_of("5"));
}

// --- looking ---

TEST_CASE("FlightLog: looking changes nothing, and may be done beside the writer") {
  const TempDir dir;
  MemoryLog lines;
  Opened writer = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(writer.ok());
  REQUIRE(append_some(**writer, 3).ok());
  REQUIRE((*writer)->roll().ok());
  REQUIRE(append_some(**writer, 2).ok());
  const auto everything = [&] {
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto& each : std::filesystem::recursive_directory_iterator(dir.path()))
      if (each.is_regular_file()) files.emplace_back(each.path().string(), bytes_of(each.path()));
    std::sort(files.begin(), files.end());
    return files;
  };
  write_bytes(dir / "trace.log", bytes_of(dir / "trace.log") + "{\"being written");
  const auto before = everything();
  {
    Opened log = FlightLog::open({.dir = dir.path(), .read_only = true}, lines);
    REQUIRE(log.ok());
    CHECK((*log)->epoch() == (*writer)->epoch());
    CHECK(bodies_of(**log) == numbered(1, 5));
    CHECK_FALSE(append_one(**log, 6).ok());
  }
  CHECK(everything() == before);
  CHECK(lines.count("warn") == 0);

  std::filesystem::remove(dir / "trace.idx");
  std::filesystem::remove(dir / name_of_base(1, ".idx"));
  CHECK(bodies_of(*FlightLog::open({.dir = dir.path(), .read_only = true}, lines).value()) ==
        numbered(1, 5));
  CHECK_FALSE(std::filesystem::exists(dir / "trace.idx"));
  std::filesystem::remove(dir / "trace.log");
  CHECK(bodies_of(*FlightLog::open({.dir = dir.path(), .read_only = true}, lines).value()) ==
        numbered(1, 3));
  CHECK(FlightLog::open({.dir = dir / "none", .read_only = true}, lines).status().code() ==
        Code::not_found);
  CHECK_FALSE(std::filesystem::exists(dir / "none"));
}

}  // namespace
}  // namespace devs
