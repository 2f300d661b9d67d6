#include "orchestrator/export/chrome_tracks.h"

#include "protocol/envelope_writer.h"

namespace devs {

std::string chrome_name_event(std::string_view what, std::uint32_t pid, std::uint32_t tid,
                              std::string_view name) {
  std::string out;
  MemberWriter event(out);
  event.text("name", what).text("ph", "M").number("pid", std::uint64_t{pid});
  if (tid != 0) event.number("tid", std::uint64_t{tid});
  event.begin("args");
  MemberWriter(out).text("name", name).end();
  event.end();
  return out;
}

ChromeLanePtr ChromeTracks::free_lane(const std::string& task, const std::string& agent,
                                      std::int64_t from_us, Names& names) {
  Process& process = process_of(task, names);
  for (const ChromeLanePtr& lane : process.agents[agent])
    if (!lane->open && lane->free_us <= from_us) return lane;
  return add_lane(process, agent, names);
}

ChromeLanePtr ChromeTracks::first_lane(const std::string& task, const std::string& agent,
                                       Names& names) {
  Process& process = process_of(task, names);
  const auto& lanes = process.agents[agent];
  return lanes.empty() ? add_lane(process, agent, names) : lanes.front();
}

ChromeTracks::Process& ChromeTracks::process_of(const std::string& task, Names& names) {
  if (lanes_ >= kMaxLanes) {
    processes_.clear();
    lanes_ = 0;
  }
  Process& process = processes_[task];
  if (process.pid == 0) {
    process.pid = ++last_id_;
    names.push_back(chrome_name_event("process_name", process.pid, 0,
                                      task.empty() ? "no task" : "task " + task));
  }
  return process;
}

ChromeLanePtr ChromeTracks::add_lane(Process& process, const std::string& agent, Names& names) {
  auto& lanes = process.agents[agent];
  if (lanes.size() >= kMaxLanesOfAgent) lanes.clear();
  auto lane = std::make_shared<ChromeLane>();
  lane->pid = process.pid;
  lane->tid = ++last_id_;
  lanes.push_back(lane);
  ++lanes_;
  std::string name = agent.empty() ? "no agent" : agent;
  if (lanes.size() > 1) name += " #" + std::to_string(lanes.size());
  names.push_back(chrome_name_event("thread_name", lane->pid, lane->tid, name));
  return lane;
}

}  // namespace devs
