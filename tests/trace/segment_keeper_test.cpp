#include "trace/segment_keeper.h"

#include <atomic>
#include <thread>

#include "tests/support/broken_file.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/refusing_files.h"
#include "tests/trace/segment_kit.h"
#include "trace/rolled_segment.h"
#include "trace/segment_format.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

// A log with its pins; the keeper comes and goes with the test.
struct Kept {
  TempDir dir;
  RefusingFiles files;
  FakeClock clock;
  MemoryLog lines;
  Metrics metrics;
  std::unique_ptr<FlightLog> flight;
  std::unique_ptr<Pins> pins;
  std::unique_ptr<SegmentKeeper> keeper;

  Kept() { open(); }
  void open() {
    auto opened = FlightLog::open({.dir = dir.path(), .files = &files, .clock = &clock}, lines);
    REQUIRE_MESSAGE(opened.ok(), opened.status().message());
    flight = std::move(*opened);
    pins =
        Pins::open(files, dir / "pins.json", {.on_error = true, .before = 2, .after = 2}).value();
  }
  void reopen() {
    keeper.reset();
    flight.reset();
    open();
  }
  void keep(Retention retention = {.bytes = 0}) {
    keeper = std::make_unique<SegmentKeeper>(
        *flight, *pins, clock, lines, metrics,
        SegmentKeeper::Options{.retention = retention, .look_every = std::chrono::hours(1)});
  }
  // Rolls away `count` segments of ten entries each.
  void roll(int count) {
    for (int i = 0; i < count; ++i) {
      REQUIRE(append_some(*flight, 10).ok());
      REQUIRE(flight->roll().ok());
    }
  }
  std::vector<std::string> names(std::string_view under = "segments") {
    auto found = real_files().list(dir / under);
    return found.ok() ? *found : std::vector<std::string>();
  }
  std::size_t kept() const { return flight->segments().list()->size(); }
};

SegmentHead head_of(const std::filesystem::path& segments, Sequence base) {
  const auto text = read_whole_file(real_files(), sealed_sidecar_path(segments, base), 1 << 20);
  REQUIRE(text.ok());
  auto head = decode_head(split_sidecar(*text)->head);
  REQUIRE(head.ok());
  return *head;
}

TEST_CASE(
    "SegmentKeeper: seals what was rolled, in order and chained, and removes the plain "
    "files") {
  Kept log;
  log.roll(3);
  REQUIRE(append_some(*log.flight, 4).ok());
  const auto before = bodies_of(*log.flight);
  REQUIRE(before.size() == 34);
  log.keep();
  REQUIRE(log.keeper->settle(soon()));
  CHECK(bodies_of(*log.flight) == before);
  const auto list = log.flight->segments().list();
  REQUIRE(list->size() == 3);
  for (const SegmentPtr& each : *list) CHECK(each->sealed());
  CHECK(log.names() ==
        std::vector<std::string>{"00000000000000000001.json", "00000000000000000001.ndjson.zst",
                                 "00000000000000000011.json", "00000000000000000011.ndjson.zst",
                                 "00000000000000000021.json", "00000000000000000021.ndjson.zst"});
  const auto segments = log.flight->segments_directory();
  CHECK(head_of(segments, 1).previous_sha256.empty());
  for (const Sequence base : {11u, 21u}) {
    CHECK(head_of(segments, base).previous_sha256 ==
          *sidecar_sha256(real_files(), segments, base - 10));
    CHECK(head_of(segments, base).epoch == log.flight->epoch());
  }
  CHECK(log.metrics.counter("segments_sealed").value() == 3);
  CHECK(log.metrics.counter("segments_rolled").value() == 0);
  CHECK(log.metrics.counter("segments_disk_bytes").value() > 0);

  log.reopen();
  CHECK(bodies_of(*log.flight) == before);
  log.roll(1);
  log.keep();
  REQUIRE(log.keeper->settle(soon()));
  CHECK(head_of(segments, 31).previous_sha256 == *sidecar_sha256(real_files(), segments, 21));
}

TEST_CASE(
    "SegmentKeeper: retention by entries drops whole segments, oldest first, and says "
    "so") {
  Kept log;
  log.roll(5);
  REQUIRE(append_some(*log.flight, 4).ok());
  log.keep({.bytes = 0, .entries = 25});
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.kept() == 2);
  CHECK(log.flight->oldest() == 31);
  CHECK(log.names().size() == 4);
  CHECK(contains(log.lines.find("warn segments_dropped"), "count=3 through=30"));
  CHECK(log.metrics.counter("segments_dropped_total").value() == 3);
  CHECK(log.metrics.counter("segments_dropped_entries_total").value() == 30);
  const ReadOutcome gone = log.flight->read(5, {}, [](const StoredLine&) {});
  REQUIRE(gone.loss);
  CHECK(gone.loss->through == 30);
  CHECK(gone.loss->reason == LossReason::expired);
  log.reopen();
  CHECK(log.flight->segments().expired_through() == 30);
  CHECK(log.flight->oldest() == 31);
}

