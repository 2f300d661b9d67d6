#include "orchestrator/query/query_routes.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "orchestrator/net/exchange.h"
#include "protocol/json.h"

namespace devs {
namespace {

using Answer = Result<std::string>;
using Ask = Answer (*)(const TraceQueries&, const RequestHead&, const Principal&, BadField&);

QueryParameters parameters_of(const RequestHead& head) {
  return [&head](std::string_view name) { return head.query_param(name); };
}

std::optional<std::string> owner_for(const Principal& principal) {
  return principal.is_operator ? std::nullopt : std::optional<std::string>(principal.name);
}

Answer ask_envelopes(const TraceQueries& queries, const RequestHead& head,
                     const Principal& principal, BadField& bad) {
  EnvelopesQuery query = envelopes_query_of(parameters_of(head), queries.epoch(), bad);
  query.filter.owner = owner_for(principal);
  return bad.field.empty() ? queries.envelopes(query) : Answer(std::string());
}

Answer ask_sessions(const TraceQueries& queries, const RequestHead& head,
                    const Principal& principal, BadField& bad) {
  SessionsQuery query = sessions_query_of(parameters_of(head), queries.epoch(), bad);
  query.owner = owner_for(principal);
  return bad.field.empty() ? queries.sessions(query) : Answer(std::string());
}

Answer ask_task_tree(const TraceQueries& queries, const RequestHead& head,
                     const Principal& principal, BadField& bad) {
  const std::string* const id = head.param("id");
  TaskTreeQuery query =
      task_tree_query_of(id != nullptr ? *id : std::string(), parameters_of(head), bad);
  query.owner = owner_for(principal);
  return bad.field.empty() ? queries.task_tree(query) : Answer(std::string());
}

Answer ask_stats(const TraceQueries& queries, const RequestHead& head, const Principal& principal,
                 BadField& bad) {
  StatsQuery query = stats_query_of(parameters_of(head), bad);
  query.filter.owner = owner_for(principal);
  return bad.field.empty() ? queries.stats(query) : Answer(std::string());
}

struct QueryCounts {
  Counter& asked;
  Counter& unavailable;
  Counter& too_broad;
  Counter& bad;
};

HttpAnswer answer_of_query(Answer answer, const BadField& bad, const QueryCounts& counts) {
  counts.asked.add();
  if (!bad.field.empty()) {
    counts.bad.add();
    return json_answer(400, fmt::format(R"({{"error":"BAD_REQUEST","field":"{}","message":{}}})",
                                        bad.field, json_string(bad.message)));
  }
  if (answer.ok()) return json_answer(200, std::move(*answer));
  const Status& status = answer.status();
  const bool too_broad = status.code() == Code::deadline_exceeded;
  if (!too_broad && status.code() != Code::unavailable) return answer_of(status);
  (too_broad ? counts.too_broad : counts.unavailable).add();
  HttpAnswer refused =
      json_answer(503, fmt::format(R"({{"error":"{}","reason":{}}})",
                                   too_broad ? "QUERY_TOO_BROAD" : "INDEX_UNAVAILABLE",
                                   json_string(status.message())));
  refused.headers.emplace_back("Retry-After", "1");
  return refused;
}

}  // namespace

Status add_query_routes(RouteTable& routes, const TraceQueries& queries, Metrics& metrics) {
  struct Row {
    const char* pattern;
    Ask ask;
  };
  constexpr Row kRows[] = {{"/trace/envelopes", &ask_envelopes},
                           {"/trace/sessions", &ask_sessions},
                           {"/trace/tasks/{id}/tree", &ask_task_tree},
                           {"/trace/stats", &ask_stats}};
  const QueryCounts counts{
      metrics.counter("trace_queries_total"),
      metrics.counter("trace_queries_refused_total", "reason=\"unavailable\""),
      metrics.counter("trace_queries_refused_total", "reason=\"too_broad\""),
      metrics.counter("trace_queries_refused_total", "reason=\"bad_request\"")};
  for (const Row& row : kRows) {
    Route route;
    route.pattern = row.pattern;
    route.handler = [&queries, counts, ask = row.ask](Exchange& exchange) {
      BadField bad;
      Answer answer = ask(queries, exchange.head(), exchange.principal(), bad);
      exchange.respond(answer_of_query(std::move(answer), bad, counts));
    };
    if (Status added = routes.add(std::move(route)); !added.ok()) return added;
  }
  return {};
}

}  // namespace devs
