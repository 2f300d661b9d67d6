#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "trace/clock.h"
#include "trace/flight_log.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/pins.h"
#include "trace/segment_sealer.h"

namespace devs {

// How much of the past is kept; 0: no bound.  Whole segments go, oldest first, and only
// sealed ones that nothing pins.  The active file comes on top.
struct Retention {
  std::uint64_t bytes = 10ull * 1024 * 1024 * 1024;  // on disk, all segments
  std::chrono::seconds age{0};                       // of the newest entry of a segment
  std::uint64_t entries = 0;
};

// Seals what the recorder rolled away, and drops what retention does not keep.
//
// Owns one thread of low priority, so that compressing never delays a commit.  Looks
// when told (wake()) and each `look_every`; on a disk that refuses less and less often.
class SegmentKeeper {
 public:
  struct Options {
    Retention retention;
    int zstd_level = 3;
    std::chrono::milliseconds look_every{1000};
  };

  // REQUIRES: all of these outlive this keeper.
  SegmentKeeper(FlightLog& flight, Pins& pins, const Clock& clock, Log& log, Metrics& metrics,
                Options options);
  ~SegmentKeeper() { stop(); }
  SegmentKeeper(const SegmentKeeper&) = delete;
  SegmentKeeper& operator=(const SegmentKeeper&) = delete;

  void wake() DEVS_EXCLUDES(mutex_);  // any thread: there may be something to do
  // Returns when everything rolled so far is sealed and retention was applied, or at
  // `deadline` (false).  Not on a reactor.
  bool settle(TimePoint deadline) DEVS_EXCLUDES(mutex_);
  // A seal under way is given up; the next start does it.  Idempotent.
  void stop() DEVS_EXCLUDES(mutex_);

 private:
  void follow(const std::stop_token& stop) DEVS_EXCLUDES(mutex_);
  bool look(const std::stop_token& stop);  // false: something was refused
  bool seal_all(const std::stop_token& stop);
  bool free_room();  // false: nothing more can go
  bool apply_retention();
  bool drop(const Segment& segment);
  void sweep();
  void count();
  // Says what is wrong once, and once that it is over.
  bool verdict(const char* what, const Status& status);

  FlightLog& flight_;
  Pins& pins_;
  const Clock& clock_;
  Log& log_;
  const Options options_;
  Counter& rolled_;
  Counter& sealed_;
  Counter& disk_bytes_;
  Counter& dropped_;
  Counter& dropped_entries_;
  Counter& failures_;

  SegmentSealer sealer_;              // the thread's
  std::set<std::string> complaints_;  // the thread's: what was said and is not over

  Mutex mutex_;
  CondVar changed_;
  std::uint64_t asked_ DEVS_GUARDED_BY(mutex_) = 1;  // rounds asked for, and done
  std::uint64_t done_ DEVS_GUARDED_BY(mutex_) = 0;
  bool clean_ DEVS_GUARDED_BY(mutex_) = false;  // the last round did all there was
  bool ended_ DEVS_GUARDED_BY(mutex_) = false;

  std::jthread thread_;  // last member: joined before the rest dies
};

}  // namespace devs
