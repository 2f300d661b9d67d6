#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>

#include "protocol/status.h"
#include "trace/clock.h"
#include "trace/flight_log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/pins.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Follows the bus and stores each entry, in order, in groups: whatever has
// gathered while the last group was written is the next one, and shares its fdatasync.
//
// A refused write fails the bus (no trace, no action: new publishes are refused,
// `/readyz` says why) and is tried again each second from the last whole record;
// when the disk takes it, the bus heals.  A full disk first costs the oldest sealed
// segments (FlightLog::free_room).  Nothing was dropped in between, because
// the ring forgets only what is stored.  With OnFailure::go_on entries are shown to live
// readers meanwhile, and the log declares the gap, as long as there are numbers set aside
// for them (FlightLog::reserve).
//
// Owns one thread, which knows the bus and the log and nothing of readers, SSE
// or the network.  It ends when the bus is closed and drained.
class FlightRecorder {
 public:
  using Durability = devs::Durability;
  using OnFailure = devs::OnFailure;

  struct Options {
    Durability durability = Durability::written;
    OnFailure on_failure = OnFailure::refuse;
    std::chrono::milliseconds retry{1000};  // between tries on a disk that refuses
    std::size_t max_batch = 4096;           // entries per write
  };

  // REQUIRES: `bus`, `log` and `pins` outlive this recorder.  `pins` may be null.
  FlightRecorder(TraceStreamBus& bus, FlightLog& log, Pins* pins, Log& lines, Metrics& metrics,
                 Options options);
  ~FlightRecorder() { stop(); }
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  // Returns once everything published before the call is stored (or given up), or says
  // why it is not by `deadline`.  Blocks: not on a reactor.
  Status flush(TimePoint deadline) DEVS_EXCLUDES(mutex_);

  // Returns when the thread is gone.  REQUIRES: the bus is closed, or the disk
  // refuses (what it would not take is then given up and said so).  Idempotent.
  void stop() DEVS_EXCLUDES(mutex_);

 private:
  struct Batch {
    std::span<const EntryPtr> entries;
    LogCarry carry;

    Sequence first() const { return entries.front()->sequence; }
    Sequence last() const { return entries.back()->sequence; }
  };

  void follow(const std::stop_token& stop) DEVS_EXCLUDES(mutex_);
  // False when a stop request came and the disk refused once more.
  bool store(const Batch& batch, const std::stop_token& stop) DEVS_EXCLUDES(mutex_);
  // One try, which may cost old segments.
  Status try_to_store(const Batch& batch) DEVS_EXCLUDES(mutex_);
  void look_at_disk();
  void say_refused(const Status& why, Sequence first_unstored);
  // False: a start after a kill -9 would give their numbers again.
  bool give_up(const Batch& batch) DEVS_EXCLUDES(mutex_);
  // Numbers for what may have to be given up later, while the disk is well.
  void set_numbers_aside(Sequence last);
  void say_healed(Sequence next);
  void wait_for_retry(const std::stop_token& stop) DEVS_EXCLUDES(mutex_);
  void tell_progress(bool ended) DEVS_EXCLUDES(mutex_);

  TraceStreamBus& bus_;
  FlightLog& log_;
  Pins* const pins_;
  Log& lines_;
  const Options options_;
  Counter& stored_;
  Counter& bytes_;
  Counter& batches_;
  Counter& failures_;
  Counter& lost_;
  Counter& freed_;
  Gauge& failing_;
  Histogram& commit_seconds_;

  // The thread's: since when and why the disk refuses.
  std::string refusal_;  // empty: it does not
  TimePoint next_try_{};
  Sequence lost_from_ = 0;  // first of what was given up since; 0: nothing

  Mutex mutex_;
  CondVar changed_;  // more is stored, the thread ended, or a stop was asked for
  bool ended_ DEVS_GUARDED_BY(mutex_) = false;

  std::jthread thread_;  // last member: joined before the rest dies
};

}  // namespace devs
