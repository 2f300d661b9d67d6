#include "orchestrator/mcp/tasks.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "protocol/json.h"
#include "trace/random.h"

namespace devs {
namespace {

constexpr std::string_view kPurpose = "task";

constexpr std::string_view kLost =
    R"({"code":-32603,"message":"The result of the task could not be stored."})";

Status unknown_task() {
  return Status(Code::not_found, "Unknown task");
}

}  // namespace

Tasks::Tasks(std::shared_ptr<TaskStore> store, std::shared_ptr<const Seal> seal,
             WorkerPool& workers, const Clock& clock, Log& log, Metrics& metrics)
    : store_(std::move(store)),
      seal_(std::move(seal)),
      work_(std::make_shared<SerialWork>(workers)),
      clock_(clock),
      log_(log),
      running_now_(metrics.gauge("mcp_tasks_running")),
      begun_(metrics.counter("mcp_tasks_total")) {
  if (const auto kept = store_->kept(); kept.ok())
    for (const auto& [principal, count] : *kept) counts_[principal].kept = count;
}

std::int64_t Tasks::now_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall().time_since_epoch())
      .count();
}

Result<TaskRecord> Tasks::add(std::string_view principal, std::int64_t ttl_ms,
                              std::function<void()> cancel) {
  auto live = std::make_shared<Live>();
  TaskRecord& record = live->record;
  record.key = random_hex(16);
  record.principal = principal;
  record.id = seal_->seal(
      kPurpose, "{\"of\":" + json_string(principal) + ",\"task\":" + json_string(record.key) + "}");
  record.created_ms = record.updated_ms = now_ms();
  record.ttl_ms = ttl_ms;
  live->cancel = std::move(cancel);
  MutexLock lock(mutex_);
  Count& count = counts_[record.principal];
  if (count.running >= kMaxRunning || count.kept >= kMaxKept)
    return Status(Code::resource_exhausted, "too many tasks of this principal");
  ++count.running;
  ++count.kept;
  live_.emplace(record.key, live);
  running_now_.add(1);
  return record;
}

void Tasks::store(std::string_view key, Stored stored) {
  TaskRecord record;
  {
    MutexLock lock(mutex_);
    record = live_of(key)->record;
  }
  work_->post([self = shared_from_this(), record = std::move(record),
               stored = std::move(stored)]() mutable {
    const Status done = self->store_->create(record);
    CallRequest::Asked asked;
    if (done.ok()) {
      self->begun_.add();
    } else {
      self->log_.error("task_not_stored", {{"reason", done.message()}});
      MutexLock lock(self->mutex_);
      if (const LivePtr live = self->live_of(record.key)) {
        asked = live->input.give_up();
        self->forget(live, false);
      }
    }
    stored(done);
    if (asked) asked(done);
  });
}

void Tasks::drop(std::string_view key) {
  MutexLock lock(mutex_);
  if (const LivePtr live = live_of(key)) forget(live, false);
}

void Tasks::forget(const LivePtr& live, bool was_stored) {
  const TaskRecord& record = live->record;
  if (live_.erase(record.key) == 0) return;
  running_now_.add(-1);
  const auto count = counts_.find(record.principal);
  --count->second.running;
  if (!was_stored && --count->second.kept == 0) counts_.erase(count);
}

Tasks::LivePtr Tasks::live_of(std::string_view key) const {
  const auto found = live_.find(key);
  return found == live_.end() ? nullptr : found->second;
}

TaskView Tasks::view_of(const Live& live) {
  TaskView view{.record = live.record, .requests = {}};
  if (!live.input.open()) return view;
  view.record.status = TaskStatus::input_required;
  view.requests = live.input.requests();
  return view;
}

// Of one that runs, as it is when its turn comes; an end is told by settle().
void Tasks::changed(std::string key) {
  work_->post([self = shared_from_this(), key = std::move(key)] {
    TaskView view;
    {
      MutexLock lock(self->mutex_);
      const LivePtr live = self->live_of(key);
      if (!live || live->ending) return;
      view = view_of(*live);
    }
    self->changed_(view);
  });
}

void Tasks::ask(std::string_view key, std::vector<ClientQuestion> questions,
                CallRequest::Asked asked) {
  bool asks = false;
  {
    MutexLock lock(mutex_);
    const LivePtr live = live_of(key);
    asks = live && !live->ending;
    if (asks) {
      live->input.ask(std::move(questions), std::move(asked));
      live->record.updated_ms = now_ms();
    }
  }
  if (!asks) return asked(Status(Code::cancelled, "the task has ended"));
  changed(std::string(key));
  hand_out(std::string(key));
}

