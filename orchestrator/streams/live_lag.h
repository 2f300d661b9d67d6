#pragma once

#include "trace/clock.h"
#include "trace/metrics.h"

namespace devs {

// How long those who follow the present wait for it: from an entry laid out for
// them to their turn, measured of readers who had taken everything before.  A slow
// network is not in it; a busy house is.
//
// Confined to the reactor.
class LiveLag {
 public:
  explicit LiveLag(Metrics& metrics);

  void saw(Duration lag, TimePoint now);
  // True while live readers are served: whoever reads the past leaves them the machine
  // (ADR 0010).
  bool matters(TimePoint now) const { return now < matters_until_; }
  // True while they suffer all the same, waiting more than 100 ms: then each who reads
  // the past gives way (reliability 6).
  bool hurts(TimePoint now) const { return now < hurts_until_; }

 private:
  Histogram& seconds_;
  TimePoint matters_until_{}, hurts_until_{};
};

}  // namespace devs
