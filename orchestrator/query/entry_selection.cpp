#include "orchestrator/query/entry_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "orchestrator/query/index_row.h"
#include "orchestrator/query/index_schema.h"

namespace devs {
namespace {

// Conditions are compared up to so many entries: the rarer leads, and of two that are
// common either will do.
constexpr std::int64_t kMaxCompared = 1'000;

std::int64_t number(Sequence sequence) {
  return static_cast<std::int64_t>(sequence);
}

// The first number of `sql` with `ms` for its `?`; nullopt: NULL.
Result<std::optional<std::int64_t>> asked(SqlConnection& connection, std::string_view sql,
                                          std::int64_t ms) {
  auto statement = connection.prepare(sql);
  if (!statement.ok()) return statement.status();
  const auto row = statement->bind(1, ms).step();
  if (!row.ok()) return row.status();
  if (!*row || statement->null(0)) return std::optional<std::int64_t>();
  return std::optional(statement->integer(0));
}

// The last block before the first that reaches `from`, the first after the last that
// begins by `to`.  What was lost between blocks may be of any time between theirs,
// so it stays inside.
constexpr std::string_view kBlockBefore =
    "SELECT max(block) FROM times WHERE block < ifnull((SELECT min(block) FROM times WHERE "
    "last_ms >= ?), 9223372036854775807)";
constexpr std::string_view kBlockAfter =
    "SELECT min(block) FROM times WHERE block > ifnull((SELECT max(block) FROM times WHERE "
    "first_ms <= ?), -1)";

}  // namespace

std::string phrases_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  std::string phrases;
  for (std::size_t at = text.find_first_not_of(kBlanks); at != text.npos;) {
    const std::size_t end = text.find_first_of(kBlanks, at);
    if (!phrases.empty()) phrases += ' ';
    phrases += '"';
    for (const char c : text.substr(at, end == text.npos ? end : end - at)) {
      if (c == '"') phrases += '"';  // doubled: FTS5's only escape
      phrases += c;
    }
    phrases += '"';
    at = text.find_first_not_of(kBlanks, end);
  }
  return phrases;
}

Result<EntrySelection> EntrySelection::of(SqlConnection& connection, const QueryFilter& filter) {
  EntrySelection selection(filter);
  if (Status narrowed = selection.narrow_to_times(connection, filter); !narrowed.ok())
    return narrowed;
  return selection;
}

EntrySelection::EntrySelection(const QueryFilter& filter) : search_(phrases_of(filter.text)) {
  one_of("task", filter.task_id);
  one_of("session", filter.session_id);
  one_of("agent", filter.agent_id);
  any_of("task", filter.tasks);
  any_of("session", filter.sessions);
  any_of("agent", filter.agents);
  AnyOf topics;
  for (const std::string_view topic : filter.topics)
    for (const std::string_view kind : {"task", "session", "agent"})
      if (topic.starts_with(kind) && topic.substr(kind.size()).starts_with(':'))
        topics.push_back({kind, topic.substr(kind.size() + 1)});
  if (!topics.empty()) conditions_.push_back(std::move(topics));
  any_of("tool", filter.tools);
  any_of("status", filter.statuses);
  if (filter.min_duration_ms) {
    AnyOf slow;
    for (std::int64_t at = slowness_of(*filter.min_duration_ms); at <= kMaxSlowness; ++at)
      slow.push_back({"slowness", at});
    conditions_.push_back(std::move(slow));
    checks_.emplace_back("e.duration_ms >= ?", *filter.min_duration_ms);
  }
  // Also an empty one: then nobody's entries.
  if (filter.owner) conditions_.push_back({{"owner", std::string_view(*filter.owner)}});
  any_of("type", filter.types);
  if (filter.from_ms) checks_.emplace_back("e.at_ms >= ?", *filter.from_ms);
  if (filter.to_ms) checks_.emplace_back("e.at_ms <= ?", *filter.to_ms);
}

void EntrySelection::one_of(std::string_view column, const std::string& value) {
  if (!value.empty()) conditions_.push_back({{column, std::string_view(value)}});
}

void EntrySelection::any_of(std::string_view column, const std::vector<std::string>& values) {
  if (values.empty()) return;
  AnyOf any;
  for (const std::string& value : values) any.push_back({column, std::string_view(value)});
  conditions_.push_back(std::move(any));
}

void EntrySelection::after(Sequence sequence) {
  after_ = std::max(after_, sequence);
}
void EntrySelection::before(Sequence sequence) {
  before_ = before_ == 0 ? sequence : std::min(before_, sequence);
}

