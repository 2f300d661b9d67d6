#include "orchestrator/streams/gather_timer.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cassert>
#include <cstdint>
#include <utility>

namespace devs {

GatherTimer::GatherTimer(Reactor& reactor, MoveFunction<void()> on_time)
    : reactor_(reactor),
      on_time_(std::move(on_time)),
      fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  assert(fd_ >= 0);
  if (fd_ >= 0) reactor_.watch(fd_, EPOLLIN, *this);
}

GatherTimer::~GatherTimer() {
  if (fd_ < 0) return;
  reactor_.forget(fd_);
  ::close(fd_);
}

void GatherTimer::arm(std::chrono::microseconds after) {
  if (armed_) return;
  armed_ = true;
  itimerspec spec{};
  spec.it_value.tv_nsec = std::chrono::nanoseconds(after).count();
  if (spec.it_value.tv_nsec <= 0) spec.it_value.tv_nsec = 1;  // 0 would disarm it
  if (fd_ < 0 || ::timerfd_settime(fd_, 0, &spec, nullptr) != 0) {
    armed_ = false;
    on_time_();
  }
}

void GatherTimer::on_ready(std::uint32_t) {
  std::uint64_t times = 0;
  [[maybe_unused]] const auto got = ::read(fd_, &times, sizeof times);
  armed_ = false;
  on_time_();
}

}  // namespace devs
