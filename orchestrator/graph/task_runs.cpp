#include "orchestrator/graph/task_runs.h"

#include <algorithm>

#include "protocol/json.h"

namespace devs {
namespace {

bool add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::find(all.begin(), all.end(), one) != all.end()) return false;
  all.push_back(one);
  return true;
}

}  // namespace

void TaskRuns::see(const Entry& entry, TimePoint now) {
  const EnvelopeFacts& facts = entry.facts;
  if (facts.type == "action") return act(entry, now);
  if (facts.type == "observation") return observe(entry, now);
  if (facts.type != "lifecycle") return;
  if (facts.name == "TASK_COMPLETED" || facts.name == "TASK_FAILED" ||
      facts.name == "TASK_CANCELLED") {
    if (const auto run = runs_.find(facts.task_id); run != runs_.end()) end(run);
  } else if (facts.name == "SESSION_ENDED" && !facts.session_id.empty()) {
    for (auto run = runs_.begin(); run != runs_.end();) {
      const auto here = run++;
      if (here->second.session_id == facts.session_id) end(here);
    }
  }
}

void TaskRuns::act(const Entry& entry, TimePoint now) {
  const EnvelopeFacts& facts = entry.facts;
  if (facts.task_id.empty() || facts.tool.empty()) return;
  JsonView id, payload;
  JsonView(entry.body).pick({{"tool_call_id", &id}, {"payload", &payload}});
  const std::string call_id = id.string().value_or("");
  if (call_id.empty()) return;  // its observation could not be told from another's

  if (runs_.size() >= bounds_.open && !runs_.contains(facts.task_id))
    end(runs_.find(by_touch_.begin()->second));
  Run& run = runs_[facts.task_id];
  if (run.calls.empty()) {
    run.told.task_id = facts.task_id;
    run.told.first = entry.sequence;
    run.first_ns = run.last_ns = facts.timestamp_ns;
  }
  touch(facts.task_id, run, now);
  run.told.last = entry.sequence;
  run.session_id = facts.session_id;
  if (run.calls.size() >= bounds_.calls || run.calls.contains(call_id)) return;

  if (run.running_in_layer == 0 && !run.layer_tools.empty()) {
    ++run.layer;
    run.before_tools = std::exchange(run.layer_tools, {});
  }
  JsonView depends_on, parent;
  payload["tool_call"].pick({{"depends_on", &depends_on}, {"parent_tool_call_id", &parent}});
  bool told = false;
  std::vector<std::string> from;
  depends_on.each_element([&](JsonView on) {
    told = true;
    const auto known = run.calls.find(on.string().value_or(""));
    if (known != run.calls.end() && add_once(from, known->second.tool))
      step(run, known->second.tool, facts.tool, EdgeType::dependency);
  });
  if (parent.is_string()) {
    told = true;
    const auto known = run.calls.find(*parent.string());
    if (known != run.calls.end()) step(run, known->second.tool, facts.tool, EdgeType::contains);
  }
  if (!told)
    for (const std::string& before : run.before_tools)
      step(run, before, facts.tool, EdgeType::sequence);

  run.calls.emplace(call_id, Call{facts.tool, run.layer});
  run.told.tools.push_back(facts.tool);
  add_once(run.layer_tools, facts.tool);
  ++run.running;
  ++run.running_in_layer;
}

void TaskRuns::observe(const Entry& entry, TimePoint now) {
  const EnvelopeFacts& facts = entry.facts;
  const auto at = runs_.find(facts.task_id);
  if (at == runs_.end()) return;
  Run& run = at->second;
  const auto call = run.calls.find(JsonView(entry.body)["tool_call_id"].string().value_or(""));
  if (call == run.calls.end() || !call->second.runs) return;
  call->second.runs = false;
  --run.running;
  if (call->second.layer == run.layer) --run.running_in_layer;
  run.failed |= facts.status != name_of(CallStatus::success);
  run.last_ns = std::max(run.last_ns, facts.timestamp_ns);
  run.told.last = entry.sequence;
  touch(facts.task_id, run, now);
}

void TaskRuns::touch(const std::string& task_id, Run& run, TimePoint now) {
  by_touch_.erase({run.touched, task_id});
  run.touched = now;
  by_touch_.emplace(now, task_id);
}

void TaskRuns::end_idle(TimePoint now) {
  std::vector<std::string> idle;
  for (const auto& [touched, task_id] : by_touch_) {
    if (now - touched < idle_) break;
    if (runs_.at(task_id).running == 0) idle.push_back(task_id);
  }
  for (const std::string& task_id : idle) end(runs_.find(task_id));
}

void TaskRuns::end(Runs::iterator at) {
  Run& run = at->second;
  run.told.success = !run.failed && run.running == 0;
  run.told.ms = static_cast<double>(run.last_ns - run.first_ns) / 1e6;
  by_touch_.erase({run.touched, at->first});
  ended_.push_back(std::move(run.told));
  runs_.erase(at);
}

void TaskRuns::forget(const std::string& task_id) {
  const auto told = std::find_if(ended_.begin(), ended_.end(),
                                 [&task_id](const TaskRun& run) { return run.task_id == task_id; });
  if (told != ended_.end()) {
    ended_.erase(told);
  } else if (const auto run = runs_.find(task_id); run != runs_.end()) {
    by_touch_.erase({run->second.touched, task_id});
    runs_.erase(run);
  }
}

std::map<std::string, Sequence> TaskRuns::open() const {
  std::map<std::string, Sequence> all;
  for (const auto& [task_id, run] : runs_) all.emplace(task_id, run.told.first);
  return all;
}

void TaskRuns::step(Run& run, const std::string& from, const std::string& to, EdgeType type) const {
  if (from != to && run.told.steps.size() < bounds_.steps)
    run.told.steps.push_back({from, to, type});
}

}  // namespace devs
