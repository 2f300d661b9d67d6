#include "orchestrator/directory_log.h"

#include <doctest/doctest.h>

#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"
#include "trace/pins.h"
#include "trace/segment_keeper.h"

namespace devs {
namespace {

// What a server does to its directory while somebody looks.
struct Writer {
  explicit Writer(const std::filesystem::path& dir) {
    auto opened = FlightLog::open({.dir = dir}, lines);
    REQUIRE(opened.ok());
    flight = std::move(*opened);
    pins = Pins::open(flight->files(), dir / "pins.json", {}).value();
  }
  void roll(int entries) {
    REQUIRE(append_some(*flight, entries).ok());
    REQUIRE(flight->roll().ok());
  }
  void keep(Retention retention) {
    SegmentKeeper keeper(*flight, *pins, system_clock(), lines, metrics, {.retention = retention});
    REQUIRE(keeper.settle(soon()));
  }

  MemoryLog lines;
  Metrics metrics;
  std::unique_ptr<FlightLog> flight;
  std::unique_ptr<Pins> pins;
};

std::size_t lines_of(const StoredLog& log, Sequence from) {
  std::size_t count = 0;
  for (ReadOutcome read{from, {}}; read.next <= log.last() && !read.loss;)
    read = log.read(read.next, {}, [&count](const StoredLine&) { ++count; });
  return count;
}

TEST_CASE("[T39] DirectoryLog: entries that are sealed while it looks are found where they went") {
  const TempDir dir;
  Writer writer(dir.path());
  writer.roll(20);
  REQUIRE(append_some(*writer.flight, 10).ok());
  const auto log = DirectoryLog::open(dir.path().string());
  REQUIRE(log.ok());
  CHECK(lines_of(**log, 1) == 30);
  writer.keep({.bytes = 0});  // the rolled file becomes a sealed one
  CHECK(lines_of(**log, 1) == 30);
  REQUIRE(writer.flight->roll().ok());
  writer.keep({.bytes = 0});
  CHECK(lines_of(**log, 1) == 30);
}

TEST_CASE("[T39] DirectoryLog: what retention takes while it looks is told as expired") {
  const TempDir dir;
  Writer writer(dir.path());
  for (int i = 0; i < 4; ++i) writer.roll(10);
  writer.keep({.bytes = 0});
  const auto log = DirectoryLog::open(dir.path().string());
  REQUIRE(log.ok());
  writer.keep({.bytes = 0, .entries = 15});
  REQUIRE(writer.flight->oldest() > 1);
  const ReadOutcome read = (*log)->read(1, {}, [](const StoredLine&) {});
  REQUIRE(read.loss);
  CHECK(read.loss->reason == LossReason::expired);
  CHECK(lines_of(**log, writer.flight->oldest()) == 40 - writer.flight->oldest() + 1);
}

TEST_CASE("[T39] DirectoryLog: a directory that is begun anew does not lend its entries old ids") {
  const TempDir dir;
  std::optional<Writer> writer(std::in_place, dir.path());
  writer->roll(20);
  const auto log = DirectoryLog::open(dir.path().string());
  REQUIRE(log.ok());
  const Epoch before = (*log)->epoch();
  writer.reset();
  for (const auto& each : std::filesystem::directory_iterator(dir.path()))
    std::filesystem::remove_all(each.path());
  writer.emplace(dir.path());
  writer->roll(40);
  writer->keep({.bytes = 0});
  REQUIRE(writer->flight->epoch() != before);

  CHECK(lines_of(**log, 1) == 0);
  CHECK((*log)->last() == 20);
  CHECK((*log)->epoch() == before);
  CHECK(DirectoryLog::open(dir.path().string()).value()->epoch() == writer->flight->epoch());
}

}  // namespace
}  // namespace devs
