#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/graph/tool_graph.h"
#include "trace/clock.h"
#include "trace/entry.h"

namespace devs {

// One tool seen after another.
struct ToolStep {
  std::string from, to;
  EdgeType type = EdgeType::sequence;
  bool operator==(const ToolStep&) const = default;
};

// One execution: a task with at least one call, from its first action to its end.
struct TaskRun {
  std::string task_id;
  std::vector<std::string> tools;  // as called, in action order
  std::vector<ToolStep> steps;     // in action order; never from a tool to itself
  bool success = false;            // every call was
  double ms = 0;                   // first action to last observation
  Sequence first = 0, last = 0;    // entries
};

// Follows the calls of tasks until the tasks end (streams 8.1).
//
// A task ends by its lifecycle entry, with its session, or when it had no running call
// for some time.  A call joins the layer of those that still run, else it opens the next
// layer; what it depends on, or was called by, or else the layer before it, leads to it.
//
// Confined to one thread.
class TaskRuns {
 public:
  struct Bounds {
    // Tasks are named by clients: at this many, the one idle longest ends.
    std::size_t open = 10'000;
    // Of one run; what comes beyond is not learned from.  Its steps are published at
    // once, and the ring is not theirs alone.
    std::size_t calls = 1'000, steps = 4'096;
  };
  explicit TaskRuns(Duration idle) : TaskRuns(idle, Bounds()) {}
  TaskRuns(Duration idle, Bounds bounds) : idle_(idle), bounds_(bounds) {}

  // The next entry.  `now`: what idleness is counted from.
  void see(const Entry& entry, TimePoint now);
  void end_idle(TimePoint now);
  // Of what has ended since, in the order of the ends.
  std::vector<TaskRun> take_ended() { return std::exchange(ended_, {}); }
  // That task's run was told elsewhere: it is not to be told again.
  void forget(const std::string& task_id);

  // Tasks that have not ended, and their first entries.
  std::map<std::string, Sequence> open() const;

 private:
  struct Call {
    std::string tool;
    std::size_t layer = 0;
    bool runs = true;
  };
  struct Run {
    TaskRun told;
    std::string session_id;
    std::map<std::string, Call> calls;  // by id
    std::size_t layer = 0;
    std::vector<std::string> layer_tools, before_tools;  // each once
    std::size_t running = 0, running_in_layer = 0;
    bool failed = false;
    std::int64_t first_ns = 0, last_ns = 0;
    TimePoint touched{};
  };
  using Runs = std::map<std::string, Run>;

  void act(const Entry& entry, TimePoint now);
  void observe(const Entry& entry, TimePoint now);
  void touch(const std::string& task_id, Run& run, TimePoint now);
  void end(Runs::iterator at);
  void step(Run& run, const std::string& from, const std::string& to, EdgeType type) const;

  const Duration idle_;
  const Bounds bounds_;
  Runs runs_;
  std::set<std::pair<TimePoint, std::string>> by_touch_;  // every open one
  std::vector<TaskRun> ended_;
};

}  // namespace devs
