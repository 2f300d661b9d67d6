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

TimerWheel::TimerWheel(TimePoint now) : start_(now) {
}

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

Timer** TimerWheel::move_due(std::int64_t tick, std::int64_t last, TimePoint now, Timer** tail) {
  const std::size_t slot = static_cast<std::size_t>(tick) % kSlots;
  for (Timer* timer = slots_[slot]; timer;) {
    Timer* const next = timer->next_;
    const bool due = tick < last ? tick_of(timer->deadline_) <= tick : timer->deadline_ <= now;
    if (due) {
      *timer->back_ = next;
      if (next) next->back_ = timer->back_;
      timer->next_ = nullptr;
      timer->back_ = tail;
      *tail = timer;
      tail = &timer->next_;
    }
    timer = next;
  }
  if (!slots_[slot]) occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  return tail;
}

// What is due moves to a list of its own first: a callback may cancel or destroy
// any timer, due or not, and one that arms itself again for now waits for the
// next advance instead of looping in this one.
std::size_t TimerWheel::advance(TimePoint now) {
  const std::int64_t last = std::max(tick_of(now), tick_);
  Timer* due = nullptr;
  Timer** tail = &due;
  if (armed_ > 0)
    for (; tick_ < last; ++tick_) tail = move_due(tick_, last, now, tail);
  tick_ = last;
  if (armed_ > 0) move_due(last, last, now, tail);

  std::size_t fired = 0;
  while (due) {
    Timer& timer = *due;
    unlink(timer);
    ++fired;
    timer.on_time_();  // may destroy the timer
  }
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
