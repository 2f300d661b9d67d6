#pragma once

#include <thread>

#include "protocol/status.h"

namespace devs {

inline const Status& status_in(const Status& outcome) {
  return outcome;
}
template <class Outcome>
const Status& status_in(const Outcome& outcome) {
  return outcome.status();
}

// What `attempt` says; asked again a few times while the disk will not (`unavailable`:
// no descriptor left, one EIO), because what is refused for a moment is not lost.
template <class Attempt>
auto patiently(Attempt attempt) {
  constexpr int kTries = 4;
  auto outcome = attempt();
  for (int tries = 1; tries < kTries && !outcome.ok(); ++tries) {
    if (status_in(outcome).code() != Code::unavailable) break;
    std::this_thread::yield();
    outcome = attempt();
  }
  return outcome;
}

}  // namespace devs
