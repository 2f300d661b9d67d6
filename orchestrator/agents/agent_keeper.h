#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/agents/agent_task_store.h"
#include "orchestrator/agents/agent_task_table.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/serial_work.h"
#include "orchestrator/net/worker_pool.h"
#include "trace/bell.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/stored_log.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Follows the log for the tasks of agents: folds what it says of them into the table, and
// keeps tasks and messages in the store.
//
// It is rung whenever more is visible, and folds on a worker; whoever must not see an older
// state than the log folds first (follow()).  The store is a worker's, one piece of work
// after the other.  What the disk refuses stays in memory and is tried again.
//
// Metrics: agent_tasks_kept, agent_task_messages_total, agent_task_messages_dropped_total,
// agent_task_store_failures_total.
class AgentKeeper {
 public:
  struct Options {
    std::chrono::minutes message_ttl{60};  // TASK_MESSAGE_TTL_MINUTES
    std::chrono::minutes ended_kept{60};   // an ended task stays readable so long
    std::chrono::minutes prune_every{15};
    std::size_t event_buffer = 500;  // OBSERVABILITY_EVENT_BUFFER: see AgentTaskTable
    bool require_existing = false;   // a stream of a task there is not: 404; else it waits
  };
  // Messages that wait for a disk that refuses; the oldest are lost beyond.
  static constexpr std::size_t kMaxUnsaved = 10'000;

  // Folds what became visible meanwhile; tasks that nobody was told of are gone then.
  // REQUIRES: everything passed outlives this; the reactor and the workers end before.
  AgentKeeper(Options options, std::unique_ptr<AgentTaskStore> store, TraceStreamBus& bus,
              const StoredLog& stored, Epoch epoch, Reactor& reactor, WorkerPool& workers, Log& log,
              Metrics& metrics);
  // Saves how far it has come.
  ~AgentKeeper();
  AgentKeeper(const AgentKeeper&) = delete;
  AgentKeeper& operator=(const AgentKeeper&) = delete;

  AgentTaskTable& table() { return table_; }
  const AgentTaskTable& table() const { return table_; }
  const Epoch& epoch() const { return epoch_; }
  std::size_t event_buffer() const { return options_.event_buffer; }
  bool require_existing() const { return options_.require_existing; }
  std::int64_t now_ms() const;

  // Folds what is visible.  Not on the reactor: what has left the ring is read from files.
  void follow() DEVS_EXCLUDES(mutex_);

  // `question` runs on the worker with everything visible folded and stored; or with the
  // reason why the store cannot be asked.  Any thread.
  using Question = MoveFunction<void(Result<AgentTaskStore*>)>;
  void ask(Question question) DEVS_EXCLUDES(mutex_);
  // On the worker, after what was posted before.
  void post(Work work) { work_->post(std::move(work)); }

  // Of tasks as they may be read: an ended one is there for `ended_kept`.
  bool is_readable(const AgentTaskState& state) const;

 private:
  void round() DEVS_EXCLUDES(mutex_);
  void fold(const Entry& entry) DEVS_REQUIRES(mutex_);
  Status save(bool at_the_end) DEVS_EXCLUDES(mutex_);
  void prune();
  void arm();
  void note(const Status& status);

  const Options options_;
  const std::unique_ptr<AgentTaskStore> store_;  // the worker's
  TraceStreamBus& bus_;
  const StoredLog& stored_;
  const Epoch epoch_;
  Reactor& reactor_;
  Log& log_;
  Gauge& kept_;
  Counter& messages_total_;
  Counter& dropped_;
  Counter& failures_;
  AgentTaskTable table_;
  Status state_;        // of the store; the worker's, as is
  Sequence saved_ = 0;  // the log through here is stored

  // Not saved yet.
  struct Unsaved {
    std::map<std::string, AgentTaskStore::Change> changes;
    std::vector<AgentMessage> messages;
  };
  Mutex mutex_;
  Sequence next_ DEVS_GUARDED_BY(mutex_) = 1;
  Unsaved unsaved_ DEVS_GUARDED_BY(mutex_);

  const std::shared_ptr<SerialWork> work_;
  std::atomic<bool> coming_{false};  // a round is on its way
  Bell bell_;
  Timer due_;
};

}  // namespace devs
