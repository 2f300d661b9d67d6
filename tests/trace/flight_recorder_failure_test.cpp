// A disk that refuses for long: a service that goes on, and what an old segment is worth.
#include <doctest/doctest.h>

#include "tests/trace/recorder_kit.h"
#include "trace/sealed_segment.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

TEST_CASE(
    "[T7] FlightRecorder: going on, live readers see all, and the log declares what it has not") {
  RecorderDesk desk({.on_failure = FlightRecorder::OnFailure::go_on, .retry = 1h},
                    {.ring_entries = 8});
  REQUIRE(desk.publish("1").ok());
  REQUIRE(desk.recorder->flush(soon()).ok());
  desk.disk.refuse_appends({.torn_bytes = 3, .why = "Read-only file system (EROFS)"});
  for (int i = 2; i <= 30; ++i) {
    REQUIRE(desk.publish(std::to_string(i)).ok());
    REQUIRE(desk.recorder->flush(soon()).ok());  // given up is as good as stored
  }
  CHECK(desk.bus.head() == 30);
  CHECK(desk.disk.refused() == 1);  // the rest did not even try
  CHECK(contains(desk.bus.recorder_status().message(), "EROFS"));
  CHECK(desk.metrics.gauge("recorder_failing").value() == 1);
  CHECK(desk.metrics.counter("recorder_lost_entries_total").value() == 29);
  const auto check_gap = [&](const FlightLog& log) {
    const ReadOutcome gap = log.read(2, {}, [](const StoredLine&) {});
    REQUIRE(gap.loss);
    CHECK(gap.loss->through == 30);
    CHECK(gap.loss->reason == LossReason::recorder);
  };
  check_gap(*desk.log);  // at once, for readers that fell off the ring

  desk.disk.mend();
  desk.finish();  // the last words of a stop are tried once more
  CHECK(desk.bus.head() == 30);
  check_gap(*desk.log);
}

TEST_CASE("FlightRecorder: going on, a disk that is well again takes what comes next") {
  RecorderDesk desk({.on_failure = FlightRecorder::OnFailure::go_on, .retry = 1ms});
  REQUIRE(desk.publish("1").ok());
  REQUIRE(desk.recorder->flush(soon()).ok());
  desk.disk.refuse_appends({.why = "Input/output error (EIO)"});
  REQUIRE(desk.publish("2").ok());
  REQUIRE(desk.recorder->flush(soon()).ok());
  desk.disk.mend();
  Sequence next = 3;
  REQUIRE(eventually([&] {  // until one of them is tried
    return desk.publish(std::to_string(next++)).ok() && desk.recorder->flush(soon()).ok() &&
           desk.bus.recorder_status().ok();
  }));
  desk.finish();
  const std::string said = desk.lines.find("error entries_lost");
  CHECK(contains(said, "from=2"));
  CHECK(desk.metrics.gauge("recorder_failing").value() == 0);
  const auto lost = desk.metrics.counter("recorder_lost_entries_total").value();
  CHECK(bodies_of(*desk.log).size() + lost == next - 1);
  CHECK(bodies_of(*desk.log).back() == body_of(std::to_string(next - 1)));
  const ReadOutcome gap = desk.log->read(2, {}, [](const StoredLine&) {});
  REQUIRE(gap.loss);
  CHECK(gap.loss->through == 1 + lost);
  CHECK(gap.loss->reason == LossReason::recorder);
}

// The directory as a kill -9 would leave it now.
void copy_log(const RecorderDesk& desk, const std::filesystem::path& to) {
  std::filesystem::copy(desk.dir.path(), to, std::filesystem::copy_options::recursive);
}

