#include "orchestrator/streams/stream_query.h"

#include <algorithm>
#include <array>

#include "protocol/ids.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::size_t kMaxTypes = 16;  // a filter is compared with every entry

bool read_types(std::string_view list, std::vector<std::string>& types) {
  for (std::string_view rest = list;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view type = rest.substr(0, comma);
    if (type.empty() || type.size() > kMaxTypeBytes || types.size() == kMaxTypes) return false;
    types.emplace_back(type);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  return true;
}

bool admits(const std::string& wanted, const std::string& id) {
  return wanted.empty() || wanted == id;
}

}  // namespace

std::string_view Filter::topic_id() const {
  switch (topic) {
    case Topic::task: return task_id;
    case Topic::session: return session_id;
    case Topic::agent: return agent_id;
    case Topic::all: break;
  }
  return {};
}

bool Filter::matches(const EnvelopeFacts& facts) const {
  // These live on topics of their own, not on `all` nor on an id's.
  if (facts.type == "channel" || facts.type == "graph") return false;
  return admits(task_id, facts.task_id) && admits(session_id, facts.session_id) &&
         admits(agent_id, facts.agent_id) &&
         (types.empty() || std::binary_search(types.begin(), types.end(), facts.type));
}

std::string Filter::key() const {
  // '\n' stands in no id and, escaped in JSON, may stand in a type: types go last,
  // each with its length.
  std::string key = task_id + '\n' + session_id + '\n' + agent_id;
  for (const std::string& type : types) key += '\n' + std::to_string(type.size()) + ':' + type;
  return key;
}

Filter filter_of(const RequestHead& head, bool ids_are_uuids, BadParameter& bad) {
  struct Id {
    std::string_view name;
    std::string Filter::*member;
    Filter::Topic topic;
  };
  // Narrowest first: it becomes the topic.
  constexpr std::array<Id, 3> kIds{{{"taskId", &Filter::task_id, Filter::Topic::task},
                                    {"sessionId", &Filter::session_id, Filter::Topic::session},
                                    {"agentId", &Filter::agent_id, Filter::Topic::agent}}};
  Filter filter;
  for (const Id& id : kIds) {
    const std::string* value = head.query_param(id.name);
    if (value == nullptr) continue;
    if (ids_are_uuids ? !is_uuid(*value) : !is_saop_id(*value)) {
      bad = {id.name, ids_are_uuids ? "must be a UUID"
                                    : "must be 1 to 128 of A-Z a-z 0-9 . _ : @ -"};
      return {};
    }
    filter.*id.member = *value;
    if (filter.topic == Filter::Topic::all) filter.topic = id.topic;
  }
  if (const std::string* types = head.query_param("types"))
    if (!read_types(*types, filter.types))
      bad = {"types", "must be 1 to 16 types of 1 to 64 bytes, separated by commas"};
  // Ignoring it would show everything to somebody who asked for less.
  if (head.query_param("topics") != nullptr) bad = {"topics", "is not served by this version"};
  return filter;
}

}  // namespace devs
