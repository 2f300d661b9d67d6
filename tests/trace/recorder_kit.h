#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/broken_file.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"
#include "trace/flight_recorder.h"

namespace devs {

// A recorder with everything around it, on a disk that breaks when told to.
struct RecorderDesk {
  explicit RecorderDesk(FlightRecorder::Options recording = {.retry = std::chrono::milliseconds(1)},
                        TraceStreamBus::Options ring = {}, Pins* pins = nullptr)
      : log(std::move(FlightLog::open({.dir = dir.path(), .files = &disk}, lines)).value()),
        bus(ring, system_clock()),
        recorder(std::make_unique<FlightRecorder>(bus, *log, pins, lines, metrics, recording)) {}

  Result<Sequence> publish(std::string_view word) { return bus.publish(host_draft(word)); }
  void finish() {
    bus.close();
    recorder->stop();
  }
  std::vector<std::string> lines_on_disk() const {
    std::vector<std::string> out;
    std::string bytes = bytes_of(dir / "trace.log");
    for (std::size_t end; (end = bytes.find('\n')) != std::string::npos; bytes.erase(0, end + 1))
      out.push_back(bytes.substr(0, end));
    CHECK(bytes.empty());  // whole lines only
    return out;
  }

  TempDir dir;
  MemoryLog lines;
  Metrics metrics;
  BrokenDisk disk;
  std::unique_ptr<FlightLog> log;
  TraceStreamBus bus;
  std::unique_ptr<FlightRecorder> recorder;
};

}  // namespace devs