TEST_CASE("[T24] FlightRecorder: going on, a number that was shown is never given again") {
  RecorderDesk desk({.on_failure = FlightRecorder::OnFailure::go_on, .retry = 1h},
                    {.ring_entries = 8});
  REQUIRE(desk.publish("1").ok());
  REQUIRE(desk.recorder->flush(soon()).ok());
  desk.disk.refuse_appends({.why = "Read-only file system (EROFS)"});
  for (int i = 2; i <= 30; ++i) {
    REQUIRE(desk.publish(std::to_string(i)).ok());
    REQUIRE(desk.recorder->flush(soon()).ok());
  }
  REQUIRE(desk.bus.head() == 30);  // live readers have ids up to here
  const TempDir killed;
  copy_log(desk, killed / "log");
  for (int start = 0; start < 3; ++start) {
    MemoryLog lines;
    auto log = FlightLog::open({.dir = killed / "log"}, lines);
    REQUIRE(log.ok());
    CHECK((*log)->epoch() == desk.log->epoch());
    CHECK((*log)->last() >= 30);
    CHECK((*log)->found().last == (*log)->last());
    CHECK(lines.count("warn numbers_passed_over") == (start < 2 ? 1u : 0u));
    const ReadOutcome gap = (*log)->read(2, {}, [](const StoredLine&) {});
    REQUIRE(gap.loss);
    CHECK(gap.loss->reason == LossReason::recorder);
    CHECK(gap.loss->through >= 30);
    // Not before something is written above them.
    if (start == 0) CHECK((*log)->release().ok());
    if (start == 1) CHECK(append_some(**log, 1).ok());
    if (start == 2) CHECK(bodies_of(**log).size() == 2);
  }
}

TEST_CASE(
    "[T24] FlightRecorder: going on, a stop while the disk still refuses gives no number twice") {
  for (const bool only_appends : {true, false}) {
    CAPTURE(only_appends);
    RecorderDesk desk({.on_failure = FlightRecorder::OnFailure::go_on, .retry = 1h},
                      {.ring_entries = 8});
    REQUIRE(desk.publish("1").ok());
    REQUIRE(desk.recorder->flush(soon()).ok());
    const char* const why = "Read-only file system (EROFS)";
    desk.disk.refuse_appends({.why = why});
    if (!only_appends)
      for (const auto op : {BrokenDisk::Op::open, BrokenDisk::Op::rename, BrokenDisk::Op::sync})
        desk.disk.refuse(op, {.why = why});
    for (int i = 2; i <= 30; ++i) {
      REQUIRE(desk.publish(std::to_string(i)).ok());
      REQUIRE(desk.recorder->flush(soon()).ok());
    }
    REQUIRE(desk.bus.head() == 30);  // live readers have ids up to here
    desk.finish();
    const std::string said = desk.lines.find("error entries_lost");
    CHECK(contains(said, "count=29"));
    CHECK(contains(said, "from=2"));
    CHECK(contains(said, why));
    const Epoch epoch = desk.log->epoch();
    desk.recorder.reset();
    desk.log.reset();

    for (const bool first_start : {true, false}) {
      MemoryLog lines;
      const auto log = FlightLog::open({.dir = desk.dir.path()}, lines);
      REQUIRE(log.ok());
      CHECK((*log)->epoch() == epoch);
      CHECK((*log)->last() >= 30);
      const ReadOutcome gap = (*log)->read(2, {}, [](const StoredLine&) {});
      REQUIRE(gap.loss);
      CHECK(gap.loss->reason == LossReason::recorder);
      CHECK(gap.loss->through >= 30);
      if (first_start)
        REQUIRE(append_some(**log, 1).ok());
      else
        CHECK(bodies_of(**log).size() == 2);
    }
  }
}

TEST_CASE("[T24] FlightRecorder: going on, a clean end leaves no gap behind") {
  RecorderDesk desk({.on_failure = FlightRecorder::OnFailure::go_on, .retry = 1ms});
  for (int i = 1; i <= 5; ++i) REQUIRE(desk.publish(std::to_string(i)).ok());
  REQUIRE(desk.recorder->flush(soon()).ok());
  desk.finish();
  desk.log.reset();
  const auto log = FlightLog::open({.dir = desk.dir.path()}, desk.lines);
  REQUIRE(log.ok());
  CHECK((*log)->last() == 5);
  CHECK(desk.lines.count("warn") == 0);
}

TEST_CASE("[T24] FlightRecorder: going on ends where no number is set aside any more") {
  const TempDir dir;
  MemoryLog lines;
  Metrics metrics;
  BrokenDisk disk;
  auto log = FlightLog::open({.dir = dir.path(), .files = &disk}, lines);
  REQUIRE(log.ok());
  CHECK((*log)->skip(1).code() == Code::resource_exhausted);
  disk.refuse(BrokenDisk::Op::rename, {.why = "Read-only file system (EROFS)"});
  disk.refuse_appends({.why = "Read-only file system (EROFS)"});
  TraceStreamBus bus({}, system_clock());
  FlightRecorder recorder(bus, **log, nullptr, lines, metrics,
                          {.on_failure = FlightRecorder::OnFailure::go_on, .retry = 1ms});
  REQUIRE(bus.publish(host_draft("1")).ok());
  CHECK(eventually([&] { return metrics.counter("recorder_failures_total").value() > 2; }));
  CHECK(bus.head() == 0);  // nobody was shown it
  disk.mend();
  CHECK(recorder.flush(soon()).ok());
  CHECK(bodies_of(**log) == std::vector{body_of("1")});
  CHECK((*log)->skip(1000).ok());
  bus.close();
  recorder.stop();
}

