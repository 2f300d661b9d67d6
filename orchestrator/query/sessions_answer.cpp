#include <fmt/format.h>

#include "orchestrator/query/index_state.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/json.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

// A session with more agents than a person reads names the first ones.
constexpr std::int64_t kMaxAgents = 64;

constexpr const char* kSessions =
    "SELECT session, min(first_sequence) AS begun, max(last_sequence), min(first_ms), "
    "max(last_ms), sum(entries), sum(calls), sum(errors) FROM sessions "
    "WHERE ?1 IS NULL OR owner = ?1 GROUP BY session HAVING begun < ?2 "
    "ORDER BY begun DESC LIMIT ?3";
constexpr const char* kTotal =
    "SELECT count(DISTINCT session) FROM sessions WHERE ?1 IS NULL OR owner = ?1";
constexpr const char* kAgents =
    "SELECT DISTINCT agent FROM session_agents WHERE session = ?1 AND (?2 IS NULL OR owner = ?2) "
    "ORDER BY agent LIMIT ?3";

Status append_agents(std::string& out, SqlStatement& agents, std::string_view session,
                     const SqlValue& owner) {
  agents.bind(1, session).bind(2, owner).bind(3, kMaxAgents);
  for (bool first = true;; first = false) {
    const auto row = agents.step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    if (!first) out += ',';
    append_json_string(out, agents.text(0));
  }
  agents.reset();
  return {};
}

std::string time_json(std::int64_t ms) {
  return ms == 0 ? "null" : "\"" + iso_of_ms(ms) + "\"";
}

Result<std::string> answer(SqlConnection& connection, const SessionsQuery& query,
                           const Epoch& epoch) {
  const auto through = indexed_through(connection);
  if (!through.ok()) return through.status();
  auto sessions = connection.prepare(kSessions);
  if (!sessions.ok()) return sessions.status();
  auto agents = connection.prepare(kAgents);
  if (!agents.ok()) return agents.status();
  auto total = connection.prepare(kTotal);
  if (!total.ok()) return total.status();

  const SqlValue owner = query.owner ? SqlValue(std::string_view(*query.owner)) : SqlValue();
  const Sequence last = static_cast<Sequence>(INT64_MAX);
  sessions->bind(1, owner).bind(2, static_cast<std::int64_t>(query.before.value_or(last)));
  sessions->bind(3, static_cast<std::int64_t>(query.limit + 1));

  const auto id_of = [&epoch](std::int64_t sequence) {
    return encode_event_id(epoch, static_cast<Sequence>(sequence));
  };
  std::string out = R"({"sessions":[)";
  std::string next = "null";
  std::string last_id;
  for (std::size_t count = 0;; ++count) {
    const auto row = sessions->step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    if (count == query.limit) {
      next = "\"" + last_id + "\"";
      break;
    }
    last_id = id_of(sessions->integer(1));
    if (count > 0) out += ',';
    out += fmt::format(
        R"({{"id":{},"first_id":"{}","last_id":"{}","first_at":{},"last_at":{},"entries":{},)"
        R"("calls":{},"errors":{},"agents":[)",
        json_string(sessions->text(0)), last_id, id_of(sessions->integer(2)),
        time_json(sessions->integer(3)), time_json(sessions->integer(4)), sessions->integer(5),
        sessions->integer(6), sessions->integer(7));
    if (Status told = append_agents(out, *agents, sessions->text(0), owner); !told.ok())
      return told;
    out += "]}";
  }
  total->bind(1, owner);
  const auto counted = total->step();
  if (!counted.ok()) return counted.status();
  out += fmt::format(R"(],"next":{},"total":{},"indexed_through":"{}"}})", next, total->integer(0),
                     encode_event_id(epoch, *through));
  return out;
}

}  // namespace

Result<std::string> TraceQueries::sessions(const SessionsQuery& query) const {
  auto lease = readers_.lease();
  if (!lease.ok()) return lease.status();
  auto out = answer(**lease, query, epoch_);
  if (!out.ok()) return readers_.judged(out.status());
  return out;
}

}  // namespace devs
