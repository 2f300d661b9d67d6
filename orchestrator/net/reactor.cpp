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
constexpr std::chrono::milliseconds kNap{100};
constexpr std::uint64_t kWaker = ~std::uint64_t{0};  // no descriptor has this key

std::uint64_t key_of(int fd, std::uint32_t generation) {
  return std::uint64_t{generation} << 32u | static_cast<std::uint32_t>(fd);
}

int open_epoll() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) std::abort();  // nothing of this house works without it
  return fd;
}

}  // namespace

Reactor::Reactor(const Clock& clock, Metrics& metrics)
    : clock_(clock),
      longest_turn_us_(metrics.counter("reactor_longest_turn_us")),
      epoll_(open_epoll()),
      timers_(clock.steady()) {
  inbox_bell_.heard_by(waker_);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // being woken is all
  event.data.u64 = kWaker;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, waker_->fd(), &event);
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
  if (expected_ > 0) wait = std::min(wait, kNap);
  if (const std::optional<TimePoint> next = timers_.next()) {
    const auto until = std::chrono::ceil<std::chrono::milliseconds>(*next - now());
    wait = std::clamp(until, std::chrono::milliseconds(0), wait);
  }
  return static_cast<int>(wait.count());
}

// Rings from here on wake the wait; those before make it none.
int Reactor::sleep(std::chrono::milliseconds wait, std::span<epoll_event> events) {
  waker_->lie_down();
  const bool rung =
      inbox_bell_.rang() || std::any_of(bells_.begin(), bells_.end(),
                                        [](const auto& watch) { return watch->bell.rang(); });
  const int ready =
      epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), rung ? 0 : wait_ms(wait));
  waker_->get_up();
  return ready;
}

bool Reactor::one_turn(std::chrono::milliseconds wait) {
  std::array<epoll_event, kEventsPerTurn> events;
  const int ready = sleep(wait, events);
  const TimePoint began = now();

  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    dispatch(event.data.u64, event.events);
  }
  const bool rung = look_after_bells();
  const bool timed = timers_.advance(now()) > 0;
  const bool posted = run_posted();
  const bool had_more = std::exchange(more_, false);
  for (std::size_t i = 0; i < turn_ends_.size(); ++i)
    if (turn_ends_[i] && turn_ends_[i]->on_turn_end()) more_ = true;
  std::erase(turn_ends_, nullptr);

  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now() - began);
  if (took.count() > 0) longest_turn_us_.raise(static_cast<std::uint64_t>(took.count()));
  return ready > 0 || rung || timed || posted || had_more;
}

void Reactor::dispatch(std::uint64_t key, std::uint32_t events) {
  const auto fd = static_cast<std::size_t>(key & 0xffffffffu);
  if (fd >= watches_.size()) return;
  const Watch watch = watches_[fd];
  if (!watch.handler || watch.generation != static_cast<std::uint32_t>(key >> 32u)) return;
  watch.handler->on_ready(events);
}

bool Reactor::look_after_bells() {
  bool rung = false;
  for (std::size_t i = 0; i < bells_.size(); ++i) {
    BellWatch& watch = *bells_[i];
    if (!watch.attached || !watch.bell.quiet()) continue;
    rung = true;
    watch.look();
  }
  std::erase_if(bells_, [](const auto& watch) { return !watch->attached; });
  return rung;
}

bool Reactor::run_posted() {
  inbox_bell_.quiet();
  {
    MutexLock lock(mutex_);
    running_.swap(inbox_);
    inbox_rung_ = false;
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
    first = !std::exchange(inbox_rung_, true);
    inbox_.push_back(std::move(work));
  }
  if (first) inbox_bell_.ring();
}

void Reactor::post_quietly(Work work) {
  MutexLock lock(mutex_);
  inbox_.push_back(std::move(work));
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

void Reactor::attach(Bell bell, MoveFunction<void()> look) {
  bell.heard_by(waker_);
  bells_.push_back(std::make_unique<BellWatch>(BellWatch{std::move(bell), std::move(look)}));
}

void Reactor::detach(const Bell& bell) {
  for (const auto& watch : bells_)
    if (watch->bell.is(bell)) watch->attached = false;
}

void Reactor::at_turn_end(TurnEnd& hook) {
  turn_ends_.push_back(&hook);
}

void Reactor::forget(TurnEnd& hook) {
  std::replace(turn_ends_.begin(), turn_ends_.end(), &hook, static_cast<TurnEnd*>(nullptr));
}

void Reactor::assert_here() const {
  [[maybe_unused]] const std::thread::id who = turning_.load();
  assert((who == std::thread::id() || who == std::this_thread::get_id()) &&
         "this belongs to the reactor's thread");
}

}  // namespace devs
