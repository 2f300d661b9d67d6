#include "orchestrator/streams/subscribers.h"

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "trace/visible_entries.h"

namespace devs {
namespace {

constexpr std::size_t kSlice = 256;  // entries per turn on a worker, then the others
constexpr std::size_t kSliceBytes = 1024 * 1024;
constexpr auto kRetry = std::chrono::milliseconds(20);

}  // namespace

// A cursor.  `next` belongs to whoever set `running`.
struct Subscribers::Subscription::State {
  explicit State(Handler h, Sequence from) : handler(std::move(h)), next(from) {}

  const Handler handler;
  std::atomic<Sequence> next;
  std::atomic<std::uint64_t> missed{0};
  std::atomic<bool> running{false};
  std::atomic<bool> closed{false};
};

class Subscribers::Impl : public std::enable_shared_from_this<Impl> {
 public:
  using State = Subscription::State;

  Impl(TraceStreamBus& bus, const StoredLog& flight, Reactor& reactor, WorkerPool& workers,
       Log& log, Metrics& metrics)
      : bus_(bus),
        flight_(flight),
        reactor_(reactor),
        workers_(workers),
        log_(log),
        threw_(metrics.counter("subscriber_exceptions_total")),
        missed_(metrics.counter("subscriber_missed_total")),
        retry_([this] { look(); }) {}

  void start() {
    bus_.attach(bell_);
    reactor_.attach(bell_, [room = weak_from_this()] {
      if (const auto here = room.lock()) here->look();
    });
  }

  std::shared_ptr<State> add(Handler handler) {
    auto state = std::make_shared<State>(std::move(handler), bus_.head() + 1);
    MutexLock lock(mutex_);
    std::erase_if(states_, [](const auto& each) { return each.expired(); });
    states_.push_back(state);
    return state;
  }

 private:
  void look();
  void drain(State& state);
  bool fill(State& state, std::vector<EntryPtr>& entries);
  void call(State& state, const Entry& entry);

  TraceStreamBus& bus_;
  const StoredLog& flight_;
  Reactor& reactor_;
  WorkerPool& workers_;
  Log& log_;
  Counter& threw_;
  Counter& missed_;
  Bell bell_;
  Timer retry_;

  Mutex mutex_;
  std::vector<std::weak_ptr<State>> states_ DEVS_GUARDED_BY(mutex_);
};

// On the reactor: each subscriber that has something to hear and is not being
// served goes to a worker.
void Subscribers::Impl::look() {
  std::vector<std::shared_ptr<State>> states;
  {
    MutexLock lock(mutex_);
    states.reserve(states_.size());
    for (const auto& each : states_)
      if (auto state = each.lock()) states.push_back(std::move(state));
  }
  const Sequence head = bus_.head();
  for (const auto& state : states) {
    if (state->closed || state->next > head || state->running.exchange(true)) continue;
    const Status accepted =
        workers_.try_submit([room = shared_from_this(), state] { room->drain(*state); });
    if (accepted.ok()) continue;
    state->running = false;
    if (!retry_.armed()) reactor_.timers().set(retry_, reactor_.now() + kRetry);
  }
}

void Subscribers::Impl::drain(State& state) {
  std::vector<EntryPtr> entries;
  if (!state.closed && fill(state, entries)) {
    for (const EntryPtr& entry : entries) {
      if (state.closed) break;
      call(state, *entry);
      state.next = entry->sequence + 1;
    }
  }
  state.running = false;
  // What came meanwhile rang a bell that found us running.
  if (!state.closed && state.next <= bus_.head()) bell_.ring();
}

// The next entries, from the ring or the log.  False: there are none to be had now.
bool Subscribers::Impl::fill(State& state, std::vector<EntryPtr>& entries) {
  const Sequence from = state.next;
  VisibleEntries found = visible_entries(bus_, flight_, from, {kSlice, kSliceBytes});
  entries = std::move(found.entries);
  if (found.missed_through == 0) return !entries.empty();
  const std::uint64_t missed = found.missed_through + 1 - from;
  state.missed += missed;
  missed_.add(missed);
  state.next = found.missed_through + 1;
  log_.warn("subscriber_missed", {{"entries", std::to_string(missed)}});
  return false;
}

// Foreign code: what it throws ends here.
void Subscribers::Impl::call(State& state, const Entry& entry) {
  try {
    state.handler(entry);
  } catch (const std::exception& thrown) {
    threw_.add();
    log_.warn("subscriber_threw", {{"what", thrown.what()}});
  } catch (...) {
    threw_.add();
    log_.warn("subscriber_threw", {{"what", "not a std::exception"}});
  }
}

void Subscribers::Subscription::unsubscribe() {
  if (state_) state_->closed = true;
}

Subscribers::Subscription& Subscribers::Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    unsubscribe();
    state_ = std::move(other.state_);
  }
  return *this;
}

std::uint64_t Subscribers::Subscription::missed() const {
  return state_ ? state_->missed.load() : 0;
}

Subscribers::Subscribers(TraceStreamBus& bus, const StoredLog& flight, Reactor& reactor,
                         WorkerPool& workers, Log& log, Metrics& metrics)
    : impl_(std::make_shared<Impl>(bus, flight, reactor, workers, log, metrics)) {
  impl_->start();
}

Subscribers::~Subscribers() = default;

Subscribers::Subscription Subscribers::subscribe(Handler handler) {
  return Subscription(impl_->add(std::move(handler)));
}

}  // namespace devs
