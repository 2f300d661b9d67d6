// What the calling thread has used, in ms: other load on the machine does not count.
#pragma once

#include <ctime>

namespace devs {

inline double cpu_ms() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

}  // namespace devs
