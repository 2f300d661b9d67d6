#pragma once

#include <string>
#include <vector>

#include "trace/entry.h"

namespace devs {

// Envelopes of a host, as the graph looks at them.
inline std::string action_of(const std::string& task, const std::string& call,
                             const std::string& tool, const std::string& more = "",
                             std::int64_t ms = 1'000) {
  return R"({"type":"action","timestamp_ns":")" + std::to_string(ms * 1'000'000) +
         R"(","session_id":"s-1","task_id":")" + task + R"(","tool_call_id":")" + call +
         R"(","payload":{"tool_call":{"tool_name":")" + tool + R"(","depends_on":[])" + more +
         "}}}";
}
inline std::string observation_of(const std::string& task, const std::string& call,
                                  const std::string& status = "SUCCESS", std::int64_t ms = 2'000) {
  return R"({"type":"observation","timestamp_ns":")" + std::to_string(ms * 1'000'000) +
         R"(","task_id":")" + task + R"(","tool_call_id":")" + call +
         R"(","metadata":{"status":")" + status + R"(","tool_name":"x"},"payload":{}})";
}
inline std::string lifecycle_of(const std::string& event, const std::string& ids) {
  return R"({"type":"lifecycle",)" + ids + R"(,"payload":{"event":")" + event + R"("}})";
}
inline std::string task_end(const std::string& task, const std::string& event = "TASK_COMPLETED") {
  return lifecycle_of(event, R"("task_id":")" + task + '"');
}
// A task that calls these one after the other, and ends.
inline std::vector<std::string> whole_task(const std::string& task,
                                           const std::vector<std::string>& tools) {
  std::vector<std::string> all;
  for (std::size_t n = 0; n < tools.size(); ++n) {
    all.push_back(action_of(task, "c" + std::to_string(n), tools[n]));
    all.push_back(observation_of(task, "c" + std::to_string(n)));
  }
  all.push_back(task_end(task));
  return all;
}

inline Entry entry_at(Sequence sequence, std::string body) {
  Entry entry;
  entry.sequence = sequence;
  entry.facts = facts_of(body);
  entry.body = std::move(body);
  return entry;
}

}  // namespace devs
