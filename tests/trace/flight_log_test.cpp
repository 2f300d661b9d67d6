#include "trace/flight_log.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/support/broken_file.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"

namespace devs {
namespace {

using Opened = Result<std::unique_ptr<FlightLog>>;

std::vector<EntryPtr> read_some(const FlightLog& log, Sequence from, std::size_t count) {
  std::vector<EntryPtr> out;
  CHECK_FALSE(read_entries(log, from, {count, 1u << 30}, out).loss);
  return out;
}

// A pin: people and programs read this file.
TEST_CASE("FlightLog: one line per entry, verbatim") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir / "trace"}, lines);
  REQUIRE(log.ok());
  const std::vector<EntryPtr> batch = {entry_of(1, R"({"a":1.10,"b":"\u00e9"})"),
                                       entry_of(2, R"({"type":"thought"})")};
  REQUIRE((*log)->append(batch, {}).ok());
  CHECK((*log)->last() == 2);
  CHECK(bytes_of(dir / "trace/trace.log") ==
        "{\"a\":1.10,\"b\":\"\\u00e9\"}\n{\"type\":\"thought\"}\n");
  CHECK(contains(bytes_of(dir / "trace/trace.meta"),
                 R"(,"format":2,"epoch":")" + (*log)->epoch() +
                     "\",\"expired_through\":0,\"given_through\":0}\n"));
}

TEST_CASE("FlightLog: reads from anywhere, as much as was asked for") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  for (int batch = 0; batch < 10; ++batch) REQUIRE(append_some(**log, 100).ok());
  for (const bool reopened : {false, true}) {  // the index is rebuilt from the lines
    CAPTURE(reopened);
    if (reopened) {
      log = Status(Code::internal, "closed");  // the lock goes first
      log = FlightLog::open({.dir = dir.path()}, lines);
      REQUIRE(log.ok());
    }
    for (const Sequence from : {1u, 2u, 255u, 256u, 257u, 258u, 512u, 513u, 999u, 1000u}) {
      const auto got = read_some(**log, from, 3);
      REQUIRE(got.size() == std::min<std::size_t>(3, 1001 - from));
      for (std::size_t i = 0; i < got.size(); ++i) {
        CHECK(got[i]->sequence == from + i);
        CHECK(got[i]->body == body_of(std::to_string(from + i)));
      }
    }
    CHECK(read_some(**log, 1, 5000).size() == 1000);
    CHECK(read_some(**log, 1001, 10).empty());
    CHECK(read_some(**log, 0, 1).front()->sequence == 1);
    std::vector<EntryPtr> out;
    CHECK_FALSE(read_entries(**log, 10, {100, 30}, out).loss);  // 13 bytes each
    CHECK(out.size() == 2);
    CHECK_FALSE(read_entries(**log, 10, {100, 1}, out).loss);  // one is more than nothing
    CHECK(out.size() == 3);
  }
}

TEST_CASE("FlightLog: what is read back has the facts of its body") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  const EntryPtr entry =
      entry_of(1, R"({"type":"action","session_id":"s-7","task_id":"t-42","agent_id":"dev-1"})");
  REQUIRE((*log)->append({&entry, 1}, {}).ok());
  const auto got = read_some(**log, 1, 1);
  REQUIRE(got.size() == 1);
  CHECK(got[0]->facts.type == "action");
  CHECK(got[0]->facts.task_id == "t-42");
  CHECK(got[0]->facts.session_id == "s-7");
  CHECK(got[0]->facts.agent_id == "dev-1");
}

TEST_CASE("FlightLog: a line larger than any block is counted, shown and read") {
  const TempDir dir;
  MemoryLog lines;
  const std::string large = body_of(std::string(3 * 1024 * 1024 + 17, 'x'));
  {
    Opened log = FlightLog::open({.dir = dir.path()}, lines);
    REQUIRE(log.ok());
    const std::vector<EntryPtr> batch = {entry_of(1, body_of("1")), entry_of(2, large),
                                         entry_of(3, body_of("3"))};
    REQUIRE((*log)->append(batch, {}).ok());
  }
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK(bodies_of(**log) == std::vector{body_of("1"), large, body_of("3")});
  CHECK(read_some(**log, 2, 1)[0]->body == large);
  CHECK(read_some(**log, 3, 1)[0]->body == body_of("3"));
}

TEST_CASE("FlightLog: a file deleted or replaced while open refuses until it is back") {
  enum class Fate { moved_away, replaced, directory_removed };
  for (const Fate fate : {Fate::moved_away, Fate::replaced, Fate::directory_removed}) {
    const TempDir dir;
    MemoryLog lines;
    Opened log = FlightLog::open({.dir = dir / "trace"}, lines);
    REQUIRE(log.ok());
    REQUIRE(append_some(**log, 1).ok());
    if (fate == Fate::directory_removed)
      std::filesystem::remove_all(dir / "trace");
    else
      std::filesystem::rename(dir / "trace/trace.log", dir / "elsewhere");
    if (fate == Fate::replaced) write_bytes(dir / "trace/trace.log", "");
    Status refused;  // an append looks each 50 ms
    CHECK(eventually([&] { return !(refused = append_some(**log, 1)).ok(); }));
    CHECK(refused.code() == Code::not_found);
    CHECK(contains(refused.message(), (dir / "trace/trace.log").string()));
    CHECK(contains(refused.message(), "restart"));
    if (fate == Fate::directory_removed) continue;
    const Sequence last = (*log)->last();
    std::filesystem::rename(dir / "elsewhere", dir / "trace/trace.log");
    CHECK(eventually([&] { return append_some(**log, 1).ok(); }));
    CHECK(read_some(**log, 1, last + 1).size() == last + 1);
  }
}

