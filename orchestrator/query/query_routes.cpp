#include "orchestrator/query/query_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/net/exchange.h"
#include "orchestrator/query/span.h"
#include "protocol/json.h"

namespace devs {
namespace {

using Answer = Result<std::string>;
// What was asked, read; answered on another thread.
using Question = std::function<Answer(const TraceQueries&)>;
struct Asked {
  const RequestHead& head;
  const QueryParameters& given;
  const Epoch& epoch;
  const Principal& principal;
};
using Read = Question (*)(const Asked&, BadField&);

// Longer than a full queue takes: a client that waited for nothing is told 504.
constexpr std::chrono::seconds kAnsweredWithin{20};

Question envelopes_asked(const Asked& asked, BadField& bad) {
  EnvelopesQuery query = envelopes_query_of(asked.given, asked.epoch, bad);
  query.filter.owner = sees_only(asked.principal);
  return
      [query = std::move(query)](const TraceQueries& queries) { return queries.envelopes(query); };
}

Question sessions_asked(const Asked& asked, BadField& bad) {
  SessionsQuery query = sessions_query_of(asked.given, asked.epoch, bad);
  query.owner = sees_only(asked.principal);
  return
      [query = std::move(query)](const TraceQueries& queries) { return queries.sessions(query); };
}

Question task_tree_asked(const Asked& asked, BadField& bad) {
  const std::string* const id = asked.head.param("id");
  TaskTreeQuery query = task_tree_query_of(id != nullptr ? *id : std::string(), asked.given, bad);
  query.owner = sees_only(asked.principal);
  return
      [query = std::move(query)](const TraceQueries& queries) { return queries.task_tree(query); };
}

Question stats_asked(const Asked& asked, BadField& bad) {
  StatsQuery query = stats_query_of(asked.given, bad);
  query.filter.owner = sees_only(asked.principal);
  return [query = std::move(query)](const TraceQueries& queries) { return queries.stats(query); };
}

// Of the trace explorer every principal sees its own, operators too; an open house has one.
std::optional<std::string> sees_rows_of(const Principal& principal) {
  return principal.name == kOpenHouseUser ? std::nullopt : std::optional(principal.name);
}

Question traces_asked(const Asked& asked, BadField& bad) {
  constexpr std::string_view kMeta = "meta.";
  std::vector<std::string> meta_keys;
  for (const auto& [name, value] : asked.head.query_params)
    if (name.starts_with(kMeta)) meta_keys.push_back(name.substr(kMeta.size()));
  TracesQuery query = traces_query_of(asked.given, meta_keys, bad);
  query.filter.owner = sees_rows_of(asked.principal);
  return [query = std::move(query)](const TraceQueries& queries) { return queries.traces(query); };
}

Question spans_asked(const Asked& asked, BadField& bad) {
  SpansQuery query = spans_query_of(asked.given, bad);
  query.owner = sees_rows_of(asked.principal);
  return [query = std::move(query)](const TraceQueries& queries) { return queries.spans(query); };
}

struct QueryCounts {
  Counter& asked;
  Counter& unavailable;
  Counter& too_broad;
  Counter& bad;
  Counter& busy;
};

// What the question did not ask for, it does not know.
void refuse_unknown(const RequestHead& head, const std::vector<std::string>& known, BadField& bad) {
  for (const auto& [name, value] : head.query_params) {
    if (!bad.field.empty()) return;
    if (std::find(known.begin(), known.end(), name) == known.end())
      bad = {name, fmt::format("is no parameter of this question; there are: {}",
                               fmt::join(known, ", "))};
  }
}

HttpAnswer try_again(std::string_view error, std::string_view reason) {
  HttpAnswer refused =
      json_answer(503, fmt::format(R"({{"error":"{}","reason":{}}})", error, json_string(reason)));
  refused.headers.emplace_back("Retry-After", "1");
  return refused;
}

HttpAnswer answer_of_query(Answer answer, const QueryCounts& counts) {
  if (answer.ok()) return json_answer(200, std::move(*answer));
  const Status& status = answer.status();
  const bool too_broad = status.code() == Code::deadline_exceeded;
  if (!too_broad && status.code() != Code::unavailable) return answer_of(status);
  (too_broad ? counts.too_broad : counts.unavailable).add();
  return try_again(too_broad ? "QUERY_TOO_BROAD" : "INDEX_UNAVAILABLE", status.message());
}

}  // namespace

HttpAnswer bad_field(const BadField& bad) {
  return json_answer(400, fmt::format(R"({{"error":"BAD_REQUEST","field":{},"message":{}}})",
                                      json_string(bad.field), json_string(bad.message)));
}

Status add_query_routes(RouteTable& routes, const TraceQueries& queries, WorkerPool& workers,
                        Metrics& metrics, const std::function<Status()>& caught_up) {
  struct Row {
    const char* pattern;
    Read read;
    bool waits = false;  // for the index to be where the log is: what it says is the state
  };
  constexpr Row kRows[] = {{"/trace/envelopes", &envelopes_asked},
                           {"/trace/sessions", &sessions_asked},
                           {"/trace/tasks/{id}/tree", &task_tree_asked},
                           {"/trace/stats", &stats_asked},
                           {"/api/analytics/traces/list", &traces_asked, true},
                           {"/api/analytics/traces", &spans_asked, true}};
  const QueryCounts counts{metrics.counter("trace_queries_total"),
                           metrics.counter("trace_queries_refused_total", "reason=\"unavailable\""),
                           metrics.counter("trace_queries_refused_total", "reason=\"too_broad\""),
                           metrics.counter("trace_queries_refused_total", "reason=\"bad_request\""),
                           metrics.counter("trace_queries_refused_total", "reason=\"busy\"")};
  for (const Row& row : kRows) {
    Route route;
    route.pattern = row.pattern;
    route.handler = [&queries, &workers, counts, read = row.read,
                     ready = row.waits ? caught_up : nullptr](Exchange& exchange) {
      counts.asked.add();
      BadField bad;
      std::vector<std::string> known;
      const QueryParameters given = [&exchange, &known](std::string_view name) {
        known.emplace_back(name);
        return exchange.head().query_param(name);
      };
      Question question =
          read({exchange.head(), given, queries.epoch(), exchange.principal()}, bad);
      refuse_unknown(exchange.head(), known, bad);
      if (!bad.field.empty()) {
        counts.bad.add();
        return exchange.respond(bad_field(bad));
      }
      // Shared: who takes it answers; when nobody does it is still ours.
      const auto owed = std::make_shared<DeferredAnswer>(exchange.defer(kAnsweredWithin));
      const Status taken =
          workers.try_submit([&queries, counts, owed, ready, question = std::move(question)] {
            const Status may = ready ? ready() : Status();
            std::move(*owed).send(answer_of_query(may.ok() ? question(queries) : may, counts));
          });
      if (taken.ok()) return;
      counts.busy.add();
      std::move(*owed).send(try_again("QUERIES_BUSY", taken.message()));
    };
    if (Status added = routes.add(std::move(route)); !added.ok()) return added;
  }
  return {};
}

}  // namespace devs