TEST_CASE("[T8] SegmentKeeper: behind a writer faster than sealing, retention has its turn") {
  Kept log;
  log.roll(1);
  // Whenever one is sealed there is another one, for longer than anybody looks on.
  std::atomic<int> more = 500;
  log.files.after_rename = [&](const std::filesystem::path& to) {
    if (!to.string().ends_with(".zst") || more-- <= 0) return;
    static_cast<void>(append_some(*log.flight, 10));
    static_cast<void>(log.flight->roll());
  };
  log.keep({.bytes = 0, .entries = 1});
  REQUIRE(eventually(
      [&] { return log.metrics.counter("segments_dropped_total").value() > 0 || more <= 0; }));
  CHECK(more > 0);
  more = 0;
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.kept() == 0);
}

TEST_CASE("[T8] SegmentKeeper: retention by bytes counts every file of every segment") {
  Kept log;
  log.roll(4);
  log.keep();
  REQUIRE(log.keeper->settle(soon()));
  std::uint64_t bytes = 0;
  for (const auto& each : std::filesystem::directory_iterator(log.dir / "segments"))
    bytes += each.file_size();
  CHECK(log.metrics.counter("segments_disk_bytes").value() == bytes);
  log.keep({.bytes = bytes});
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.kept() == 4);
  log.keep({.bytes = bytes - 1});
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.kept() == 3);
}

TEST_CASE("[T8] SegmentKeeper: retention by age looks at the newest entry of a segment") {
  Kept log;
  log.roll(1);
  log.clock.advance(std::chrono::hours(10));
  log.roll(2);
  log.keep({.bytes = 0, .age = std::chrono::hours(5)});
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.flight->oldest() == 11);
  log.clock.advance(std::chrono::hours(5));
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.kept() == 2);
  log.clock.advance(std::chrono::seconds(1));
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.kept() == 0);
  CHECK(log.flight->oldest() == 31);
}

TEST_CASE("[T9] SegmentKeeper: what a pin holds stays, and what lies around it goes") {
  Kept log;
  log.roll(5);
  EnvelopeFacts facts;
  facts.status = "TOOL_ERROR";
  log.pins->see(25, facts);
  log.keep({.bytes = 0, .entries = 1});
  REQUIRE(log.keeper->settle(soon()));
  REQUIRE(log.kept() == 1);
  CHECK(log.flight->oldest() == 21);
  CHECK(bodies_of(*log.flight).size() == 10);
  CHECK(contains(bytes_of(log.dir / "pins.json"), R"("from":23,"through":27)"));
  const ReadOutcome after = log.flight->read(31, {}, [](const StoredLine&) {});
  REQUIRE(after.loss);
  CHECK(after.loss->reason == LossReason::expired);
}

TEST_CASE(
    "SegmentKeeper: on a disk that refuses to seal the rolled form stays, readable; "
    "said once") {
  Kept log;
  log.roll(2);
  const auto before = bodies_of(*log.flight);
  log.files.refuse_names(".zst.new");
  log.keep({.bytes = 0, .entries = 1});
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(log.keeper->settle(already()));
    const std::size_t refused = log.files.refused();
    log.keeper->wake();
    REQUIRE(eventually([&] { return log.files.refused() > refused; }));
  }
  CHECK(log.lines.count("warn segment_not_sealed") == 1);
  CHECK(contains(log.lines.find("warn segment_not_sealed"), "EIO"));
  CHECK(log.kept() == 2);  // retention has nothing it may drop
  CHECK(bodies_of(*log.flight) == before);
  log.files.refuse_names("");
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.lines.count("info segments_well_again") == 1);
  CHECK(log.kept() == 0);
}

TEST_CASE("[T31] SegmentKeeper: a disk too full to seal costs the oldest sealed segment") {
  Kept log;
  log.roll(3);
  log.keep();
  REQUIRE(log.keeper->settle(soon()));
  log.roll(1);
  log.files.refuse_names(".zst.new", {Code::resource_exhausted, "No space left (ENOSPC)"}, 1);
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.flight->oldest() == 11);
  CHECK(log.metrics.counter("segments_sealed").value() == 3);
  CHECK(log.metrics.counter("segments_dropped_total").value() == 1);
  CHECK(log.metrics.counter("segments_dropped_entries_total").value() == 10);
  CHECK(log.metrics.counter("segments_failures_total").value() == 0);
  CHECK(contains(log.lines.find("warn segment_dropped_for_room"), "oldest=11"));

  log.roll(1);  // nothing helps: down to the newest one, and the rolled one stays as it is
  log.files.refuse_names(".zst.new", {Code::resource_exhausted, "No space left (ENOSPC)"});
  CHECK_FALSE(log.keeper->settle(already()));
  REQUIRE(eventually([&] { return log.lines.count("warn segment_not_sealed") == 1; }));
  CHECK(log.flight->oldest() == 31);
  CHECK(bodies_of(*log.flight).size() == 20);
}

