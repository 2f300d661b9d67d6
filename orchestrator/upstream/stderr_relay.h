#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orchestrator/upstream/line_reader.h"
#include "trace/clock.h"
#include "trace/log.h"
#include "trace/metrics.h"

namespace devs {

// A child's stderr as log lines `upstream_stderr`: read to the last byte, told in
// part.  A child that shouts costs at most 100 lines a second of log, and the
// next second says how many were left out.
//
// Confined to the reactor.
class StderrRelay {
 public:
  static constexpr std::size_t kMaxLine = 4096;
  static constexpr unsigned kLinesPerSecond = 100;

  StderrRelay(std::string server, Log& log, Counter& suppressed)
      : server_(std::move(server)), log_(log), suppressed_total_(suppressed), lines_(kMaxLine) {}

  void feed(std::string_view bytes, TimePoint now);
  // The child has gone: what it began to say is said, what was left out counted.
  void end(TimePoint now);

  const std::string& last_line() const { return last_line_; }

 private:
  void tell(std::string_view line, TimePoint now);
  void tell_suppressed();

  const std::string server_;
  Log& log_;
  Counter& suppressed_total_;
  StdioLineReader lines_;
  std::string last_line_;
  TimePoint second_began_{};
  unsigned told_ = 0;  // in this second
  std::uint64_t suppressed_ = 0;
};

}  // namespace devs
