#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/access/seal.h"
#include "orchestrator/calls/tool_call.h"
#include "orchestrator/mcp/task_input.h"
#include "orchestrator/mcp/task_store.h"
#include "orchestrator/net/serial_work.h"
#include "trace/clock.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"

namespace devs {

// A task as its client may see it.
struct TaskView {
  TaskRecord record;
  std::string requests;  // input_required: what is asked, a JSON object of questions by key
};

// How the call of a task ended.
struct TaskEnd {
  TaskStatus status = TaskStatus::failed;  // completed or failed
  std::string result;                      // see TaskRecord
  bool tool_failed = false;
  std::string error;
};

// The MCP tasks we provide (MCP page 5.4): those that run, in memory, and all of them in
// the store.  What a client is told of a task has been stored before.
//
// A task is its principal's, whatever connection or session made it; one of somebody
// else, one long gone and one that never was are the same: not_found.
//
// Thread-safe, never waits: what is read or written runs on a worker, one piece after the
// other, and what is said of a task is said from there in the order in which it happened.
class Tasks : public std::enable_shared_from_this<Tasks> {
 public:
  // A principal who lets tasks run, or lie about, without end must not fill the house.
  static constexpr std::size_t kMaxRunning = 100;
  static constexpr std::size_t kMaxKept = 10'000;
  static constexpr std::int64_t kTtlMs = 3'600'000;  // after the last change; never shorter
  static constexpr std::int64_t kPollMs = 1'000;     // what we suggest
  // Whoever waits for one task.  One more takes the place of the oldest, whose client is
  // the likeliest to have gone away: it is told resource_exhausted.
  static constexpr std::size_t kMaxWaiting = 16;

  Tasks(std::shared_ptr<TaskStore> store, std::shared_ptr<const Seal> seal, WorkerPool& workers,
        const Clock& clock, Log& log, Metrics& metrics);
  // Who is told of each change, on a worker.  Before the first task.
  using Changed = std::function<void(const TaskView&)>;
  void tell(Changed changed) { changed_ = std::move(changed); }

  // --- the side of the call

  // A new task, which its client does not know yet; `cancel` stops its call.
  // resource_exhausted: this principal has too many.
  Result<TaskRecord> add(std::string_view principal, std::int64_t ttl_ms,
                         std::function<void()> cancel) DEVS_EXCLUDES(mutex_);
  // `stored` is called once, on any thread, when the task is on disk or cannot be: then
  // there is no such task any more.  REQUIRES: before the client hears of it.
  using Stored = MoveFunction<void(const Status&)>;
  void store(std::string_view key, Stored stored) DEVS_EXCLUDES(mutex_);
  // It is no task after all.  REQUIRES: not given to store().
  void drop(std::string_view key) DEVS_EXCLUDES(mutex_);
  // `asked` is called once, or never when the task ends meanwhile; at once with
  // `cancelled` when it has ended before.
  void ask(std::string_view key, std::vector<ClientQuestion> questions, CallRequest::Asked asked)
      DEVS_EXCLUDES(mutex_);
  // The first end counts, a cancellation too.
  void end(std::string_view key, TaskEnd end) DEVS_EXCLUDES(mutex_);

  // --- the side of its client

  // The key in an id of ours that this principal got; nullopt: it is none.
  std::optional<std::string> key_of(std::string_view principal, std::string_view id) const;
  // Called once, on any thread.
  using Found = MoveFunction<void(Result<TaskView>)>;
  void find(std::string_view principal, std::string_view key, Found found) DEVS_EXCLUDES(mutex_);
  // When it has ended.  Meanwhile `ask`, when there is one, gets what the task asks: also
  // what others were asked and have not answered.  The first answer counts.
  using Ask = CallRequest::Ask;
  void when_ended(std::string_view principal, std::string_view key, Ask ask, Found found)
      DEVS_EXCLUDES(mutex_);
  // Answers to what it asks; what it does not ask (any more) is ignored.
  void answer(std::string_view key, CallRequest::Answers answers) DEVS_EXCLUDES(mutex_);
  // `ended_now`: by this, not before.
  using Cancelled = MoveFunction<void(Result<TaskView>, bool ended_now)>;
  void cancel(std::string_view principal, std::string_view key, Cancelled cancelled)
      DEVS_EXCLUDES(mutex_);
  // See TaskStore::page().
  using Listed = MoveFunction<void(Result<TaskStore::Page>)>;
  void list(std::string_view principal, std::int64_t after, std::size_t limit, Listed listed);

  // Forgets what is past its time; tries again to store ends that could not be.
  void sweep();
  std::size_t running() const DEVS_EXCLUDES(mutex_);

 private:
  struct Waiter {
    std::uint64_t number = 0;
    Ask ask;  // empty: it cannot be asked
    Found found;
  };
  // One that runs.
  struct Live {
    TaskRecord record;
    std::function<void()> cancel;
    TaskInput input;
    std::vector<Waiter> waiters;  // oldest first
    std::uint64_t came = 0;       // number of the last waiter
    std::uint64_t asked = 0;      // number of the waiter who got the questions last
    bool ending = false;
  };
  using LivePtr = std::shared_ptr<Live>;
  struct Count {
    std::size_t running = 0, kept = 0;
  };

  LivePtr live_of(std::string_view key) const DEVS_REQUIRES(mutex_);
  static TaskView view_of(const Live& live);
  void settle(const LivePtr& live, TaskRecord last, Found ender);
  void forget(const LivePtr& live, bool was_stored) DEVS_REQUIRES(mutex_);
  void changed(std::string key);
  void hand_out(const std::string& key);
  void handed_back(const std::string& key, std::uint64_t waiter, std::uint64_t round,
                   Result<CallRequest::Answers> answers);
  Result<TaskView> stored_view(const std::string& principal, const std::string& key);
  std::int64_t now_ms() const;

  const std::shared_ptr<TaskStore> store_;  // touched by work_ alone
  std::vector<TaskRecord> unstored_;        // the same; failed, and not on disk
  const std::shared_ptr<const Seal> seal_;
  const std::shared_ptr<SerialWork> work_;
  const Clock& clock_;
  Log& log_;
  Gauge& running_now_;
  Counter& begun_;
  Changed changed_ = [](const TaskView&) {};

  mutable Mutex mutex_;
  std::map<std::string, LivePtr, std::less<>> live_ DEVS_GUARDED_BY(mutex_);  // by key
  std::map<std::string, Count, std::less<>> counts_ DEVS_GUARDED_BY(mutex_);  // by principal
};

}  // namespace devs