TEST_CASE("[T6] SegmentKeeper: what was dropped on a disk too full for a note is noted later") {
  Kept log;
  log.roll(3);
  log.keep();
  REQUIRE(log.keeper->settle(soon()));
  // No room for the note before the segment goes, nor after.
  BrokenDisk disk;
  log.keeper.reset();
  log.flight.reset();
  log.flight = FlightLog::open({.dir = log.dir.path(), .files = &disk}, log.lines).value();
  disk.set_room(0);
  REQUIRE(log.flight->free_room(nullptr));
  disk.mend();
  REQUIRE(append_some(*log.flight, 1).ok());
  log.keep();
  REQUIRE(log.keeper->settle(soon()));
  log.reopen();
  const ReadOutcome gone = log.flight->read(5, {}, [](const StoredLine&) {});
  REQUIRE(gone.loss);
  CHECK(gone.loss->reason == LossReason::expired);
}

TEST_CASE("SegmentKeeper: nothing is deleted before trace.meta says so") {
  Kept log;
  log.roll(2);
  log.files.refuse_names("trace.meta");
  log.keep({.bytes = 0, .entries = 1});
  CHECK_FALSE(log.keeper->settle(already()));
  REQUIRE(eventually([&] { return log.lines.count("warn segment_not_dropped") == 1; }));
  CHECK(log.kept() == 2);
  CHECK(bodies_of(*log.flight).size() == 20);
  log.files.refuse_names("");
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.kept() == 0);
}

TEST_CASE(
    "SegmentKeeper: lines that are lost are sealed as lost, and their file is kept in "
    "quarantine") {
  Kept log;
  log.roll(2);
  const auto damaged = rolled_data_path(log.flight->segments_directory(), 1);
  std::string bytes = bytes_of(damaged);
  bytes[bytes.find("\"4\"") + 1] = '9';
  write_bytes(damaged, bytes);
  log.keep();
  REQUIRE(log.keeper->settle(soon()));
  CHECK(contains(log.lines.find("error segment_sealed_with_losses"), "base=1 lost=1"));
  CHECK(log.names("quarantine") ==
        std::vector<std::string>{"00000000000000000001.idx", "00000000000000000001.ndjson"});
  CHECK(bytes_of(log.dir / "quarantine/00000000000000000001.ndjson") == bytes);
  const ReadOutcome lost = log.flight->read(4, {}, [](const StoredLine&) {});
  REQUIRE(lost.loss);
  CHECK(lost.loss->through == 4);
  CHECK(lost.loss->reason == LossReason::corrupt);
  CHECK(bodies_of(*log.flight).size() == 19);
}

TEST_CASE("SegmentKeeper: a file that cannot be opened just now is not sealed as lost") {
  Kept log;
  log.roll(1);
  log.files.refuse_names(".ndjson");
  log.keep();
  CHECK_FALSE(log.keeper->settle(already()));
  REQUIRE(eventually([&] { return log.lines.count("warn segment_not_sealed") == 1; }));
  log.files.refuse_names("");
  REQUIRE(log.keeper->settle(soon()));
  CHECK(bodies_of(*log.flight).size() == 10);
  CHECK(log.flight->segments().list()->front()->info().lost == 0);
}

TEST_CASE("SegmentKeeper: stops with work undone, and the next one does it and sweeps up") {
  Kept log;
  log.roll(2);
  log.files.refuse_names(".zst.new");
  log.keep();
  log.keeper->stop();
  log.keeper->stop();
  CHECK_FALSE(log.keeper->settle(soon()));
  write_bytes(log.dir / "segments/00000000000000000001.ndjson.zst.new", "half");
  write_bytes(log.dir / "segments/00000000000000000001.json.new", "half");
  log.files.refuse_names("");
  log.reopen();
  log.keep();
  REQUIRE(log.keeper->settle(soon()));
  CHECK(log.names().size() == 4);
  CHECK(bodies_of(*log.flight).size() == 20);
}

TEST_CASE(
    "SegmentKeeper: readers see every entry once and in order while segments are "
    "sealed and dropped") {
  Kept log;
  log.keep({.bytes = 0, .entries = 60});
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&, i] {
      Sequence next = 1;
      while (!done || next <= log.flight->last()) {
        Sequence expected = next;
        const ReadOutcome outcome = log.flight->read(
            next, {.entries = static_cast<std::size_t>(3 + 11 * i)}, [&](const StoredLine& line) {
              if (line.sequence != expected || line.body != body_of(std::to_string(expected)))
                ++wrong;
              ++expected;
            });
        if (outcome.loss && outcome.loss->reason != LossReason::expired) ++wrong;
        if (!outcome.loss && outcome.next != expected) ++wrong;
        if (outcome.next == next) std::this_thread::yield();
        next = outcome.next;
      }
    });
  for (int i = 0; i < 60; ++i) {
    log.roll(1);
    log.keeper->wake();
  }
  REQUIRE(log.keeper->settle(soon()));
  done = true;
  readers.clear();
  CHECK(wrong == 0);
  CHECK(log.kept() == 6);
}

}  // namespace
}  // namespace devs
