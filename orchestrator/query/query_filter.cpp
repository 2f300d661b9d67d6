#include "orchestrator/query/query_filter.h"

#include <algorithm>
#include <array>

#include "orchestrator/query/parameter_reading.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::size_t kMaxStatusBytes = 64;  // as long as a type

class Reading : public ParameterReading {
 public:
  using ParameterReading::ParameterReading;

  using Allowed = bool (*)(std::string_view value);

  void list(std::string_view name, std::vector<std::string>& out, Allowed allowed,
            std::string_view grammar) {
    const std::string* const text = find(name);
    if (text == nullptr) return;
    for (std::string_view rest = *text;;) {
      const std::size_t comma = rest.find(',');
      const std::string_view value = rest.substr(0, comma);
      if (!allowed(value) || out.size() == kMaxFilterValues) return refuse(name, grammar);
      if (std::find(out.begin(), out.end(), value) == out.end()) out.emplace_back(value);
      if (comma == rest.npos) return;
      rest.remove_prefix(comma + 1);
    }
  }

  // `all` among them: every entry there is.
  void topics(std::vector<std::string>& out) {
    list("topics", out, &is_topic,
         "must be 1 to 16 of all, task:<id>, session:<id>, agent:<id>; channels and the graph "
         "have streams, not questions");
    if (std::find(out.begin(), out.end(), "all") != out.end()) out.clear();
  }

  void event_id(std::string_view name, const Epoch& epoch, std::optional<Sequence>& out) {
    const std::string* const text = find_filled(name);
    if (text == nullptr) return;
    const Result<EventId> id = decode_event_id(*text);
    if (!id.ok() || id->epoch != epoch || id->sequence > kLargest)
      return refuse(name, "is no event id of this log");
    out = id->sequence;
  }

  void search(std::string& out) {
    const std::string* const text = find_filled("q");
    if (text == nullptr) return;
    const auto letter = [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    };
    if (text->size() > kMaxSearchBytes || !is_utf8(*text) || text->find('\0') != text->npos ||
        std::none_of(text->begin(), text->end(), letter))
      return refuse("q", "must be 1 to 256 bytes of UTF-8 with a letter or digit");
    out = *text;
  }

  void filter(QueryFilter& out) {
    constexpr std::string_view kIds = "must be 1 to 16 of 1 to 128 of A-Z a-z 0-9 . _ : @ -";
    saop_id("taskId", out.task_id);
    saop_id("sessionId", out.session_id);
    saop_id("agentId", out.agent_id);
    topics(out.topics);
    for (const char* name : {"types", "type"})
      list(name, out.types, &plain<kMaxTypeBytes>, "must be 1 to 16 types of 1 to 64 bytes");
    list("tool", out.tools, &plain<kMaxToolNameBytes>, "must be 1 to 16 names of 1 to 128 bytes");
    list("status", out.statuses, &plain<kMaxStatusBytes>, "must be 1 to 16 of 1 to 64 bytes");
    list("agent", out.agents, &is_saop_id, kIds);
    list("session", out.sessions, &is_saop_id, kIds);
    list("task", out.tasks, &is_saop_id, kIds);
    number("min_duration_ms", "must be a number of milliseconds, 0 or more", out.min_duration_ms);
    time("from", out.from_ms);
    time("to", out.to_ms);
    search(out.text);
  }

 private:
  static constexpr Sequence kLargest = 0x7fffffffffffffffU;  // of a SQLite integer

  template <std::size_t Bytes>
  static bool plain(std::string_view value) {
    return !value.empty() && value.size() <= Bytes && is_utf8(value);
  }
  static bool is_topic(std::string_view topic) {
    if (topic == "all") return true;
    for (const std::string_view kind : {"task:", "session:", "agent:"})
      if (topic.starts_with(kind)) return is_saop_id(topic.substr(kind.size()));
    return false;
  }
};

}  // namespace

EnvelopesQuery envelopes_query_of(const QueryParameters& given, const Epoch& epoch, BadField& bad) {
  EnvelopesQuery query;
  Reading reading(given, bad);
  reading.filter(query.filter);
  std::optional<Sequence> after;
  reading.event_id("after", epoch, after);
  query.after = after.value_or(0);
  reading.event_id("before", epoch, query.before);
  reading.count("limit", 1, kMaxPageEntries, query.limit);
  constexpr std::array<std::string_view, 2> kOrders{"asc", "desc"};
  query.newest_first = reading.word("order", kOrders, 0, "must be asc or desc") == 1;
  return query;
}

SessionsQuery sessions_query_of(const QueryParameters& given, const Epoch& epoch, BadField& bad) {
  SessionsQuery query;
  Reading reading(given, bad);
  reading.event_id("before", epoch, query.before);
  reading.count("limit", 1, kMaxPageEntries, query.limit);
  return query;
}

TaskTreeQuery task_tree_query_of(std::string_view task, const QueryParameters& given,
                                 BadField& bad) {
  TaskTreeQuery query;
  Reading reading(given, bad);
  if (is_saop_id(task))
    query.task = task;
  else
    reading.refuse("id", "must be 1 to 128 of A-Z a-z 0-9 . _ : @ -");
  constexpr std::array<std::string_view, 2> kAnswers{"false", "true"};
  query.with_envelopes = reading.word("envelopes", kAnswers, 0, "must be true or false") == 1;
  return query;
}

StatsQuery stats_query_of(const QueryParameters& given, BadField& bad) {
  StatsQuery query;
  Reading reading(given, bad);
  reading.filter(query.filter);
  constexpr std::array<std::string_view, 5> kGroups{"tool", "agent", "session", "status", "type"};
  query.group_by = static_cast<StatsGroup>(
      reading.word("group_by", kGroups, 0, "must be tool, agent, session, status or type"));
  return query;
}

}  // namespace devs
