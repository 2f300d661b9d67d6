#pragma once

#include <cstdint>
#include <vector>

#include "protocol/ids.h"
#include "trace/clock.h"

namespace devs {

// When which part of the log came by, so that a reader's place in it can be told in
// milliseconds and bytes.  A few hundred marks, closer together the newer they are:
// an age is right to a twentieth.  What was there before the first mark counts as come with it.
//
// Confined to the reactor.
class LogTimeline {
 public:
  LogTimeline(Sequence through, TimePoint now) : marks_{{through, 0, now}} {}

  // Everything through `through` has come; `bytes` of it since the beginning.
  void mark(Sequence through, std::uint64_t bytes, TimePoint now);

  // How long ago entry `sequence` came; zero for one that has not.
  Duration age_of(Sequence sequence, TimePoint now) const;
  // About how many bytes came after entry `sequence`.
  std::uint64_t bytes_after(Sequence sequence) const;

 private:
  struct Mark {
    Sequence through;
    std::uint64_t bytes;
    TimePoint at;
  };
  using Marks = std::vector<Mark>;
  void thin(TimePoint now);
  Marks::const_iterator reaching(Sequence sequence) const;

  Marks marks_;  // never empty
};

}  // namespace devs
