#pragma once

#include <cstddef>
#include <cstdint>

#include "orchestrator/net/reactor.h"
#include "protocol/ids.h"
#include "trace/work.h"

namespace devs {

// The pace of one reader of the past: how far it goes, and when its next frame may
// leave.
//
// Time runs by the entries' own stamps: a frame leaves as long after the first one
// as its stamp is later, divided by the speed.  Entries without a stamp, and steps
// back, cost no time; a silence of more than an hour is cut to one.  A reader that
// falls behind its pace is not waited for: it catches up.  With steps, each frame
// waits for its permission instead; a gap is a frame.
//
// Confined to the reactor.
class TimedReplay {
 public:
  struct Options {
    Sequence from = 1;
    Sequence through = 0;  // the last entry; below `from`: none
    unsigned speed = 1;    // log time per real time; 0: as fast as it goes
    bool step = false;
  };
  // `wake` is called when a frame that had to wait may leave.
  TimedReplay(Options options, Reactor& reactor, MoveFunction<void()> wake);

  const Options& options() const { return options_; }
  bool paced() const { return options_.step || options_.speed != 0; }

  // May the next frame, stamped so (0: not), leave now?  If not, wake() comes.
  bool may_leave(std::int64_t stamp_ns);
  void left(std::int64_t stamp_ns);  // it was sent
  // So many frames more.  REQUIRES: options().step
  void grant(std::size_t frames);

 private:
  TimePoint due(std::int64_t stamp_ns) const;

  const Options options_;
  Reactor& reactor_;
  MoveFunction<void()> wake_;
  Timer timer_;
  std::size_t granted_ = 0;
  bool begun_ = false;
  TimePoint last_due_{};              // of the frame that left last
  std::int64_t newest_stamp_ns_ = 0;  // of all that left
};

}  // namespace devs
