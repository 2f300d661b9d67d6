#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/agents/agent_news.h"
#include "orchestrator/agents/agent_task.h"
#include "orchestrator/streams/entry_view.h"
#include "protocol/status.h"
#include "trace/mutex.h"

namespace devs {

// The tasks there are, with what the log said of each: what streams and whoever drives a
// task look at.  Texts and messages lie in the store.
//
// Bounded: a new task beyond kMax makes the one forgotten that ended longest ago.
//
// Thread-safe; nothing here does I/O.
class AgentTaskTable {
 public:
  static constexpr std::size_t kMax = 10'000;  // about 20 KB each at their largest
  // Tasks of one owner that have not ended: the rest is for others.
  static constexpr std::size_t kMaxOpenOfOne = 1'000;

  // A stream of a task begins with so many of its entries (OBSERVABILITY_EVENT_BUFFER).
  explicit AgentTaskTable(std::size_t recent = 500) : recent_(recent) {}

  // --- whoever looks

  AgentTaskCardPtr card(std::string_view id) const DEVS_EXCLUDES(mutex_);
  // Of the task that the entry belongs to: of its id, and its owner's.
  AgentTaskCardPtr card_of(const EntryView& entry) const DEVS_EXCLUDES(mutex_);
  struct Glance {
    AgentTaskCardPtr card;
    AgentTaskState state;
    Sequence applied = 0;     // the log through here is in the state
    Sequence fresh_from = 0;  // the first of its newest entries; 0: there is none yet
  };
  std::optional<Glance> glance(std::string_view id) const DEVS_EXCLUDES(mutex_);
  Sequence applied() const DEVS_EXCLUDES(mutex_);
  std::size_t size() const DEVS_EXCLUDES(mutex_);

  // --- whoever drives

  enum class Claim { made, taken, full };
  // The id is its from now on; `forgotten`, when not empty, is a task that made room.
  Claim claim(AgentTaskCardPtr card, std::string& forgotten) DEVS_EXCLUDES(mutex_);
  void drop(std::string_view id) DEVS_EXCLUDES(mutex_);
  // Who is first may tell the end; it gives that back when it could not.
  enum class End { yours, over, unknown };
  End claim_end(std::string_view id) DEVS_EXCLUDES(mutex_);
  void release_end(std::string_view id) DEVS_EXCLUDES(mutex_);
  // Not ended, and nobody is about to tell its end.
  bool is_open(std::string_view id) const DEVS_EXCLUDES(mutex_);

  // --- whoever follows the log

  struct Kept {
    AgentTaskCardPtr card;
    AgentTaskState state;
    std::vector<Sequence> recent;  // its newest entries, oldest first
  };
  void load(std::vector<Kept> tasks, Sequence applied) DEVS_EXCLUDES(mutex_);
  // False: the task has ended, or is none.
  bool apply(std::string_view id, Sequence sequence, const AgentNews& news, std::int64_t ms)
      DEVS_EXCLUDES(mutex_);
  void applied_through(Sequence sequence) DEVS_EXCLUDES(mutex_);
  std::optional<Kept> kept(std::string_view id) const DEVS_EXCLUDES(mutex_);
  // Which of them `wanted` wants.
  std::vector<std::string> ids(
      const std::function<bool(const AgentTaskCard&, const AgentTaskState&)>& wanted) const
      DEVS_EXCLUDES(mutex_);

 private:
  struct Task {
    AgentTaskCardPtr card;
    AgentTaskState state;
    std::deque<Sequence> recent;
    bool ending = false;
  };
  using Tasks = std::map<std::string, Task, std::less<>>;
  void count_open(const Task& task, int by) DEVS_REQUIRES(mutex_);

  const std::size_t recent_;
  mutable Mutex mutex_;
  Tasks tasks_ DEVS_GUARDED_BY(mutex_);
  std::map<std::string, std::size_t, std::less<>> open_ DEVS_GUARDED_BY(mutex_);  // by owner
  std::set<std::pair<Sequence, std::string>> ended_ DEVS_GUARDED_BY(mutex_);      // oldest first
  Sequence applied_ DEVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace devs
