#include "orchestrator/query/entry_selection.h"

namespace devs {

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

EntrySelection::EntrySelection(const QueryFilter& filter)
    : searches_(!filter.text.empty()), search_(phrases_of(filter.text)) {
  if (searches_) add("texts MATCH ?", std::string_view(search_));
  // A few types are met everywhere: their index is for who asks for one and nothing
  // else.  `+`: SQLite's word for "not by index".
  const bool only_type = filter.types.size() == 1 && filter.tools.empty() &&
                         filter.statuses.empty() && filter.agents.empty() &&
                         filter.sessions.empty() && filter.tasks.empty() && !filter.from_ms &&
                         !filter.to_ms;
  any_of(only_type ? "e.type" : "+e.type", filter.types);
  any_of("e.tool", filter.tools);
  any_of("e.status", filter.statuses);
  any_of("e.agent", filter.agents);
  any_of("e.session", filter.sessions);
  any_of("e.task", filter.tasks);
  if (!filter.task_id.empty()) add("e.task = ?", std::string_view(filter.task_id));
  if (!filter.session_id.empty()) add("e.session = ?", std::string_view(filter.session_id));
  if (!filter.agent_id.empty()) add("e.agent = ?", std::string_view(filter.agent_id));
  any_topic(filter.topics);
  if (filter.min_duration_ms) add("e.duration_ms >= ?", *filter.min_duration_ms);
  if (filter.from_ms) add("e.at_ms >= ?", *filter.from_ms);
  if (filter.to_ms) add("e.at_ms < ?", *filter.to_ms);
  if (filter.owner) add("e.owner = ?", std::string_view(*filter.owner));
}

void EntrySelection::add(std::string_view condition, SqlValue value) {
  where_.append(where_.empty() ? " WHERE " : " AND ").append(condition);
  values_.push_back(value);
}

void EntrySelection::after(Sequence sequence) {
  add(searches_ ? "texts.rowid > ?" : "e.sequence > ?", static_cast<std::int64_t>(sequence));
}
void EntrySelection::before(Sequence sequence) {
  add(searches_ ? "texts.rowid < ?" : "e.sequence < ?", static_cast<std::int64_t>(sequence));
}

void EntrySelection::any_of(std::string_view column, const std::vector<std::string>& values) {
  if (values.empty()) return;
  std::string condition(column);
  if (values.size() == 1) return add(condition.append(" = ?"), std::string_view(values.front()));
  condition += " IN (?";
  for (std::size_t i = 1; i < values.size(); ++i) condition += ",?";
  add(condition += ')', std::string_view(values.front()));
  for (std::size_t i = 1; i < values.size(); ++i) values_.emplace_back(std::string_view(values[i]));
}

void EntrySelection::any_topic(const std::vector<std::string>& topics) {
  std::string condition;
  for (const std::string& topic : topics) {
    const std::size_t colon = topic.find(':');
    condition.append(condition.empty() ? "(" : " OR ");
    condition.append("e.").append(topic, 0, colon).append(" = ?");
  }
  for (const std::string& topic : topics) {
    const SqlValue id = std::string_view(topic).substr(topic.find(':') + 1);
    if (&topic == &topics.front())
      add(condition += ')', id);
    else
      values_.push_back(id);
  }
}

Result<SqlStatement> EntrySelection::select(SqlConnection& connection, std::string_view columns,
                                            std::string_view tail) const {
  std::string sql = "SELECT ";
  // CROSS JOIN: the search is the outer loop, as it is written.
  sql.append(columns).append(searches_
                                 ? " FROM texts CROSS JOIN entries e ON e.sequence = texts.rowid"
                                 : " FROM entries e");
  sql.append(where_).append(" ").append(tail);
  auto statement = connection.prepare(sql);
  if (!statement.ok()) return statement;
  int at = 0;
  for (const SqlValue& value : values_) statement->bind(++at, value);
  return statement;
}

}  // namespace devs
