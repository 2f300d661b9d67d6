#include "orchestrator/agents/agent_task_table.h"

namespace devs {

AgentTaskCardPtr AgentTaskTable::card(std::string_view id) const {
  MutexLock lock(mutex_);
  const auto at = tasks_.find(id);
  return at == tasks_.end() ? nullptr : at->second.card;
}

AgentTaskCardPtr AgentTaskTable::card_of(const EntryView& entry) const {
  if (entry.facts.task_id.empty()) return nullptr;
  AgentTaskCardPtr found = card(entry.facts.task_id);
  const std::string_view owner = owner_in(entry.topics);
  if (found && (found->owner == "local" ? !owner.empty() : owner != found->owner)) found.reset();
  return found;
}

std::optional<AgentTaskTable::Glance> AgentTaskTable::glance(std::string_view id) const {
  MutexLock lock(mutex_);
  const auto at = tasks_.find(id);
  if (at == tasks_.end()) return std::nullopt;
  const Task& task = at->second;
  return Glance{task.card, task.state, applied_, task.recent.empty() ? 0 : task.recent.front()};
}

Sequence AgentTaskTable::applied() const {
  MutexLock lock(mutex_);
  return applied_;
}

std::size_t AgentTaskTable::size() const {
  MutexLock lock(mutex_);
  return tasks_.size();
}

void AgentTaskTable::count_open(const Task& task, int by) {
  if (task.state.ended != 0) return;
  std::size_t& count = open_[task.card->owner];
  count += static_cast<std::size_t>(by);
  if (count == 0) open_.erase(task.card->owner);
}

AgentTaskTable::Claim AgentTaskTable::claim(AgentTaskCardPtr card, std::string& forgotten) {
  MutexLock lock(mutex_);
  if (tasks_.contains(card->id)) return Claim::taken;
  const auto open = open_.find(card->owner);
  if (open != open_.end() && open->second >= kMaxOpenOfOne) return Claim::full;
  if (tasks_.size() >= kMax) {
    if (ended_.empty()) return Claim::full;
    forgotten = ended_.begin()->second;
    tasks_.erase(forgotten);
    ended_.erase(ended_.begin());
  }
  Task task;
  task.state.updated_ms = card->created_ms;
  task.card = std::move(card);
  count_open(task, 1);
  tasks_.emplace(task.card->id, std::move(task));
  return Claim::made;
}

void AgentTaskTable::drop(std::string_view id) {
  MutexLock lock(mutex_);
  const auto at = tasks_.find(id);
  if (at == tasks_.end()) return;
  count_open(at->second, -1);
  ended_.erase({at->second.state.ended, at->first});
  tasks_.erase(at);
}

AgentTaskTable::End AgentTaskTable::claim_end(std::string_view id) {
  MutexLock lock(mutex_);
  const auto at = tasks_.find(id);
  if (at == tasks_.end()) return End::unknown;
  Task& task = at->second;
  if (task.state.ended != 0 || std::exchange(task.ending, true)) return End::over;
  return End::yours;
}

void AgentTaskTable::release_end(std::string_view id) {
  MutexLock lock(mutex_);
  if (const auto at = tasks_.find(id); at != tasks_.end()) at->second.ending = false;
}

bool AgentTaskTable::is_open(std::string_view id) const {
  MutexLock lock(mutex_);
  const auto at = tasks_.find(id);
  return at != tasks_.end() && at->second.state.ended == 0 && !at->second.ending;
}

void AgentTaskTable::load(std::vector<Kept> tasks, Sequence applied) {
  MutexLock lock(mutex_);
  for (Kept& each : tasks) {
    Task task{.card = std::move(each.card),
              .state = std::move(each.state),
              .recent = {each.recent.begin(), each.recent.end()}};
    count_open(task, 1);
    if (task.state.ended != 0) ended_.emplace(task.state.ended, task.card->id);
    tasks_.emplace(task.card->id, std::move(task));
  }
  applied_ = applied;
}

bool AgentTaskTable::apply(std::string_view id, Sequence sequence, const AgentNews& news,
                           std::int64_t ms) {
  MutexLock lock(mutex_);
  const auto at = tasks_.find(id);
  applied_ = sequence;
  if (at == tasks_.end() || at->second.state.ended != 0) return false;
  Task& task = at->second;
  AgentTaskState& state = task.state;
  const bool ends = has_ended(news.status);
  if (ends) count_open(task, -1);
  if (state.begun == 0) state.begun = sequence;
  state.status = news.status;
  if (news.progress) state.progress = *news.progress;
  if (news.message) state.message = *news.message;
  state.updated_ms = ms;
  task.recent.push_back(sequence);
  if (task.recent.size() > recent_) task.recent.pop_front();
  if (ends) {
    state.ended = sequence;
    state.ended_ms = ms;
    ended_.emplace(sequence, at->first);
  }
  return true;
}

void AgentTaskTable::applied_through(Sequence sequence) {
  MutexLock lock(mutex_);
  applied_ = sequence;
}

std::optional<AgentTaskTable::Kept> AgentTaskTable::kept(std::string_view id) const {
  MutexLock lock(mutex_);
  const auto at = tasks_.find(id);
  if (at == tasks_.end()) return std::nullopt;
  const Task& task = at->second;
  return Kept{task.card, task.state, {task.recent.begin(), task.recent.end()}};
}

std::vector<std::string> AgentTaskTable::ids(
    const std::function<bool(const AgentTaskCard&, const AgentTaskState&)>& wanted) const {
  MutexLock lock(mutex_);
  std::vector<std::string> found;
  for (const auto& [id, task] : tasks_)
    if (wanted(*task.card, task.state)) found.push_back(id);
  return found;
}

}  // namespace devs
