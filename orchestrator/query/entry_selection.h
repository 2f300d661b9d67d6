#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/query/query_filter.h"
#include "orchestrator/store/sql.h"

namespace devs {

// The entries a filter admits, walked in the order of the log.
//
// One condition leads, the one that admits fewest entries (counted, to a bound): each of
// its values is a cursor over an index, SQLite merges them by sequence, and the other
// conditions are asked of what comes.  So nothing is sorted, a page costs about what it
// shows, and no question depends on what SQLite guesses.  Times become a stretch of
// sequences first.
//
// The text is put together from constants of this house only.
class EntrySelection {
 public:
  // REQUIRES: `filter` outlives this.
  static Result<EntrySelection> of(SqlConnection& connection, const QueryFilter& filter);

  void after(Sequence sequence);   // exclusive
  void before(Sequence sequence);  // exclusive

  struct Text {
    std::string sql;
    std::vector<SqlValue> values;
  };
  // `columns`: of `e`, each with a comma before it; they follow the sequence, which is
  // column 0.  `tail`: what follows the order.
  Result<Text> text(SqlConnection& connection, std::string_view columns, bool newest_first,
                    std::string_view tail) const;
  // The same, prepared and bound.  REQUIRES: this outlives the statement.
  Result<SqlStatement> select(SqlConnection& connection, std::string_view columns,
                              bool newest_first, std::string_view tail) const;

 private:
  struct Choice {
    std::string_view column;  // has an index of its own
    SqlValue value;
  };
  using AnyOf = std::vector<Choice>;

  explicit EntrySelection(const QueryFilter& filter);
  void any_of(std::string_view column, const std::vector<std::string>& values);
  void one_of(std::string_view column, const std::string& value);
  Status narrow_to_times(SqlConnection& connection, const QueryFilter& filter);

  // The one that admits fewest; nullptr: there is none.
  Result<const AnyOf*> leading(SqlConnection& connection) const;
  void append_bounds(Text& text, std::string_view sequence) const;
  void append_others(Text& text, const AnyOf* lead) const;

  std::string search_;  // as FTS5 reads it; empty: none
  std::vector<AnyOf> conditions_;
  std::vector<std::pair<std::string_view, SqlValue>> checks_;  // `e.at_ms < ?`: no index
  Sequence after_ = 0, before_ = 0;                            // 0: no bound
};

// What FTS5 is asked for: each word of `text` a quoted phrase, all of them to be found.
std::string phrases_of(std::string_view text);

}  // namespace devs
