#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <thread>

#include "trace/clock.h"
#include "trace/flight_log.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/pins.h"

namespace devs {

// How much of the past is kept; 0: no bound.  Whole segments go, oldest first, and only
// sealed ones that nothing pins.
struct Retention {
  std::uint64_t bytes = 10ull * 1024 * 1024 * 1024;  // on disk, all segments
  std::chrono::seconds age{0};                       // of the newest entry of a segment
  std::uint64_t entries = 0;
};

// Seals what the recorder rolled away, and drops what retention does not keep.
//
// Owns one thread of low priority, so that compressing never delays a commit.  Looks
// when told (wake()) and each `look_every`.
class SegmentKeeper {
 public:
  struct Options {
    Retention retention;
    int zstd_level = 3;
    std::chrono::milliseconds look_every{1000};
  };

  // REQUIRES: `flight` and `pins` outlive this keeper.
  SegmentKeeper(FlightLog& flight, const Pins& pins, const Clock& clock, Log& log,
                Metrics& metrics, Options options);
  ~SegmentKeeper() { stop(); }
  SegmentKeeper(const SegmentKeeper&) = delete;
  SegmentKeeper& operator=(const SegmentKeeper&) = delete;

  void wake() DEVS_EXCLUDES(mutex_);  // any thread: there may be something to do
  // Returns when everything rolled so far is sealed and retention was applied, or at
  // `deadline` (false).  Not on a reactor.
  bool settle(TimePoint deadline) DEVS_EXCLUDES(mutex_);
  void stop();  // a seal under way is given up; the next start does it.  Idempotent.

 private:
  void follow(const std::stop_token& stop) DEVS_EXCLUDES(mutex_);
  bool seal_one(const std::stop_token& stop);
  void apply_retention();

  FlightLog& flight_;
  const Pins& pins_;
  const Clock& clock_;
  Log& log_;
  const Options options_;

  Mutex mutex_;
  CondVar changed_;
  std::uint64_t asked_ DEVS_GUARDED_BY(mutex_) = 1;  // rounds asked for, and done
  std::uint64_t done_ DEVS_GUARDED_BY(mutex_) = 0;

  std::jthread thread_;  // last member: joined before the rest dies
};

}  // namespace devs
