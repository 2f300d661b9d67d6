#include "orchestrator/streams/timed_replay.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace devs {
namespace {

// Nobody waits longer, and a host whose clock is wrong by years stops nothing.
constexpr std::chrono::nanoseconds kLongestSilence = std::chrono::hours(1);
constexpr std::size_t kMostGranted = 1'000'000;

}  // namespace

TimedReplay::TimedReplay(Options options, Reactor& reactor, MoveFunction<void()> wake)
    : options_(options), reactor_(reactor), wake_(std::move(wake)), timer_([this] { wake_(); }) {
}

TimePoint TimedReplay::due(std::int64_t stamp_ns) const {
  if (newest_stamp_ns_ == 0 || stamp_ns <= newest_stamp_ns_) return last_due_;
  const std::chrono::nanoseconds silence(stamp_ns - newest_stamp_ns_);
  return last_due_ + std::min(silence, kLongestSilence) / options_.speed;
}

bool TimedReplay::may_leave(std::int64_t stamp_ns) {
  if (options_.step) return granted_ > 0;
  if (options_.speed == 0) return true;
  if (!std::exchange(begun_, true)) last_due_ = reactor_.now();
  const TimePoint at = due(stamp_ns);
  if (at <= reactor_.now()) return true;
  reactor_.timers().set(timer_, at);
  return false;
}

void TimedReplay::left(std::int64_t stamp_ns) {
  if (options_.step) {
    --granted_;
    return;
  }
  if (options_.speed == 0) return;
  last_due_ = due(stamp_ns);
  newest_stamp_ns_ = std::max(newest_stamp_ns_, stamp_ns);
}

void TimedReplay::grant(std::size_t frames) {
  granted_ = std::min(granted_ + frames, kMostGranted);
  wake_();
}

}  // namespace devs
