#include "orchestrator/mcp/slow_calls.h"

#include <optional>
#include <utility>
#include <vector>

namespace devs {

SlowCalls::SlowCalls(Reactor& reactor, std::chrono::milliseconds after)
    : reactor_(reactor), after_(after), timer_([this] { look(); }) {
}

void SlowCalls::add(const std::shared_ptr<SlowCall>& call) {
  const TimePoint due = reactor_.now() + after_;
  {
    MutexLock lock(mutex_);
    if (stopped_) return;
    call->self_ = call;
    call->due_ = due;
    call->waiting_ = true;
    call->before_ = last_;
    (last_ == nullptr ? first_ : last_->after_) = call.get();
    last_ = call.get();
    if (std::exchange(watching_, true)) return;
  }
  reactor_.post([self = shared_from_this()] { self->look(); });
}

void SlowCalls::remove(SlowCall& call) {
  MutexLock lock(mutex_);
  if (call.waiting_) unlink(call);
}

void SlowCalls::stop() {
  timer_.cancel();
  MutexLock lock(mutex_);
  stopped_ = true;
  while (first_ != nullptr) unlink(*first_);
}

void SlowCalls::look() {
  const TimePoint now = reactor_.now();
  std::vector<std::shared_ptr<SlowCall>> due;
  std::optional<TimePoint> next;
  {
    MutexLock lock(mutex_);
    while (first_ != nullptr && first_->due_ <= now) {
      if (auto call = first_->self_.lock()) due.push_back(std::move(call));
      unlink(*first_);
    }
    if (first_ != nullptr) next = first_->due_;
    watching_ = next.has_value();
  }
  if (next) reactor_.timers().set(timer_, *next);
  for (const auto& call : due) call->slow();
}

void SlowCalls::unlink(SlowCall& call) {
  (call.before_ == nullptr ? first_ : call.before_->after_) = call.after_;
  (call.after_ == nullptr ? last_ : call.after_->before_) = call.before_;
  call.before_ = call.after_ = nullptr;
  call.waiting_ = false;
}

}  // namespace devs
