#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "orchestrator/query/entry_selection.h"
#include "orchestrator/query/index_state.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/json.h"

namespace devs {
namespace {

// Entries a roll-up looks at: 8 bytes each, and some hundred milliseconds in all.
constexpr std::size_t kMaxSampled = 1'000'000;
// Short of the second a question may take, so that there is an answer at its end.
constexpr std::chrono::milliseconds kSampleBudget{750};

struct Group {
  std::string key;
  std::size_t entries = 0, errors = 0;
  std::vector<double> durations;
  std::size_t calls = 0;
};

struct Sample {
  std::vector<Group> groups;
  std::size_t entries = 0;
  bool is_exact = true;
  Sequence through = 0;
};

std::string_view column_of(StatsGroup group) {
  switch (group) {
    case StatsGroup::tool:
      return "e.tool";
    case StatsGroup::agent:
      return "e.agent";
    case StatsGroup::session:
      return "e.session";
    case StatsGroup::status:
      return "e.status";
    case StatsGroup::type:
      return "e.type";
  }
  return "e.type";
}

// `e.tool` is `tool` on the wire.
std::string_view name_of_group(StatsGroup group) {
  return column_of(group).substr(2);
}

Result<Sample> sample(SqlConnection& connection, const StatsQuery& query, Sequence oldest) {
  Sample sample;
  const auto through = indexed_through(connection);
  if (!through.ok()) return through.status();
  sample.through = *through;
  auto selection = EntrySelection::of(connection, query.filter);
  if (!selection.ok()) return selection.status();
  if (oldest > 1) selection->after(oldest - 1);
  connection.until(
      std::min<TimePoint>(connection.deadline(), std::chrono::steady_clock::now() + kSampleBudget));
  const std::string columns = fmt::format(", {}, e.type = 'observation', e.failed, e.duration_ms",
                                          column_of(query.group_by));
  auto rows = selection->select(connection, columns, true, "");
  if (!rows.ok()) return rows.status();

  std::unordered_map<std::string, std::size_t> places;
  std::string key;
  for (;; ++sample.entries) {
    const auto row = rows->step();
    if (!row.ok() && row.status().code() != Code::deadline_exceeded) return row.status();
    sample.is_exact = row.ok() && (!*row || sample.entries < kMaxSampled);
    if (!row.ok() || !*row || !sample.is_exact) return sample;
    if (rows->null(1)) continue;  // an entry without that member is in no group
    key = rows->text(1);
    const auto [place, is_new] = places.try_emplace(key, sample.groups.size());
    if (is_new) sample.groups.push_back({.key = key, .durations = {}});
    Group& group = sample.groups[place->second];
    ++group.entries;
    if (rows->integer(2) == 0) continue;
    ++group.calls;
    if (rows->integer(3) != 0) ++group.errors;
    if (!rows->null(4)) group.durations.push_back(rows->real(4));
  }
}

// The smallest value that `share` of all do not exceed.
double nearest_rank(std::vector<double>& values, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

std::string json_of(Group& group) {
  std::string out = R"({"key":)";
  append_json_string(out, group.key);
  out += fmt::format(R"(,"count":{},"calls":{},"errors":{})", group.entries, group.calls,
                     group.errors);
  constexpr std::array<std::pair<std::string_view, double>, 4> kRanks{
      {{"p50_ms", 0.5}, {"p95_ms", 0.95}, {"p99_ms", 0.99}, {"max_ms", 1.0}}};
  for (const auto& [name, share] : kRanks)
    out += group.durations.empty()
               ? fmt::format(R"(,"{}":null)", name)
               : fmt::format(R"(,"{}":{})", name, nearest_rank(group.durations, share));
  return out += '}';
}

}  // namespace

Result<std::string> TraceQueries::stats(const StatsQuery& query) const {
  Sample found;
  {
    auto lease = readers_.lease();
    if (!lease.ok()) return lease.status();
    auto sampled = sample(**lease, query, log_.oldest());
    if (!sampled.ok()) return readers_.judged(sampled.status());
    found = std::move(*sampled);
  }
  std::sort(found.groups.begin(), found.groups.end(), [](const Group& a, const Group& b) {
    return a.entries != b.entries ? a.entries > b.entries : a.key < b.key;
  });
  const std::size_t shown = std::min(found.groups.size(), kMaxGroups);
  std::string out = fmt::format(R"({{"group_by":"{}","groups":[)", name_of_group(query.group_by));
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += ',';
    out += json_of(found.groups[i]);
  }
  out +=
      fmt::format(R"(],"groups_left_out":{},"entries":{},"is_exact":{},"indexed_through":"{}"}})",
                  found.groups.size() - shown, found.entries, found.is_exact,
                  encode_event_id(epoch_, found.through));
  return out;
}

}  // namespace devs
