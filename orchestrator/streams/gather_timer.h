#pragma once

#include <chrono>

#include "orchestrator/net/reactor.h"
#include "trace/work.h"

namespace devs {

// One short wait, finer than the timer wheel: a timerfd.  While readers are many
// and entries come fast, a millisecond of gathering turns many sends into one.
//
// Confined to the reactor.
class GatherTimer final : public FdHandler {
 public:
  GatherTimer(Reactor& reactor, MoveFunction<void()> on_time);
  ~GatherTimer() override;
  GatherTimer(const GatherTimer&) = delete;
  GatherTimer& operator=(const GatherTimer&) = delete;

  void arm(std::chrono::microseconds after);  // nothing when armed already
  bool armed() const { return armed_; }
  void on_ready(std::uint32_t events) override;

 private:
  Reactor& reactor_;
  MoveFunction<void()> on_time_;
  const int fd_;
  bool armed_ = false;
};

}  // namespace devs
