#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/graph/edge_rules.h"
#include "orchestrator/graph/graph_history.h"
#include "orchestrator/graph/graph_lesson.h"
#include "orchestrator/graph/graph_picture.h"
#include "orchestrator/graph/graph_store.h"
#include "orchestrator/graph/task_runs.h"
#include "trace/clock.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Learns from the log, entry by entry, and tells the log what it learned (streams 8).
//
// An execution is told at once: its edge events, then `workflow_executed`.  Only then is
// it in the graph, so that what a reader sees and what a picture shows agree.  What the
// bus refuses is told later.  After a start it reads its own events of before, instead of
// telling them again.
//
// Metrics: graph_tools, graph_edges, graph_runs_total, graph_runs_dropped_total.
//
// Confined to one thread at a time.
class GraphStudent {
 public:
  struct Options {
    ConfidenceRule rule = ConfidenceRule::growing;
    std::chrono::milliseconds task_idle{60'000};  // a task without a running call has ended
    std::chrono::milliseconds metrics_every{250};
    GraphBounds bounds = {};
  };
  // Executions the bus did not take yet; the oldest are given up beyond.
  static constexpr std::size_t kMaxOwed = 1'000;

  // `kept`: what was stored; entries up to `told_through` may have been learned and told.
  GraphStudent(Options options, GraphStore::Kept kept, Sequence told_through, GraphHistory& history,
               TraceStreamBus& bus, const Clock& clock, Metrics& metrics);

  // The entry it must see next.
  Sequence next() const { return next_; }
  void see(const Entry& entry);
  void skip(Sequence through);  // cannot be had
  // It has read what was told before it began: it may learn, and be saved.
  bool caught_up() const { return next_ > told_through_; }
  void know(std::string_view tool);                              // one of the registry
  void propose(const std::string& from, const std::string& to);  // unless it is known

  void tell_synced(double ms);
  // Learns what has ended and tells what is due, once caught up; true: there was something.
  bool work(bool at_the_end = false);

  const ToolGraph& graph() const { return graph_; }
  GraphPicturePtr picture();
  // What there is to save since the last time it was saved().  REQUIRES: caught_up()
  const GraphStore::Edges& unsaved() const { return unsaved_; }
  GraphStore::Place place() const;
  void saved() { unsaved_.clear(); }

 private:
  bool learn();
  bool tell_metrics(bool at_the_end);
  void take(const EdgeChange& change);
  void changed();
  GraphMinute standing() const;
  std::int64_t wall_ms() const;

  const Options options_;
  const Sequence told_through_;
  const Sequence kept_through_;
  const std::map<std::string, Sequence> kept_open_;
  GraphHistory& history_;
  TraceStreamBus& bus_;
  const Clock& clock_;
  Counter& runs_metric_;
  Counter& dropped_metric_;
  Gauge& tools_metric_;
  Gauge& edges_metric_;

  ToolGraph graph_;
  TaskRuns runs_;
  std::deque<TaskRun> owed_;
  Sequence next_;
  Sequence applied_ = 0;  // of what was published
  std::int64_t updated_ms_;
  GraphPicturePtr picture_;  // null: to be made anew
  GraphStore::Edges unsaved_;
  std::uint64_t noted_edges_ = 0, noted_nodes_ = 0;  // what the history knows of
  bool metrics_due_ = false;
  std::optional<TimePoint> metrics_told_;
};

}  // namespace devs
