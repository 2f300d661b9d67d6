#include "orchestrator/mcp/implicit_task.h"

#include "trace/random.h"

namespace devs {

std::string ImplicitTask::begin_call(const Clock& clock) {
  const TimePoint now = clock.steady();
  MutexLock lock(mutex_);
  if (id_.empty() || (running_ == 0 && now - last_end_ >= kTaskIdle)) id_ = new_uuid_v7(clock);
  ++running_;
  return id_;
}

void ImplicitTask::end_call(const Clock& clock) {
  const TimePoint now = clock.steady();
  MutexLock lock(mutex_);
  --running_;
  last_end_ = now;
}

std::shared_ptr<ImplicitTask> PrincipalTasks::of(std::string_view principal) {
  MutexLock lock(mutex_);
  if (const auto found = tasks_.find(principal); found != tasks_.end()) return found->second;
  // Running calls hold their task; forgetting it only begins another sooner.
  if (tasks_.size() >= kMaxPrincipals) tasks_.clear();
  return tasks_.emplace(principal, std::make_shared<ImplicitTask>()).first->second;
}

std::size_t PrincipalTasks::size() const {
  MutexLock lock(mutex_);
  return tasks_.size();
}

}  // namespace devs
