#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.h"

namespace devs {

// Which entries a query is about: the words of streams 3.3 with their meaning, and
// what only a query can ask (time, text).  What follows topic `all`: entries of type
// `channel` and `graph` have routes of their own and are not indexed.
//
// A value.  Empty lists and ids: any.
struct QueryFilter {
  std::string task_id, session_id, agent_id;
  std::vector<std::string> topics;  // any of `task:<id>`, `session:<id>`, `agent:<id>`
  std::vector<std::string> types, tools, agents, sessions, tasks, statuses;
  std::optional<double> min_duration_ms;       // observations that took at least so long
  std::optional<std::int64_t> from_ms, to_ms;  // stored in [from, to], ms since 1970
  std::string text;                            // every word of it occurs; never a syntax
  std::optional<std::string> owner;            // set: only what this principal published
};

// Bounds of a query, so that none costs more than it is worth.
inline constexpr std::size_t kMaxFilterValues = 16;    // of one list
inline constexpr std::size_t kMaxSearchBytes = 256;    // of a text search
inline constexpr std::size_t kMaxPageEntries = 1'000;  // `limit`
inline constexpr std::size_t kDefaultPageEntries = 100;
inline constexpr std::size_t kMaxGroups = 1'000;  // of a roll-up

struct EnvelopesQuery {
  QueryFilter filter;
  Sequence after = 0;              // exclusive
  std::optional<Sequence> before;  // exclusive
  bool newest_first = false;
  std::size_t limit = kDefaultPageEntries;
};

struct SessionsQuery {
  std::optional<Sequence> before;  // sessions begun before that entry
  std::size_t limit = kDefaultPageEntries;
  std::optional<std::string> owner;
};

struct TaskTreeQuery {
  std::string task;
  bool with_envelopes = false;  // each member with its envelope, as far as they fit
  std::optional<std::string> owner;
};

enum class StatsGroup { tool, agent, session, status, type };

struct StatsQuery {
  QueryFilter filter;
  StatsGroup group_by = StatsGroup::tool;
};

// A parameter by its name; nullptr when it was not given.  A query asks for every one it
// knows, so whoever listens here learns their names.
using QueryParameters = std::function<const std::string*(std::string_view name)>;

// A parameter that breaks its grammar, as the 400 names it.
struct BadField {
  std::string field = {};  // empty: none
  std::string message = {};
};

// Queries as people write them, over HTTP and on the command line:
// `type tool agent session task status` (lists, comma between; `types` is `type`),
// `taskId sessionId agentId` (one id), `topics` (`all`, `task:<id>`, ...),
// `min_duration_ms`, `from to` (ISO or ms since 1970), `q`, and `after before limit
// order` (event ids; `asc`, `desc`), `group_by`, `envelopes` (`true`).  The first one that
// is refused is named in `bad`.  Empty `after before limit order from to q` count as not
// given; an empty filter is refused, because ignoring it would show everything.
EnvelopesQuery envelopes_query_of(const QueryParameters& given, const Epoch& epoch, BadField& bad);
SessionsQuery sessions_query_of(const QueryParameters& given, const Epoch& epoch, BadField& bad);
TaskTreeQuery task_tree_query_of(std::string_view task, const QueryParameters& given,
                                 BadField& bad);
StatsQuery stats_query_of(const QueryParameters& given, BadField& bad);

}  // namespace devs