TEST_CASE("FlightRecorder: refusing, no number is set aside") {
  RecorderDesk desk;
  const std::string before = bytes_of(desk.dir / "trace.meta");
  REQUIRE(desk.publish("1").ok());
  REQUIRE(desk.recorder->flush(soon()).ok());
  desk.finish();
  CHECK(bytes_of(desk.dir / "trace.meta") == before);
}

TEST_CASE(
    "FlightRecorder: going on, a disk that is well again is noticed although nobody publishes") {
  RecorderDesk desk({.on_failure = FlightRecorder::OnFailure::go_on, .retry = 1ms});
  REQUIRE(desk.publish("1").ok());
  REQUIRE(desk.recorder->flush(soon()).ok());
  const char* const why = "Read-only file system (EROFS)";
  desk.disk.refuse_appends({.why = why});
  desk.disk.refuse(BrokenDisk::Op::open, {.why = why});
  desk.disk.refuse(BrokenDisk::Op::rename, {.why = why});
  for (const char* word : {"2", "3"}) {
    REQUIRE(desk.publish(word).ok());
    REQUIRE(desk.recorder->flush(soon()).ok());
  }
  const std::size_t refused = desk.disk.refused();
  REQUIRE(eventually([&] { return desk.disk.refused() >= refused + 3; }));  // it looks again
  CHECK_FALSE(desk.bus.recorder_status().ok());
  CHECK(desk.lines.count("error recorder_refused") == 1);
  desk.disk.mend();
  REQUIRE(eventually([&] { return desk.bus.recorder_status().ok(); }));
  // Said right after it heals.
  CHECK(eventually(
      [&] { return contains(desk.lines.find("error entries_lost"), "count=2 from=2"); }));
  CHECK(desk.metrics.gauge("recorder_failing").value() == 0);
  CHECK(desk.log->last() == 3);

  REQUIRE(desk.publish("4").ok());
  desk.finish();
  CHECK(bodies_of(*desk.log) == std::vector{body_of("1"), body_of("4")});
  const ReadOutcome gap = desk.log->read(2, {}, [](const StoredLine&) {});
  REQUIRE(gap.loss);
  CHECK(gap.loss->through == 3);
  CHECK(gap.loss->reason == LossReason::recorder);
}

TEST_CASE(
    "[T6] FlightRecorder: a full disk costs an old sealed segment before it costs anything else") {
  RecorderDesk desk;
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(desk.publish(std::to_string(i)).ok());
    REQUIRE(desk.recorder->flush(soon()).ok());
    REQUIRE(desk.log->roll().ok());  // the recorder sleeps
  }
  const auto rolled = desk.log->segments().list();
  for (const SegmentPtr& each : *rolled)
    desk.log->segments().replace(
        seal(real_files(), desk.log->segments_directory(), *each, {.epoch = desk.log->epoch()})
            .value());
  desk.disk.refuse_appends({.count = 1});
  REQUIRE(desk.publish("4").ok());
  REQUIRE(desk.recorder->flush(soon()).ok());
  CHECK(desk.log->oldest() == 2);
  CHECK(desk.metrics.counter("recorder_freed_segments_total").value() == 1);
  CHECK(desk.metrics.counter("recorder_failures_total").value() == 0);
  CHECK(desk.lines.count("error") == 0);
  CHECK(desk.lines.count("warn segment_dropped_for_room") == 1);

  desk.disk.refuse_appends({});  // nothing helps any more: one more goes, the newest stays
  REQUIRE(desk.publish("5").ok());
  REQUIRE(eventually([&] { return !desk.bus.recorder_status().ok(); }));
  CHECK(desk.log->oldest() == 3);
  CHECK_FALSE(desk.publish("6").ok());
  desk.disk.mend();
  REQUIRE(eventually([&] { return desk.bus.recorder_status().ok(); }));
  desk.finish();
  CHECK(bodies_of(*desk.log) == std::vector{body_of("3"), body_of("4"), body_of("5")});
}

}  // namespace
}  // namespace devs
