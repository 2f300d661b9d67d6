#pragma once

#include <atomic>
#include <memory>

namespace devs {

// What wakes the one thread that sleeps in poll or epoll: an eventfd, written only
// while that thread is asleep.  wake() is safe on any thread.
//
// The descriptor is never read: watch it edge-triggered.
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  void wake() {
    if (asleep_.load() && asleep_.exchange(false)) write_fd();
  }
  // The sleeper: whatever it must not miss is looked at between lie_down() and the
  // wait; whoever comes later wakes it.
  void lie_down() { asleep_.store(true); }
  void get_up() { asleep_.store(false); }
  int fd() const { return fd_; }

 private:
  void write_fd();

  const int fd_;
  std::atomic<bool> asleep_{false};
};

// Tells one thread to come and look.  Ten rings before it looks are one.  ring() is
// safe on any thread and from any number of them.
//
// A value that shares what it is: the thread that looks holds a copy, so neither has
// to outlive the other.
class Bell {
 public:
  Bell() : state_(std::make_shared<State>()) {}

  void ring() {
    state_->rung.store(true);
    if (Waker* const waker = state_->heard_by.load()) waker->wake();
  }
  // Whether it rang since the last time.  Called by the thread that looks, before it
  // looks, so that a ring during the look is not lost.
  bool quiet() { return state_->rung.load() && state_->rung.exchange(false); }
  bool rang() const { return state_->rung.load(); }
  bool is(const Bell& other) const { return state_ == other.state_; }

  // From now on whoever sleeps on `waker` hears it; once.
  void heard_by(std::shared_ptr<Waker> waker) {
    state_->owner = std::move(waker);
    state_->heard_by.store(state_->owner.get());
  }

 private:
  struct State {
    std::atomic<bool> rung{false};
    std::atomic<Waker*> heard_by{nullptr};
    std::shared_ptr<Waker> owner;
  };
  std::shared_ptr<State> state_;
};

}  // namespace devs
