#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/query/query_filter.h"
#include "orchestrator/query/sql.h"

namespace devs {

// `FROM ... WHERE ...` of a filter over the entries, and the values bound to it.  The
// text is put together from constants of this house only.
class EntrySelection {
 public:
  explicit EntrySelection(const QueryFilter& filter);

  // `condition`: a constant with one `?`.
  void add(std::string_view condition, SqlValue value);
  // The column that gives the log order cheapest: of the search when there is one.
  std::string_view sequence() const { return searches_ ? "texts.rowid" : "e.sequence"; }
  void after(Sequence sequence);
  void before(Sequence sequence);

  // SELECT <columns> FROM ... WHERE ... <tail>, prepared and bound.
  // REQUIRES: this outlives the statement.
  Result<SqlStatement> select(SqlConnection& connection, std::string_view columns,
                              std::string_view tail) const;

 private:
  void any_topic(const std::vector<std::string>& topics);
  void any_of(std::string_view column, const std::vector<std::string>& values);

  const bool searches_;
  const std::string search_;
  std::string where_;
  std::vector<SqlValue> values_;
};

// What FTS5 is asked for: each word of `text` a quoted phrase, all of them to be found.
std::string phrases_of(std::string_view text);

}  // namespace devs
