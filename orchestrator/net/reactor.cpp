#include "orchestrator/net/reactor.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdlib>

namespace devs {

namespace {

constexpr int kEventsPerTurn = 256;

std::uint64_t key_of(int fd, std::uint32_t generation) {
  return std::uint64_t{generation} << 32u | static_cast<std::uint32_t>(fd);
}

int open_epoll() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) std::abort();  // nothing of this house works without it
  return fd;
}

}  // namespace

struct Reactor::BellWatch final : FdHandler {
  BellWatch(Bell& rung, MoveFunction<void()> what) : bell(rung), look(std::move(what)) {}
  void on_ready(std::uint32_t) override {
    bell.quiet();
    look();
  }
  Bell& bell;
  MoveFunction<void()> look;
};

Reactor::Reactor(const Clock& clock, Metrics& metrics)
    : clock_(clock),
      longest_turn_us_(metrics.counter("reactor_longest_turn_us")),
      epoll_(open_epoll()),
      timers_(clock.steady()) {
  attach(inbox_bell_, [] {});  // being woken is all: every turn runs what was posted
}

Reactor::~Reactor() {
  // What is left is not run: who posted it may be gone.  It may own things that
  // post when they die, so it dies before the inbox does.
  for (std::vector<Work> left;; left.clear()) {
    MutexLock lock(mutex_);
    left.swap(inbox_);
    if (left.empty()) break;
  }
  close(epoll_);
}

void Reactor::run() {
  turning_.store(std::this_thread::get_id());
  while (!stopping_.load(std::memory_order_acquire)) one_turn(std::chrono::milliseconds(60'000));
  one_turn(std::chrono::milliseconds(0));
  turning_.store(std::thread::id());
}

bool Reactor::turn(std::chrono::milliseconds wait) {
  turning_.store(std::this_thread::get_id());
  const bool busy = one_turn(wait);
  turning_.store(std::thread::id());
  return busy;
}

void Reactor::stop() {
  stopping_.store(true, std::memory_order_release);
  inbox_bell_.ring();
}

int Reactor::wait_ms(std::chrono::milliseconds wait) const {
  if (more_) return 0;
  if (const std::optional<TimePoint> next = timers_.next()) {
    const auto until = std::chrono::ceil<std::chrono::milliseconds>(*next - now());
    wait = std::clamp(until, std::chrono::milliseconds(0), wait);
  }
  return static_cast<int>(wait.count());
}

bool Reactor::one_turn(std::chrono::milliseconds wait) {
  std::array<epoll_event, kEventsPerTurn> events;
  const int ready = epoll_wait(epoll_, events.data(), kEventsPerTurn, wait_ms(wait));
  const TimePoint began = now();

  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    dispatch(event.data.u64, event.events);
  }
  const bool timed = timers_.advance(now()) > 0;
  const bool posted = run_posted();
  const bool had_more = std::exchange(more_, false);
  for (std::size_t i = 0; i < turn_ends_.size(); ++i)
    if (turn_ends_[i] && turn_ends_[i]->on_turn_end()) more_ = true;
  std::erase(turn_ends_, nullptr);

  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now() - began);
  if (took.count() > 0) longest_turn_us_.raise(static_cast<std::uint64_t>(took.count()));
  return ready > 0 || timed || posted || had_more;
}

void Reactor::dispatch(std::uint64_t key, std::uint32_t events) {
  const auto fd = static_cast<std::size_t>(key & 0xffffffffu);
  if (fd >= watches_.size()) return;
  const Watch watch = watches_[fd];
  if (!watch.handler || watch.generation != static_cast<std::uint32_t>(key >> 32u)) return;
  watch.handler->on_ready(events);
}

bool Reactor::run_posted() {
  {
    MutexLock lock(mutex_);
    running_.swap(inbox_);
  }
  if (running_.empty()) return false;
  for (Work& work : running_) {
    work();
    work = Work();  // what it owns dies here, in order
  }
  running_.clear();
  return true;
}

void Reactor::post(Work work) {
  bool first = false;
  {
    MutexLock lock(mutex_);
    first = inbox_.empty();
    inbox_.push_back(std::move(work));
  }
  if (first) inbox_bell_.ring();
}

void Reactor::watch(int fd, std::uint32_t events, FdHandler& handler) {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= watches_.size()) watches_.resize(std::max(at + 1, watches_.size() * 2));
  Watch& watch = watches_[at];
  watch.handler = &handler;
  ++watch.generation;
  epoll_event event{};
  event.events = events;
  event.data.u64 = key_of(fd, watch.generation);
  [[maybe_unused]] const int done = epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  assert(done == 0 && "watching a descriptor twice, or one that is closed");
}

void Reactor::change(int fd, std::uint32_t events, FdHandler& handler) {
  Watch& watch = watches_[static_cast<std::size_t>(fd)];
  assert(watch.handler && "changing what is not watched");
  watch.handler = &handler;
  epoll_event event{};
  event.events = events;
  event.data.u64 = key_of(fd, watch.generation);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void Reactor::forget(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= watches_.size() || !watches_[at].handler) return;
  watches_[at].handler = nullptr;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void Reactor::attach(Bell& bell, MoveFunction<void()> look) {
  bells_.push_back(std::make_unique<BellWatch>(bell, std::move(look)));
  watch(bell.fd(), EPOLLIN, *bells_.back());
}

void Reactor::detach(Bell& bell) {
  forget(bell.fd());
  std::erase_if(bells_, [&bell](const auto& watch) { return &watch->bell == &bell; });
}

void Reactor::at_turn_end(TurnEnd& hook) { turn_ends_.push_back(&hook); }

void Reactor::forget(TurnEnd& hook) {
  std::replace(turn_ends_.begin(), turn_ends_.end(), &hook, static_cast<TurnEnd*>(nullptr));
}

void Reactor::assert_here() const {
  [[maybe_unused]] const std::thread::id who = turning_.load();
  assert((who == std::thread::id() || who == std::this_thread::get_id()) &&
         "this belongs to the reactor's thread");
}

}  // namespace devs