void Tasks::answer(std::string_view key, CallRequest::Answers answers) {
  TaskInput::Over over;
  {
    MutexLock lock(mutex_);
    const LivePtr live = live_of(key);
    if (!live || live->ending || !live->input.open()) return;
    over = live->input.answer(std::move(answers));
    live->record.updated_ms = now_ms();
  }
  changed(std::string(key));
  if (over.asked) over.asked(std::move(over.answers));
}

// Questions go to whoever waits for the task and can be asked, the newest first.
void Tasks::hand_out(const std::string& key) {
  Ask ask;
  std::uint64_t waiter = 0, round = 0;
  std::vector<ClientQuestion> questions;
  {
    MutexLock lock(mutex_);
    const LivePtr live = live_of(key);
    if (!live || live->ending) return;
    for (const Waiter& each : live->waiters) {
      if (!each.ask) continue;
      ask = each.ask;
      waiter = each.number;
    }
    if (!ask) return;
    questions = live->input.hand_out();
    if (questions.empty()) return;
    live->asked = waiter;
    round = live->input.round();
  }
  ask(std::move(questions),
      [self = shared_from_this(), key, waiter, round](Result<CallRequest::Answers> answers) {
        self->handed_back(key, waiter, round, std::move(answers));
      });
}

// A client's own refusal ends the round it was asked in.  One that cannot be asked leaves
// it to the others who wait, or to whoever comes next.
void Tasks::handed_back(const std::string& key, std::uint64_t waiter, std::uint64_t round,
                        Result<CallRequest::Answers> answers) {
  if (answers.ok()) return answer(key, std::move(*answers));
  const Code why = answers.status().code();
  Ask useless;  // dies after the lock
  CallRequest::Asked asked;
  {
    MutexLock lock(mutex_);
    const LivePtr live = live_of(key);
    if (!live || live->ending || live->input.round() != round) return;
    bool gives_up = why == Code::permission_denied;
    if (!gives_up) {
      bool others = false;
      for (Waiter& each : live->waiters) {
        if (each.number == waiter) useless.swap(each.ask);
        others = others || each.ask;
      }
      if (live->asked != waiter) return;  // somebody else has been asked since
      live->input.take_back();
      gives_up = why == Code::unavailable && !others;  // it waits, and can never be asked
    }
    if (gives_up) asked = live->input.give_up();
  }
  if (!asked) return hand_out(key);
  changed(key);
  asked(answers.status());
}

void Tasks::end(std::string_view key, TaskEnd end) {
  LivePtr live;
  TaskRecord last;
  {
    MutexLock lock(mutex_);
    live = live_of(key);
    if (!live || std::exchange(live->ending, true)) return;
    last = live->record;
  }
  last.status = end.status;
  last.result = std::move(end.result);
  last.tool_failed = end.tool_failed;
  last.error = std::move(end.error);
  settle(live, std::move(last), {});
}

// Its last state is stored, then told: to whoever waits, and to `ender`, if there is one.
void Tasks::settle(const LivePtr& live, TaskRecord last, Found ender) {
  last.updated_ms = now_ms();
  work_->post([self = shared_from_this(), live, last = std::move(last),
               ender = std::move(ender)]() mutable {
    if (const Status stored = self->store_->finish(last); !stored.ok()) {
      self->log_.error("task_not_stored", {{"reason", stored.message()}});
      last.status = TaskStatus::failed;
      last.result.clear();
      last.error = kLost;
      self->unstored_.push_back(last);
    }
    std::vector<Waiter> waiters;
    {
      MutexLock lock(self->mutex_);
      waiters.swap(live->waiters);
      self->forget(live, true);
    }
    const TaskView view{.record = std::move(last), .requests = {}};
    for (Waiter& waiter : waiters) waiter.found(view);
    if (ender) ender(view);
    self->changed_(view);
  });
}

std::optional<std::string> Tasks::key_of(std::string_view principal, std::string_view id) const {
  const auto text = seal_->open(kPurpose, id);
  if (!text) return std::nullopt;
  const JsonView content(*text);
  if (!content["of"].is(principal)) return std::nullopt;
  return content["task"].string();
}

