#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/agents/agent_events.h"
#include "orchestrator/agents/agent_keeper.h"
#include "orchestrator/agents/agent_task.h"
#include "orchestrator/calls/call_desk.h"
#include "orchestrator/net/stored_waiters.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// A task to be made.
struct AgentTaskOrder {
  AgentTaskCard card;
  std::string title, metadata = "{}";  // words; JSON object text
  std::string tool, arguments = "{}";  // of a card that is a call
  Principal who;                       // whose call it is
};

// What came of what was asked of a task.
struct AgentDone {
  enum class Kind {
    done,
    unknown,   // there is no such task
    conflict,  // the id is taken; or the task has ended, or ends by its call alone
    refused    // `why`
  };
  Kind kind = Kind::done;
  Status why;
};

// Makes tasks and moves them on: each step is an entry of the log first, and only told of
// once it is stored.  What a task is at any time is what the log says of it (AgentKeeper).
//
// A task is one tool call, which runs on the desk and ends it, or is driven from outside.
// Who may do what is the caller's business.
//
// Thread-safe, never waits.  Metrics: agent_tasks_started_total, agent_tasks_ended_total by
// status.
class AgentTasks {
 public:
  // REQUIRES: everything passed outlives this.
  AgentTasks(AgentKeeper& keeper, TraceStreamBus& bus, StoredWaiters& waiters, CallDesk& calls,
             const Clock& clock, Metrics& metrics);
  AgentTasks(const AgentTasks&) = delete;
  AgentTasks& operator=(const AgentTasks&) = delete;

  // Tells the end of calls that a stop of the house interrupted.  Once, before anything else.
  Status recover();

  // nullptr: nobody was told of such a task yet, or it is forgotten.  Not on the reactor.
  AgentTaskCardPtr known(std::string_view id);

  using Told = MoveFunction<void(const AgentDone&)>;  // any thread, once
  void create(AgentTaskOrder order, Told told);
  void progress(std::string_view id, const AgentStep& step, Told told);
  // A task driven from outside; a call ends by itself or is cancelled.
  void end(std::string_view id, const AgentTaskEnd& end, Told told);
  // Ends the running tool too: `told` hears of it when the end is stored.
  void cancel(std::string_view id, std::string reason, Told told) DEVS_EXCLUDES(mutex_);

 private:
  // One whose tool was not answered yet.
  struct Run {
    TraceStreamBus::Reservation place;  // of its last entry
    CallId call = 0;                    // 0: not begun, or about to be
    bool begun = false;
    std::string reason;         // of the first who cancels
    std::vector<Told> waiting;  // who cancel
    TimePoint told_at{};        // of its last progress
  };

  void begin(const AgentTaskCardPtr& card, AgentTaskOrder order) DEVS_EXCLUDES(mutex_);
  void called(const AgentTaskCardPtr& card, CallAnswer answer) DEVS_EXCLUDES(mutex_);
  void call_progress(const AgentTaskCardPtr& card, std::string_view fields) DEVS_EXCLUDES(mutex_);
  // By whoever has the end; with the reserved place when there is one.
  void tell_end(const AgentTaskCard& card, const AgentTaskEnd& end,
                TraceStreamBus::Reservation* place, Told told);
  void when_stored(Sequence sequence, Told told);

  AgentKeeper& keeper_;
  TraceStreamBus& bus_;
  StoredWaiters& waiters_;
  CallDesk& calls_;
  const Clock& clock_;
  Metrics& metrics_;
  Counter& started_;

  Mutex mutex_;
  std::map<std::string, Run, std::less<>> runs_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
