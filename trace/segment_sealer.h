#pragma once

#include <cstddef>
#include <stop_token>
#include <string>

#include "protocol/result.h"
#include "trace/flight_log.h"
#include "trace/segment.h"
#include "trace/segment_set.h"

namespace devs {

// Turns what was rolled away into sealed segments, oldest first.
//
// The plain files go when the sealed form is on disk; those of which lines were lost go
// to `quarantine/` instead: what we could not read somebody else may.
//
// Confined to the one who seals, of whom there is one per log.  REQUIRES: `flight`
// outlives it.
class SegmentSealer {
 public:
  SegmentSealer(FlightLog& flight, int zstd_level) : flight_(flight), zstd_level_(zstd_level) {}

  // Null: none waits.  After a refusal the rolled form is there, and read, as before.
  Result<SegmentPtr> seal_oldest(const std::stop_token& stop);

 private:
  // Plain files whose sealed form is in place: what a crash, or a refusal, left.
  Status tidy_up();
  Result<std::string> sidecar_before(const SegmentSet::List& list, std::size_t index) const;
  Status prove_losses(const SegmentInfo& sealed) const;
  Status put_plain_files_away(const SegmentInfo& sealed) const;

  FlightLog& flight_;
  const int zstd_level_;
  bool tidy_ = false;
  std::string last_sha256_;  // of the sidecar made last, should retention have dropped it
};

}  // namespace devs