// On the worker.
Result<TaskView> Tasks::stored_view(const std::string& principal, const std::string& key) {
  auto found = store_->find(key);
  if (!found.ok()) return found.status();
  if (!*found || (*found)->principal != principal) return unknown_task();
  TaskView view{.record = std::move(**found), .requests = {}};
  if (!view.record.ended()) {  // nobody works at it any more, and its end is not there
    view.record.status = TaskStatus::failed;
    view.record.error = kLost;
  }
  return view;
}

void Tasks::find(std::string_view principal, std::string_view key, Found found) {
  std::optional<TaskView> view;
  {
    MutexLock lock(mutex_);
    if (const LivePtr live = live_of(key); live && live->record.principal == principal)
      view = view_of(*live);
  }
  if (view) return found(std::move(*view));
  work_->post([self = shared_from_this(), principal = std::string(principal),
               key = std::string(key),
               found = std::move(found)]() mutable { found(self->stored_view(principal, key)); });
}

void Tasks::when_ended(std::string_view principal, std::string_view key, Ask ask, Found found) {
  std::optional<Waiter> oldest;
  {
    MutexLock lock(mutex_);
    const LivePtr live = live_of(key);
    if (live && live->record.principal == principal) {
      if (live->waiters.size() >= kMaxWaiting) {
        oldest = std::move(live->waiters.front());
        live->waiters.erase(live->waiters.begin());
      }
      if (ask) live->input.take_back();  // whoever had them may not be there any more
      live->waiters.push_back({++live->came, std::move(ask), std::exchange(found, {})});
    }
  }
  if (found) return find(principal, key, std::move(found));
  hand_out(std::string(key));
  if (oldest)
    oldest->found(Status(Code::resource_exhausted,
                         "too many requests wait for this task: a newer one took its place"));
}

void Tasks::cancel(std::string_view principal, std::string_view key, Cancelled cancelled) {
  LivePtr live;
  TaskRecord last;
  bool ends_now = false;
  {
    MutexLock lock(mutex_);
    live = live_of(key);
    if (live && live->record.principal != principal) live = nullptr;
    if (live) {
      ends_now = !std::exchange(live->ending, true);
      if (ends_now) last = live->record;
    }
  }
  if (ends_now) {
    last.status = TaskStatus::cancelled;
    last.message = "cancelled by the client";
    live->cancel();
    return settle(live, std::move(last),
                  [cancelled = std::move(cancelled)](Result<TaskView> view) mutable {
                    cancelled(std::move(view), true);
                  });
  }
  // Ended, or about to be: what is stored of it comes after its end.
  work_->post([self = shared_from_this(), principal = std::string(principal),
               key = std::string(key), cancelled = std::move(cancelled)]() mutable {
    cancelled(self->stored_view(principal, key), false);
  });
}

void Tasks::list(std::string_view principal, std::int64_t after, std::size_t limit, Listed listed) {
  work_->post([self = shared_from_this(), principal = std::string(principal), after, limit,
               listed = std::move(listed)]() mutable {
    auto page = self->store_->page(principal, after, limit);
    if (page.ok()) {
      MutexLock lock(self->mutex_);
      for (TaskRecord& task : page->tasks) {
        if (task.ended()) continue;
        const LivePtr live = self->live_of(task.key);
        if (live)
          task = view_of(*live).record;
        else
          task.status = TaskStatus::failed;
      }
    }
    listed(std::move(page));
  });
}

void Tasks::sweep() {
  {
    MutexLock lock(mutex_);
    if (counts_.empty()) return;  // none is kept
  }
  work_->post([self = shared_from_this()] {
    std::erase_if(self->unstored_,
                  [&](const TaskRecord& task) { return self->store_->finish(task).ok(); });
    const auto gone = self->store_->expire(self->now_ms());
    if (!gone.ok())
      return self->log_.error("tasks_not_expired", {{"reason", gone.status().message()}});
    MutexLock lock(self->mutex_);
    for (const auto& [principal, count] : *gone) {
      const auto kept = self->counts_.find(principal);
      if (kept == self->counts_.end()) continue;
      kept->second.kept -= std::min(kept->second.kept, count);
      if (kept->second.kept == 0 && kept->second.running == 0) self->counts_.erase(kept);
    }
  });
}

std::size_t Tasks::running() const {
  MutexLock lock(mutex_);
  return live_.size();
}

}  // namespace devs
