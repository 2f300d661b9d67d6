#include "orchestrator/graph/graph_student.h"

#include <algorithm>

#include "orchestrator/graph/graph_events.h"
#include "protocol/json.h"

namespace devs {

GraphStudent::GraphStudent(Options options, GraphStore::Kept kept, Sequence told_through,
                           GraphHistory& history, TraceStreamBus& bus, const Clock& clock,
                           Metrics& metrics)
    : options_(options),
      told_through_(told_through),
      kept_through_(kept.place.seen),
      kept_open_(std::move(kept.place.open)),
      history_(history),
      bus_(bus),
      clock_(clock),
      runs_metric_(metrics.counter("graph_runs_total")),
      dropped_metric_(metrics.counter("graph_runs_dropped_total")),
      tools_metric_(metrics.gauge("graph_tools")),
      edges_metric_(metrics.gauge("graph_edges")),
      graph_(std::move(kept.graph)),
      runs_(options.task_idle),
      next_(kept_through_ + 1),
      updated_ms_(wall_ms()),
      noted_edges_(graph_.edge_count()),
      noted_nodes_(graph_.node_count()) {
  for (const GraphMinute& minute : kept.minutes) history_.put(minute);
  for (const auto& [task, first] : kept_open_) next_ = std::min(next_, first);
  changed();
}

void GraphStudent::see(const Entry& entry) {
  next_ = entry.sequence + 1;
  const EnvelopeFacts& facts = entry.facts;
  // What was saved is known, but for the tasks that ran on.
  if (entry.sequence <= kept_through_) {
    const auto ran = kept_open_.find(facts.task_id);
    if (ran == kept_open_.end() || entry.sequence < ran->second) return;
  }
  if (facts.type != "graph") {
    if (facts.type == "action" && !facts.task_id.empty()) know(facts.tool);
    return runs_.see(entry, clock_.steady());
  }
  if (entry.sequence > told_through_) return;  // told by us, just now
  const JsonView payload = JsonView(entry.body)["payload"];
  applied_ = entry.sequence;
  if (facts.name == "edge_created" || facts.name == "edge_updated") {
    const EdgeChange change = edge_change_of(payload);
    if (!change.to.empty()) take(change);
  } else if (facts.name == "workflow_executed") {
    runs_.forget(payload["workflow_id"].string().value_or(""));
    metrics_due_ = true;
  } else if (facts.name == "metrics_updated") {
    metrics_due_ = false;
  }
}

void GraphStudent::skip(Sequence through) {
  next_ = through + 1;
}

void GraphStudent::know(std::string_view tool) {
  if (tool.empty() || graph_.find(tool) || graph_.node_count() >= options_.bounds.tools) return;
  graph_.add_node(tool);
  changed();
}

void GraphStudent::propose(const std::string& from, const std::string& to) {
  const NodeIndex source = graph_.add_node(from), target = graph_.add_node(to);
  if (source != target && !graph_.edge(source, target))
    take({.from = from, .to = to, .now = template_edge()});
}

void GraphStudent::tell_synced(double ms) {
  if (const auto told = bus_.publish(synced_event(graph_, ms, wall_ms())); told.ok())
    applied_ = *told;
}

bool GraphStudent::work(bool at_the_end) {
  if (!caught_up()) return false;
  runs_.end_idle(clock_.steady());
  for (TaskRun& run : runs_.take_ended()) {
    if (owed_.size() >= kMaxOwed) {
      owed_.pop_front();
      dropped_metric_.add();
    }
    owed_.push_back(std::move(run));
  }
  bool worked = false;
  while (!owed_.empty() && learn()) worked = true;
  return tell_metrics(at_the_end) || worked;
}

// The oldest of what has ended; false: the bus would not take it.
bool GraphStudent::learn() {
  const TaskRun& run = owed_.front();
  const std::int64_t now = wall_ms();
  const auto changes = lesson_of(run, graph_, options_.rule, options_.bounds);
  std::vector<Draft> drafts;
  for (const EdgeChange& change : changes) drafts.push_back(edge_event(change, now));
  drafts.push_back(workflow_event(run, now));
  const std::size_t count = drafts.size();
  const auto told = bus_.publish_all(std::move(drafts));
  if (!told.ok()) return false;

  applied_ = *told + count - 1;
  for (const EdgeChange& change : changes) take(change);
  runs_metric_.add();
  GraphMinute minute = standing();
  minute.workflows = 1;
  minute.succeeded = run.success ? 1 : 0;
  history_.add(now, minute);
  noted_edges_ = minute.edges;
  noted_nodes_ = minute.nodes;
  metrics_due_ = true;
  changed();
  owed_.pop_front();
  return true;
}

// The last word after a change, and not too many of them.
bool GraphStudent::tell_metrics(bool at_the_end) {
  const TimePoint now = clock_.steady();
  const bool early = metrics_told_ && now - *metrics_told_ < options_.metrics_every;
  if (!metrics_due_ || (early && !at_the_end)) return false;
  const auto told = bus_.publish(metrics_event(graph_, picture()->measures(), wall_ms()));
  if (!told.ok()) return false;
  applied_ = *told;
  metrics_due_ = false;
  metrics_told_ = now;
  GraphMinute minute = standing();
  history_.add(wall_ms(), minute);
  noted_edges_ = minute.edges;
  noted_nodes_ = minute.nodes;
  return true;
}

void GraphStudent::take(const EdgeChange& change) {
  apply(graph_, change);
  unsaved_.emplace(*graph_.find(change.from), *graph_.find(change.to));
  changed();
}

void GraphStudent::changed() {
  picture_ = nullptr;
  updated_ms_ = wall_ms();
  tools_metric_.set(static_cast<std::int64_t>(graph_.node_count()));
  edges_metric_.set(static_cast<std::int64_t>(graph_.edge_count()));
}

// How the graph stands, and what came since the history was told last.
GraphMinute GraphStudent::standing() const {
  GraphMinute minute;
  minute.edges = graph_.edge_count();
  minute.nodes = graph_.node_count();
  minute.confidence = average_confidence(graph_);
  minute.new_edges = minute.edges - noted_edges_;
  minute.new_nodes = minute.nodes - noted_nodes_;
  return minute;
}

GraphPicturePtr GraphStudent::picture() {
  // Everything through next_ - 1 is in it, what was published before that too.
  if (!picture_)
    picture_ =
        std::make_shared<const GraphPicture>(graph_, std::max(applied_, next_ - 1), updated_ms_);
  return picture_;
}

GraphStore::Place GraphStudent::place() const {
  GraphStore::Place place{.seen = next_ - 1, .open = runs_.open()};
  // What has ended and is owed is still to be learned.
  for (const TaskRun& run : owed_) {
    const auto [open, is_new] = place.open.emplace(run.task_id, run.first);
    if (!is_new) open->second = std::min(open->second, run.first);
  }
  return place;
}

std::int64_t GraphStudent::wall_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall().time_since_epoch())
      .count();
}

}  // namespace devs
