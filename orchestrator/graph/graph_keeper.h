#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/graph/graph_history.h"
#include "orchestrator/graph/graph_picture.h"
#include "orchestrator/graph/graph_store.h"
#include "orchestrator/graph/graph_student.h"
#include "orchestrator/graph/tool_search.h"
#include "trace/clock.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"
#include "trace/stored_log.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Keeps the tool graph a fraction of a second behind the log, and `graph.db` behind it.
//
// Has no thread: whoever follows the log anyway gives it its rounds.  A round reads what
// became visible, learns, publishes, saves, and indexes the tools there are for
// suggest_tools; no call waits for it.  When the file fails it learns on without it, and
// tries again; one that is damaged is put aside as `graph.db.damaged`.
//
// Metrics: those of GraphStudent, and graph_store_failures_total.
class GraphKeeper {
 public:
  struct Options {
    std::filesystem::path dir = ".devs";  // `graph.db` lies in it
    GraphStudent::Options learning = {};
    // Edges to begin with, from what was proposed: tool, tool.
    std::vector<std::pair<std::string, std::string>> templates = {};
  };

  // Its first round is this: the graph is loaded.
  // REQUIRES: everything passed outlives this; the bus is open until stop().
  GraphKeeper(Options options, TraceStreamBus& bus, const StoredLog& stored, Epoch epoch,
              const ToolRegistry& tools, const Clock& clock, Log& log, Metrics& metrics);
  ~GraphKeeper();
  GraphKeeper(const GraphKeeper&) = delete;
  GraphKeeper& operator=(const GraphKeeper&) = delete;

  // One round; again every so often.  Does I/O.  None while another one runs, or after
  // stop().
  void work() DEVS_EXCLUDES(mutex_);
  // Waits for a round that runs, then tells the metrics that are due and saves.
  // Idempotent.
  void stop() DEVS_EXCLUDES(mutex_);

  ConfidenceRule rule() const { return options_.learning.rule; }
  const GraphHistory& history() const { return history_; }
  // Null: it could not be loaded yet.
  GraphPicturePtr picture() const DEVS_EXCLUDES(mutex_);
  // Of the registry's tools, made anew when they change; null: not yet.
  std::shared_ptr<const ToolSearch> search() const DEVS_EXCLUDES(mutex_);

  // Waits until rounds have seen the entries through `sequence`; false: not by then.
  bool wait_through(Sequence sequence, TimePoint deadline) DEVS_EXCLUDES(mutex_);

 private:
  void round(bool at_the_end);
  void try_round(bool at_the_end);
  void begin();
  void open_store(GraphStore::Kept& kept);
  void read_on();
  void know_registry() DEVS_EXCLUDES(mutex_);
  void show() DEVS_EXCLUDES(mutex_);
  void save();
  void note(const Status& status);
  bool stopping() const DEVS_EXCLUDES(mutex_);

  const Options options_;
  TraceStreamBus& bus_;
  const StoredLog& stored_;
  const Epoch epoch_;
  const ToolRegistry& tools_;
  const Clock& clock_;
  Log& log_;
  Metrics& metrics_;
  Counter& failures_metric_;
  const Sequence began_at_;  // the head when it was made: what is older is history
  GraphHistory history_;

  // Of whoever has the round.
  std::unique_ptr<GraphStore> store_;  // null: without a file
  std::unique_ptr<GraphStudent> student_;
  std::uint64_t known_tools_ = 0;  // generation of the registry
  std::string last_failure_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stop_ DEVS_GUARDED_BY(mutex_) = false;
  bool working_ DEVS_GUARDED_BY(mutex_) = false;
  Sequence seen_ DEVS_GUARDED_BY(mutex_) = 0;
  GraphPicturePtr picture_ DEVS_GUARDED_BY(mutex_);
  std::shared_ptr<const ToolSearch> search_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
