// What a log makes of a disk that refuses, and of files taken from under it.
#include <doctest/doctest.h>

#include <string>

#include "tests/trace/flight_log_kit.h"

namespace devs {
namespace {

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
    reopen(log, {.dir = dir.path()}, lines);
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
      reopen(log, {.dir = dir.path()}, lines);
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
  reopen(log, {.dir = dir / "trace"}, lines);
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
  reopen(log, {.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->last() == 4);
  CHECK(bodies_of(**log) == numbered(1, 2));
  CHECK(look(**log, 3).loss->through == 4);
  REQUIRE(append_some(**log, 1).ok());
  CHECK(bodies_of(**log).back() == body_of("5"));
}

}  // namespace
}  // namespace devs
