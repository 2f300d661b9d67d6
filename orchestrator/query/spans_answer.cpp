#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "orchestrator/query/conditions.h"
#include "orchestrator/query/log_excerpt.h"
#include "orchestrator/query/span.h"
#include "orchestrator/query/span_rows.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/json.h"

namespace devs {
namespace {

using C = SpanColumn;

// A span's row, and the entries that said what is long in it; 0: none.
struct Shown {
  std::string before, between, after;  // of the row's text, around the long columns
  Sequence input = 0, output = 0;
};

struct SpansPage {
  std::vector<Shown> rows;
  std::int64_t total = 0;
};

Shown shown(const SqlStatement& row) {
  Shown one;
  std::string out = "{";
  each_span_column([&](SpanColumn column) {
    out.append(out.size() > 1 || column != C::id ? "," : "").append(json_string(name_of(column)));
    out += ':';
    if (!is_long(column)) return append_value(out, row, column);
    const bool is_input = column == C::input_data;
    (is_input ? one.input : one.output) =
        static_cast<Sequence>(row.integer(static_cast<int>(column)));
    (is_input ? one.before : one.between) = std::exchange(out, "");
  });
  one.after = out + "}";
  return one;
}

Result<SpansPage> find(SqlConnection& connection, const SpansQuery& query) {
  Conditions where;
  if (!query.trace_id.empty())
    where.add("s.of IN (SELECT key FROM traces WHERE trace_id = ?)")
        .with(std::string_view(query.trace_id));
  where.add_if("s.conversation_id = ?", query.conversation_id);
  where.add_if("s.message_id = ?", query.message_id);
  // `+`: SQLite's word for "not by index"; the above are rarer.
  where.add_if("+s.operation_type = ?", query.operation_type);
  where.add_if("s.status = ?", query.status);
  if (query.owner) where.add("+s.owner = ?").with(std::string_view(*query.owner));
  SpansPage found;
  auto counted = connection.prepare("SELECT count(*) FROM spans s" + where.sql());
  if (!counted.ok()) return counted.status();
  where.bind(*counted);
  if (const auto row = counted->step(); !row.ok()) return row.status();
  found.total = counted->integer(0);
  auto rows = connection.prepare("SELECT " + columns_of_spans() + " FROM spans s" + where.sql() +
                                 " ORDER BY s.started_ms, s.key LIMIT ? OFFSET ?");
  if (!rows.ok()) return rows.status();
  const int at = where.bind(*rows);
  rows->bind(at + 1, static_cast<std::int64_t>(query.limit));
  rows->bind(at + 2, static_cast<std::int64_t>(query.offset));
  for (;;) {
    const auto row = rows->step();
    if (!row.ok()) return row.status();
    if (!*row) return found;
    found.rows.push_back(shown(*rows));
  }
}

// What the long columns hold, read back from the log.
class LongColumns {
 public:
  explicit LongColumns(const StoredLog& log) : log_(log) {}

  // As far as the answer has room; one entry at least.  0 stands for none.
  void read(std::vector<Sequence> wanted) {
    std::ranges::sort(wanted);
    const auto twice = std::ranges::unique(wanted);
    wanted.erase(twice.begin(), twice.end());
    if (!wanted.empty() && wanted.front() == 0) wanted.erase(wanted.begin());
    for (ReadBack& entry : read_back(log_, wanted, kMaxAnswerBodies))
      entries_.insert_or_assign(entry.sequence, std::move(entry));
  }
  bool has(Sequence sequence) const { return sequence == 0 || entries_.contains(sequence); }
  // null as well when the log has lost the entry since.
  std::string of(Sequence sequence, SpanColumn column) const {
    const auto entry = entries_.find(sequence);
    if (entry == entries_.end() || entry->second.lost) return "null";
    const std::string& body = entry->second.body;
    const EnvelopeFacts facts = facts_of(body);
    const auto span = span_of({"", body, facts, ""});
    return span && !(*span)[column].empty() ? (*span)[column] : "null";
  }

 private:
  const StoredLog& log_;
  std::map<Sequence, ReadBack> entries_;
};

void append_shown(std::string& out, const Shown& row, const LongColumns& columns) {
  out.append(row.before).append(columns.of(row.input, C::input_data));
  out.append(row.between).append(columns.of(row.output, C::output_data)).append(row.after);
}

}  // namespace

Result<std::string> TraceQueries::spans(const SpansQuery& query) const {
  SpansPage found;
  {
    auto lease = readers_.lease();
    if (!lease.ok()) return lease.status();
    auto asked = find(**lease, query);
    if (!asked.ok()) return readers_.judged(asked.status());
    found = std::move(*asked);
  }
  std::vector<Sequence> wanted;
  for (const Shown& row : found.rows) wanted.insert(wanted.end(), {row.input, row.output});
  LongColumns columns(log_);
  columns.read(std::move(wanted));

  std::string out(kRowsBegin);
  for (const Shown& row : found.rows) {
    const bool is_first = out.size() == kRowsBegin.size();
    if (is_first)  // is shown whatever its size
      for (const Sequence each : {row.input, row.output})
        if (!columns.has(each)) columns.read({each});
    if (!columns.has(row.input) || !columns.has(row.output)) break;  // the answer is full
    if (!is_first) out += ',';
    append_shown(out, row, columns);
  }
  return out + rows_end(found.total, query.limit, query.offset);
}

Result<bool> TraceQueries::knows_span(std::string_view id, std::string_view owner) const {
  auto lease = readers_.lease();
  if (!lease.ok()) return lease.status();
  auto found = (*lease)->prepare("SELECT 1 FROM spans WHERE id = ? AND owner = ?");
  if (!found.ok()) return readers_.judged(found.status());
  const auto row = found->bind(1, id).bind(2, owner).step();
  if (!row.ok()) return readers_.judged(row.status());
  return *row;
}

}  // namespace devs
