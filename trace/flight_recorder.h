#pragma once

#include <chrono>
#include <span>
#include <stop_token>
#include <thread>

#include "protocol/status.h"
#include "trace/clock.h"
#include "trace/flight_log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Follows the bus and stores each entry, in order, in groups: whatever has
// gathered while the last group was written is the next one.
//
// A refused write fails the bus (no trace, no action: new publishes are refused,
// `/readyz` says why) and is tried again each second from the last whole record;
// when the disk takes it, the bus heals.  Nothing was dropped in between, because
// the ring forgets only what is stored.
//
// Owns one thread, which knows the bus and the log and nothing of readers, SSE
// or the network.  It ends when the bus is closed and drained.
class FlightRecorder {
 public:
  struct Options {
    std::chrono::milliseconds retry{1000};  // between tries on a disk that refuses
    std::size_t max_batch = 4096;           // entries per write
  };

  // REQUIRES: `bus`, `log` and `pins` outlive this recorder.  `pins` may be null.
  FlightRecorder(TraceStreamBus& bus, FlightLog& log, Pins* pins, Log& lines,
                 Metrics& metrics, Options options);
  ~FlightRecorder() { stop(); }
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  // Returns once everything published before the call is stored, or says why it
  // is not by `deadline`.  Blocks: not on a reactor.
  Status flush(TimePoint deadline) DEVS_EXCLUDES(mutex_);

  // Returns when the thread is gone.  REQUIRES: the bus is closed, or the disk
  // refuses (what it would not take is then given up and said so).  Idempotent.
  void stop() DEVS_EXCLUDES(mutex_);

 private:
  void follow(const std::stop_token& stop) DEVS_EXCLUDES(mutex_);
  // False when a stop request came and the disk refused once more.
  bool store(std::span<const EntryPtr> batch, const std::stop_token& stop)
      DEVS_EXCLUDES(mutex_);
  void wait_for_retry(const std::stop_token& stop) DEVS_EXCLUDES(mutex_);
  void tell_progress(bool ended) DEVS_EXCLUDES(mutex_);

  TraceStreamBus& bus_;
  FlightLog& log_;
  Log& lines_;
  const Options options_;
  Counter& stored_;
  Counter& batches_;
  Counter& failures_;

  Mutex mutex_;
  CondVar changed_;  // more is stored, the thread ended, or a stop was asked for
  bool ended_ DEVS_GUARDED_BY(mutex_) = false;

  std::jthread thread_;  // last member: joined before the rest dies
};

}  // namespace devs
