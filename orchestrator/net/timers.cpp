#include "orchestrator/net/timers.h"

#include <algorithm>
#include <bit>
#include <ratio>

namespace devs {

namespace {

using Tick = std::chrono::duration<std::int64_t, std::ratio<1, 100>>;  // 10 ms

}  // namespace

void Timer::cancel() {
  if (wheel_) wheel_->unlink(*this);
}

TimerWheel::TimerWheel(TimePoint now) : start_(now) {}

std::int64_t TimerWheel::tick_of(TimePoint time) const {
  return std::chrono::floor<Tick>(time - start_).count();
}

void TimerWheel::unlink(Timer& timer) {
  *timer.back_ = timer.next_;
  if (timer.next_) timer.next_->back_ = timer.back_;
  if (!slots_[timer.slot_])
    occupied_[timer.slot_ / 64] &= ~(std::uint64_t{1} << (timer.slot_ % 64));
  timer.wheel_ = nullptr;
  timer.next_ = nullptr;
  timer.back_ = nullptr;
  --armed_;
}

void TimerWheel::set(Timer& timer, TimePoint deadline) {
  timer.cancel();
  const std::int64_t tick = std::max(tick_of(deadline), tick_);
  const std::size_t slot = static_cast<std::size_t>(tick) % kSlots;
  timer.deadline_ = deadline;
  timer.wheel_ = this;
  timer.slot_ = slot;
  timer.next_ = slots_[slot];
  if (timer.next_) timer.next_->back_ = &timer.next_;
  timer.back_ = &slots_[slot];
  slots_[slot] = &timer;
  occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  ++armed_;
}

// What is due moves to a list of its own first: a callback may cancel or destroy
// any timer, due or not, and one that arms itself again for now waits for the
// next advance instead of looping in this one.
std::size_t TimerWheel::fire_due(std::int64_t tick, std::int64_t last, TimePoint now) {
  const std::size_t slot = static_cast<std::size_t>(tick) % kSlots;
  Timer* due = nullptr;
  for (Timer* timer = slots_[slot]; timer;) {
    Timer* const next = timer->next_;
    const bool is_due = tick < last ? tick_of(timer->deadline_) <= tick : timer->deadline_ <= now;
    if (is_due) {
      *timer->back_ = next;
      if (next) next->back_ = timer->back_;
      timer->next_ = due;
      timer->back_ = &due;
      if (due) due->back_ = &timer->next_;
      due = timer;
    }
    timer = next;
  }
  if (!slots_[slot]) occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));

  std::size_t fired = 0;
  while (due) {
    Timer& timer = *due;
    unlink(timer);
    ++fired;
    timer.on_time_();  // may destroy the timer
  }
  return fired;
}

std::size_t TimerWheel::advance(TimePoint now) {
  const std::int64_t last = tick_of(now);
  std::size_t fired = 0;
  while (tick_ < last && armed_ > 0) {
    fired += fire_due(tick_, last, now);
    ++tick_;
  }
  if (tick_ < last) tick_ = last;
  if (armed_ > 0 && tick_ == last) fired += fire_due(tick_, last, now);
  return fired;
}

std::optional<TimePoint> TimerWheel::next() const {
  if (armed_ == 0) return std::nullopt;
  const std::size_t from = static_cast<std::size_t>(tick_) % kSlots;
  constexpr std::size_t kWords = kSlots / 64;
  for (std::size_t i = 0; i <= kWords; ++i) {
    const std::size_t word = (from / 64 + i) % kWords;
    std::uint64_t bits = occupied_[word];
    const std::uint64_t before = (std::uint64_t{1} << (from % 64)) - 1;  // slots of the next round
    if (i == 0) bits &= ~before;
    if (i == kWords) bits &= before;
    if (bits == 0) continue;
    const std::size_t slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    const std::size_t ahead = (slot + kSlots - from) % kSlots;
    return start_ + Tick(tick_ + static_cast<std::int64_t>(ahead) + 1);
  }
  return std::nullopt;
}

}  // namespace devs