TEST_CASE("FlightLog: a damaged line is data_loss, its neighbours are not") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_some(**log, 5).ok());
  std::string bytes = bytes_of(dir / "trace.log");
  const std::size_t third = bytes.find(body_of("3"));
  bytes.replace(third + 2, 4, 4, '\0');
  write_bytes(dir / "trace.log", bytes);  // the same file: the inode stays
  std::vector<EntryPtr> out;
  CHECK_FALSE(read_entries(**log, 1, {10, 1000}, out).loss);
  CHECK(out.size() == 2);  // up to the hole
  const ReadOutcome hole = read_entries(**log, 3, {10, 1000}, out);
  REQUIRE(hole.loss);
  CHECK(hole.loss->from == 3);
  CHECK(hole.loss->through == 3);
  CHECK(hole.next == 4);
  CHECK(out.size() == 2);
  CHECK_FALSE(read_entries(**log, 4, {10, 1000}, out).loss);
  CHECK(out.size() == 4);

  std::filesystem::resize_file(dir / "trace.log", 3);  // somebody cut our file
  CHECK(read_entries(**log, 1, {10, 1000}, out).loss);
}

TEST_CASE("FlightLog: a refused append leaves nothing, and the same batch fits later") {
  for (const std::size_t torn : {0u, 1u, 14u, 15u, 27u}) {  // lines of 13 bytes
    CAPTURE(torn);
    const TempDir dir;
    MemoryLog lines;
    BrokenDisk disk;
    Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
    REQUIRE(log.ok());
    REQUIRE(append_some(**log, 2).ok());
    const std::string before = bytes_of(dir / "trace.log");
    disk.refuse_appends({.good = 1, .count = 1, .torn_bytes = torn});
    REQUIRE(append_some(**log, 1).ok());
    const Status refused = append_some(**log, 2);
    CHECK(refused.code() == Code::resource_exhausted);
    CHECK(contains(refused.message(), "ENOSPC"));
    CHECK((*log)->last() == 3);
    CHECK(bytes_of(dir / "trace.log") == before + body_of("3") + "\n");
    REQUIRE(append_some(**log, 2).ok());
    CHECK(bytes_of(dir / "trace.log") ==
          before + body_of("3") + "\n" + body_of("4") + "\n" + body_of("5") + "\n");
    CHECK(read_some(**log, 1, 10).size() == 5);
  }
}

TEST_CASE("FlightLog: bytes that could not be cut are cut before the next append") {
  const TempDir dir;
  MemoryLog lines;
  BrokenDisk disk;
  Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_some(**log, 1).ok());
  disk.refuse_appends({.torn_bytes = 5});
  disk.refuse_truncates(true);
  CHECK_FALSE(append_some(**log, 1).ok());
  CHECK(bytes_of(dir / "trace.log").size() == 18);
  const std::size_t appends = disk.appends();
  CHECK(contains(append_some(**log, 1).message(), "EIO"));
  CHECK(disk.appends() == appends);  // nothing is written behind torn bytes
  CHECK(read_some(**log, 1, 10).size() == 1);
  disk.mend();
  REQUIRE(append_some(**log, 1).ok());
  CHECK(bytes_of(dir / "trace.log") == body_of("1") + "\n" + body_of("2") + "\n");
}

TEST_CASE("FlightLog: an entry that was written is not written again, and none is no write") {
  const TempDir dir;
  MemoryLog lines;
  Opened log = FlightLog::open({.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  REQUIRE(append_some(**log, 2).ok());
  const EntryPtr entry = entry_of(2, body_of("2"));
  CHECK((*log)->append({&entry, 1}, {}).code() == Code::internal);
  CHECK((*log)->append({}, {}).ok());
  CHECK(bytes_of(dir / "trace.log") == body_of("1") + "\n" + body_of("2") + "\n");
}

TEST_CASE("FlightLog: a reader beside the writer sees whole lines of the committed prefix") {
  const TempDir dir;
  MemoryLog lines;
  BrokenDisk disk;
  Opened log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE(log.ok());
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::jthread reader([&] {
    std::vector<EntryPtr> out;
    for (Sequence from = 1; !done.load() || from <= (*log)->last();) {
      out.clear();
      const Sequence head = (*log)->last();
      if (read_entries(**log, from, {100, 1u << 16}, out).loss) ++wrong;
      if (out.empty() && head >= from) ++wrong;
      for (const EntryPtr& entry : out) {
        if (entry->sequence != from || entry->body != body_of(std::to_string(from))) ++wrong;
        ++from;
      }
      if (wrong.load() > 0) return;
    }
  });
  for (int i = 0; i < 300; ++i) {
    if (i % 3 == 0) {  // a torn append in between must never be seen
      disk.refuse_appends({.count = 1, .torn_bytes = 30});
      CHECK_FALSE(append_some(**log, 7).ok());
    }
    REQUIRE(append_some(**log, 7).ok());
  }
  done = true;
  reader.join();
  CHECK(wrong.load() == 0);
  CHECK((*log)->last() == 2100);
}

}  // namespace
}  // namespace devs
