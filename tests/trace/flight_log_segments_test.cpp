// The directory as one log: sealed segments beside rolled ones, read beside a writer.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/trace/flight_log_kit.h"
#include "trace/pins.h"
#include "trace/rolled_segment.h"
#include "trace/sealed_segment.h"

namespace devs {
namespace {

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
  reopen(log, {.dir = dir.path()}, lines);
  REQUIRE(log.ok());
  CHECK(look(**log, 1).loss->reason == LossReason::expired);
  CHECK(look(**log, 1).loss->through == 6);
}

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
