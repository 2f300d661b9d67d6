#include "orchestrator/streams/filter.h"

#include <algorithm>
#include <charconv>

#include "orchestrator/net/principal.h"

namespace devs {
namespace {

using Values = std::vector<std::string>;

bool admits(const std::string& wanted, const std::string& fact) {
  return wanted.empty() || wanted == fact;
}

bool admits(const Values& wanted, const std::string& fact) {
  return wanted.empty() || std::binary_search(wanted.begin(), wanted.end(), fact);
}

std::vector<Topic> each_of(TopicKind kind, const Values& ids) {
  std::vector<Topic> topics;
  for (const std::string& id : ids) topics.push_back({kind, id});
  return topics;
}

// Each value with its length: none of them can pass for two.
void append(std::string& key, std::string_view value) {
  key += std::to_string(value.size());
  key += ':';
  key += value;
}

}  // namespace

bool admits_name(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with(".*")) return name == pattern;
  pattern.remove_suffix(2);
  if (!name.starts_with(pattern)) return false;
  name.remove_prefix(pattern.size());
  return name.empty() || name.front() == '.' || name.front() == '_';
}

bool Filter::takes_all() const {
  return owner.empty() && task_id.empty() && session_id.empty() && agent_id.empty() &&
         types.empty() && tools.empty() && agents.empty() && sessions.empty() && statuses.empty() &&
         names.empty() && !min_duration_ms &&
         std::binary_search(topics.begin(), topics.end(), Topic{});
}

bool Filter::matches(const EntryView& entry) const {
  bool followed = false;
  each_topic(entry, [this, &followed](const TopicView& topic) {
    for (const Topic& wanted : topics) followed |= TopicView(wanted) == topic;
  });
  if (!followed || (!owner.empty() && owner != owner_in(entry.topics))) return false;
  const EnvelopeFacts& facts = entry.facts;
  return admits(task_id, facts.task_id) && admits(session_id, facts.session_id) &&
         admits(agent_id, facts.agent_id) && admits(types, facts.type) &&
         admits(tools, facts.tool) && admits(agents, facts.agent_id) &&
         admits(sessions, facts.session_id) && admits(statuses, facts.status) &&
         (names.empty() || std::any_of(names.begin(), names.end(),
                                       [&facts](const std::string& pattern) {
                                         return admits_name(pattern, facts.name);
                                       })) &&
         (!min_duration_ms || (facts.duration_ms && *facts.duration_ms >= *min_duration_ms));
}

std::vector<Topic> Filter::places() const {
  if (topics.size() > 1 || topics.front().kind != TopicKind::all) return topics;
  if (!task_id.empty()) return {{TopicKind::task, task_id}};
  if (!session_id.empty()) return {{TopicKind::session, session_id}};
  if (!sessions.empty()) return each_of(TopicKind::session, sessions);
  if (!agent_id.empty()) return {{TopicKind::agent, agent_id}};
  if (!agents.empty()) return each_of(TopicKind::agent, agents);
  if (!tools.empty()) return each_of(TopicKind::tool, tools);
  return topics;
}

std::string Filter::key() const {
  std::string key;
  for (const Topic& topic : topics) append(key, text_of(topic));
  for (const std::string* id : {&task_id, &session_id, &agent_id, &owner}) append(key += '|', *id);
  for (const Values* values : {&types, &tools, &agents, &sessions, &statuses, &names}) {
    key += '|';
    for (const std::string& value : *values) append(key, value);
  }
  key += '|';
  if (min_duration_ms) {
    char digits[32];
    key.append(digits, std::to_chars(digits, digits + sizeof digits, *min_duration_ms).ptr);
  }
  return key;
}

}  // namespace devs
