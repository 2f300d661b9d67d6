#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "trace/clock.h"
#include "trace/work.h"

namespace devs {

class TimerWheel;

// One deadline of one thing, a member of what it belongs to: setting it again
// moves it, destroying it takes it back.  No allocation after construction.
// Confined to the wheel's reactor.
class Timer {
 public:
  explicit Timer(MoveFunction<void()> on_time) : on_time_(std::move(on_time)) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void cancel();
  bool armed() const { return wheel_ != nullptr; }
  TimePoint deadline() const { return deadline_; }

 private:
  friend class TimerWheel;
  MoveFunction<void()> on_time_;
  TimePoint deadline_{};
  TimerWheel* wheel_ = nullptr;  // null: not armed
  Timer* next_ = nullptr;
  Timer** back_ = nullptr;  // the pointer that points here
  std::size_t slot_ = 0;
};

// Deadlines in O(1): a hashed wheel of ticks, read with an injectable clock.
//
// A timer fires on the first advance() at or after its deadline, never before;
// within a turn, in order of tick.  Resolution 10 ms: a timer may be that late.
// Confined to its reactor.
class TimerWheel {
 public:
  explicit TimerWheel(TimePoint now);

  void set(Timer& timer, TimePoint deadline);  // arms, or moves
  // Fires everything due.  A timer may arm, move or destroy any other, itself too.
  std::size_t advance(TimePoint now);
  // When to look next; nullopt when nothing is armed.  Never later than the
  // earliest deadline rounded up to the next tick; may be earlier.
  std::optional<TimePoint> next() const;
  std::size_t armed() const { return armed_; }

 private:
  friend class Timer;
  static constexpr std::size_t kSlots = 4096;  // 41 s a round; longer ones wait their rounds

  std::int64_t tick_of(TimePoint time) const;
  void unlink(Timer& timer);
  Timer** move_due(std::int64_t tick, std::int64_t last, TimePoint now, Timer** tail);

  std::array<Timer*, kSlots> slots_{};
  std::array<std::uint64_t, kSlots / 64> occupied_{};  // one bit a slot, so that next() is short
  TimePoint start_;
  std::int64_t tick_ = 0;  // every tick before this one has fired
  std::size_t armed_ = 0;
};

}  // namespace devs
