#pragma once

#include <chrono>

#include "orchestrator/net/reactor.h"
#include "tests/support/fake_clock.h"
#include "tests/support/patience.h"
#include "trace/metrics.h"

namespace devs {

// A reactor whose turns the test runs itself, with a clock the test moves: nothing
// happens between two lines of a test but what the test asked for.
class HandReactor {
 public:
  HandReactor() : reactor_(clock_, metrics_) {}

  Reactor& get() { return reactor_; }
  Reactor* operator->() { return &reactor_; }
  Metrics& metrics() { return metrics_; }
  FakeClock& clock() { return clock_; }

  bool turn() { return reactor_.turn(std::chrono::milliseconds(0)); }
  // Turns until `condition` holds; false when it did not in `kPatience`.
  template <class Condition>
  bool until(Condition condition) {
    const auto deadline = soon();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      reactor_.turn(std::chrono::milliseconds(1));
    }
    return true;
  }
  // Moves the clock and runs the turn that notices.
  void pass(Duration time) {
    clock_.advance(time);
    turn();
  }

 private:
  FakeClock clock_;
  Metrics metrics_;
  Reactor reactor_;
};

}  // namespace devs
