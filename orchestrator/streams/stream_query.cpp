#include "orchestrator/streams/stream_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "orchestrator/streams/stream_profile.h"
#include "protocol/ids.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::size_t kMaxValues = 16;  // of one list: each is compared with every entry
constexpr std::size_t kMaxStatusBytes = 64;
constexpr int kMaxBatchMs = 1000;  // beyond, an interface looks stopped
constexpr std::string_view kIdGrammar = "must be 1 to 128 of A-Z a-z 0-9 . _ : @ -";

using Values = std::vector<std::string>;

void settle(Values& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

// Appends what stands between the commas.  False: more than `most`, or nothing.
bool split(std::string_view list, std::size_t most, Values& values) {
  for (std::string_view rest = list;;) {
    const std::size_t comma = rest.find(',');
    if (values.size() == most || rest.substr(0, comma).empty()) return false;
    values.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return true;
    rest.remove_prefix(comma + 1);
  }
}

struct List {
  std::string_view name;
  Values Filter::*member;
  std::size_t max_bytes;
  bool ids;
  std::string_view message;
};
constexpr std::array<List, 6> kLists{{
    {"types", &Filter::types, kMaxTypeBytes, false,
     "must be 1 to 16 types of 1 to 64 bytes, separated by commas"},
    {"type", &Filter::types, kMaxTypeBytes, false,
     "must be 1 to 16 types of 1 to 64 bytes, separated by commas"},
    {"tool", &Filter::tools, kMaxToolNameBytes, false,
     "must be 1 to 16 tool names of 1 to 128 bytes, separated by commas"},
    {"agent", &Filter::agents, kMaxIdBytes, true,
     "must be 1 to 16 ids, separated by commas; an id is 1 to 128 of A-Z a-z 0-9 . _ : @ -"},
    {"session", &Filter::sessions, kMaxIdBytes, true,
     "must be 1 to 16 ids, separated by commas; an id is 1 to 128 of A-Z a-z 0-9 . _ : @ -"},
    {"status", &Filter::statuses, kMaxStatusBytes, false,
     "must be 1 to 16 statuses of 1 to 64 bytes, separated by commas"},
}};

bool read_list(const RequestHead& head, const List& list, Filter& filter) {
  const std::string* const text = head.query_param(list.name);
  if (text == nullptr) return true;
  Values& values = filter.*list.member;
  if (!split(*text, kMaxValues, values)) return false;
  settle(values);
  return std::all_of(values.begin(), values.end(), [&list](const std::string& value) {
    return list.ids ? is_saop_id(value) : value.size() <= list.max_bytes;
  });
}

bool read_duration(const RequestHead& head, Filter& filter) {
  const std::string* const text = head.query_param("min_duration_ms");
  if (text == nullptr) return true;
  double ms = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, ms);
  if (error != std::errc() || stop != end || !std::isfinite(ms) || std::signbit(ms)) return false;
  filter.min_duration_ms = ms;
  return true;
}

// The narrowest id becomes the topic where none was named.
bool read_ids(const RequestHead& head, bool ids_are_uuids, bool topics_named, Filter& filter,
              BadParameter& bad) {
  struct Id {
    std::string_view name;
    std::string Filter::*member;
    TopicKind topic;
  };
  constexpr std::array<Id, 3> kIds{{{"taskId", &Filter::task_id, TopicKind::task},
                                    {"sessionId", &Filter::session_id, TopicKind::session},
                                    {"agentId", &Filter::agent_id, TopicKind::agent}}};
  for (const Id& id : kIds) {
    const std::string* value = head.query_param(id.name);
    if (value == nullptr) continue;
    if (ids_are_uuids ? !is_uuid(*value) : !is_saop_id(*value)) {
      bad = {id.name, ids_are_uuids ? "must be a UUID" : kIdGrammar};
      return false;
    }
    if (topics_named) {
      filter.*id.member = *value;
    } else {
      filter.topics = {{id.topic, *value}};
      topics_named = true;
    }
  }
  return true;
}

constexpr std::string_view kOwnTopic = "owner:{principal}";

// Which parameter of the path made no topic of it: the first that is no id.
BadParameter culprit(const RequestHead& head, std::string_view topic) {
  for (const auto& [name, value] : head.params)
    if (topic.find('{' + name + '}') != topic.npos && !is_saop_id(value)) return {name, kIdGrammar};
  return {"name", "must be a lower-case letter, then up to 31 of a-z 0-9 -"};
}

}  // namespace

Filter topic_filter_of(const RequestHead& head, std::string_view topic, const Principal& reader,
                       BadParameter& bad) {
  Filter filter;
  if (topic == kOwnTopic) {
    // In an open house nothing is anybody's: there everything is one's own.
    if (!owner_topic(reader).empty()) filter.topics = {{TopicKind::owner, reader.name}};
  } else if (const auto one = parse_topic(fill_params(topic, head.params), false)) {
    filter.topics = {*one};
  } else {
    bad = culprit(head, topic);
    return filter;
  }
  const std::string* const names = head.query_param("filter");
  if (names == nullptr) return filter;
  const bool fits = split(*names, kMaxValues, filter.names) &&
                    std::all_of(filter.names.begin(), filter.names.end(),
                                [](const std::string& name) { return name.size() <= kMaxIdBytes; });
  if (!fits) bad = {"filter", "must be 1 to 16 names of events, or prefix.*, separated by commas"};
  settle(filter.names);
  return filter;
}

std::chrono::milliseconds batch_of(const RequestHead& head, BadParameter& bad) {
  const std::string* const text = head.query_param("batch");
  if (text == nullptr) return {};
  int ms = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, ms);
  if (error == std::errc() && stop == end && ms >= 1 && ms <= kMaxBatchMs)
    return std::chrono::milliseconds(ms);
  bad = {"batch", "must be a number of milliseconds from 1 to 1000"};
  return {};
}

HttpAnswer bad_parameter(const BadParameter& bad) {
  return json_answer(400, fmt::format(R"({{"error":"BAD_REQUEST","field":{},"message":{}}})",
                                      json_string(bad.field), json_string(bad.message)));
}

bool settle_topics(const std::vector<std::string>& texts, bool ids_are_uuids,
                   std::vector<Topic>& topics) {
  topics.clear();
  for (const std::string& text : texts) {
    std::optional<Topic> topic = parse_topic(text, ids_are_uuids);
    if (!topic) return false;
    topics.push_back(std::move(*topic));
  }
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  return !topics.empty() && topics.size() <= kMaxTopics;
}

Filter filter_of(const RequestHead& head, bool ids_are_uuids, BadParameter& bad) {
  Filter filter;
  const std::string* const topics = head.query_param("topics");
  if (topics != nullptr) {
    Values texts;
    if (!split(*topics, kMaxTopics, texts) || !settle_topics(texts, ids_are_uuids, filter.topics)) {
      bad = {"topics", kTopicsGrammar};
      return {};
    }
  }
  if (!read_ids(head, ids_are_uuids, topics != nullptr, filter, bad)) return {};
  for (const List& list : kLists) {
    if (read_list(head, list, filter)) continue;
    bad = {list.name, list.message};
    return {};
  }
  if (!read_duration(head, filter))
    bad = {"min_duration_ms", "must be a number of milliseconds, 0 or more"};
  return filter;
}

}  // namespace devs
