#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "trace/clock.h"

namespace devs {

// How much of the past may be read beside the present: so many bytes a second in all,
// and for one reader (reliability 6).
//
// Confined to its owner.
class ReplayToll {
 public:
  // When whoever reads the past may have the next stretch; no later than now: at once.
  TimePoint open_to_all() const { return all_; }
  TimePoint open_to(std::uint64_t reader) const;  // the same, of that reader
  void charge(std::uint64_t reader, std::size_t bytes, TimePoint now);
  void forget(std::uint64_t reader) { readers_.erase(reader); }
  void clear();  // nobody is beside them any more

 private:
  TimePoint all_{};
  std::unordered_map<std::uint64_t, TimePoint> readers_;  // of those charged
};

}  // namespace devs