Status EntrySelection::narrow_to_times(SqlConnection& connection, const QueryFilter& filter) {
  if (filter.from_ms) {
    const auto block = asked(connection, kBlockBefore, *filter.from_ms);
    if (!block.ok()) return block.status();
    if (*block) after((static_cast<Sequence>(**block) + 1) * kTimeBlock - 1);
  }
  if (filter.to_ms) {
    const auto block = asked(connection, kBlockAfter, *filter.to_ms);
    if (!block.ok()) return block.status();
    if (*block) before(std::max<Sequence>(static_cast<Sequence>(**block) * kTimeBlock, 1));
  }
  return {};
}

void EntrySelection::append_bounds(Text& text, std::string_view sequence) const {
  text.sql.append(sequence).append(" > ?");
  text.values.emplace_back(number(after_));
  if (before_ == 0) return;
  text.sql.append(" AND ").append(sequence).append(" < ?");
  text.values.emplace_back(number(before_));
}

void EntrySelection::append_others(Text& text, const AnyOf* lead) const {
  for (const AnyOf& condition : conditions_) {
    if (&condition == lead) continue;
    std::string_view word = " AND (";
    for (const Choice& choice : condition) {
      // `+`: SQLite's word for "not by index".
      text.sql.append(std::exchange(word, " OR ")).append("+e.").append(choice.column);
      text.sql.append(" = ?");
      text.values.push_back(choice.value);
    }
    text.sql += ')';
  }
  for (const auto& [check, value] : checks_) {
    text.sql.append(" AND ").append(check);
    text.values.push_back(value);
  }
}

Result<const EntrySelection::AnyOf*> EntrySelection::leading(SqlConnection& connection) const {
  if (conditions_.empty()) return static_cast<const AnyOf*>(nullptr);
  const AnyOf* best = &conditions_.front();
  std::int64_t fewest = kMaxCompared;
  for (const AnyOf& condition : conditions_) {
    if (conditions_.size() == 1) break;
    Text text;
    for (const Choice& choice : condition) {
      text.sql.append(text.sql.empty() ? "SELECT count(*) FROM (" : " UNION ALL ");
      text.sql.append("SELECT 1 FROM entries e WHERE e.").append(choice.column).append(" = ? AND ");
      text.values.push_back(choice.value);
      append_bounds(text, "e.sequence");
    }
    text.sql += fmt::format(" LIMIT {})", kMaxCompared);
    auto counted = connection.prepare(text.sql);
    if (!counted.ok()) return counted.status();
    int at = 0;
    for (const SqlValue& value : text.values) counted->bind(++at, value);
    const auto row = counted->step();
    if (!row.ok()) return row.status();
    if (counted->integer(0) >= fewest) continue;
    fewest = counted->integer(0);
    best = &condition;
  }
  return best;
}

Result<EntrySelection::Text> EntrySelection::text(SqlConnection& connection,
                                                  std::string_view columns, bool newest_first,
                                                  std::string_view tail) const {
  Text text;
  if (!search_.empty()) {
    // CROSS JOIN: the search is the outer loop, as it is written.
    text.sql.append("SELECT texts.rowid").append(columns);
    text.sql += " FROM texts CROSS JOIN entries e ON e.sequence = texts.rowid WHERE texts MATCH ?";
    text.values.emplace_back(std::string_view(search_));
    text.sql += " AND ";
    append_bounds(text, "texts.rowid");
    append_others(text, nullptr);
  } else {
    const auto lead = leading(connection);
    if (!lead.ok()) return lead.status();
    const std::size_t cursors = *lead == nullptr ? 1 : (*lead)->size();
    for (std::size_t i = 0; i < cursors; ++i) {
      if (i > 0) text.sql += " UNION ";
      text.sql.append("SELECT e.sequence").append(columns).append(" FROM entries e WHERE ");
      if (*lead != nullptr) {
        const Choice& choice = (**lead)[i];
        text.sql.append("e.").append(choice.column).append(" = ? AND ");
        text.values.push_back(choice.value);
      }
      append_bounds(text, "e.sequence");
      append_others(text, *lead);
    }
  }
  text.sql.append(newest_first ? " ORDER BY 1 DESC " : " ORDER BY 1 ").append(tail);
  return text;
}

Result<SqlStatement> EntrySelection::select(SqlConnection& connection, std::string_view columns,
                                            bool newest_first, std::string_view tail) const {
  const auto text = this->text(connection, columns, newest_first, tail);
  if (!text.ok()) return text.status();
  auto statement = connection.prepare(text->sql);
  if (!statement.ok()) return statement;
  int at = 0;
  for (const SqlValue& value : text->values) statement->bind(++at, value);
  return statement;
}

}  // namespace devs
