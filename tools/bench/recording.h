#pragma once

#include <filesystem>
#include <memory>

#include "protocol/result.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// A bus, a log and the recorder between them, as the server has them, in a directory.
//
// Thread-safe as its parts are; opened and closed by one thread.
class Recording {
 public:
  struct Options {
    std::filesystem::path dir;
    Durability durability = Durability::written;
  };
  static Result<std::unique_ptr<Recording>> open(const Options& options);
  ~Recording() { (void)close(); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  TraceStreamBus& bus() { return *bus_; }
  FlightLog& log() { return *log_; }
  Metrics& metrics() { return metrics_; }

  // Publishes, waiting for the recorder whenever it lags by a whole ring.  Counts the
  // waits.
  Result<Sequence> publish(const Draft& draft, std::size_t& waits);
  // Everything published is stored, and nothing more will be.  Idempotent.
  Status close();

 private:
  Recording(std::unique_ptr<FlightLog> log, Durability durability);

  Metrics metrics_;
  const std::unique_ptr<FlightLog> log_;
  const std::unique_ptr<TraceStreamBus> bus_;
  std::unique_ptr<FlightRecorder> recorder_;
};

}  // namespace devs
