#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <utility>
#include <vector>

#include "orchestrator/query/log_excerpt.h"
#include "orchestrator/query/span.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/envelope_writer.h"
#include "protocol/ids.h"
#include "protocol/json.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

using C = SpanColumn;

// Conditions of one statement and the values they are bound to.
class Conditions {
 public:
  Conditions& add(std::string_view sql) {
    text_.append(text_.empty() ? " WHERE " : " AND ").append(sql);
    return *this;
  }
  Conditions& with(SqlValue value) {
    values_.push_back(value);
    return *this;
  }
  Conditions& with_text(std::string text) {
    return with(std::string_view(kept_.emplace_back(std::move(text))));
  }
  void add_if(std::string_view sql, const std::string& value) {
    if (!value.empty()) add(sql).with(std::string_view(value));
  }
  template <class T>
  void add_if(std::string_view sql, const std::optional<T>& value) {
    if (value) add(sql).with(SqlValue(*value));
  }
  void add_range(const std::string& column, const TracesFilter::Range& range) {
    add_if(column + " >= ?", range.least);
    add_if(column + " <= ?", range.most);
  }
  // One that is asked inside this.
  void add_within(std::string_view sql, Conditions inner) {
    if (inner.text_.empty()) return;
    add(std::string(sql) + inner.text_ + ")");
    for (const SqlValue& value : inner.values_) with(value);
    kept_.splice(kept_.end(), inner.kept_);
  }

  const std::string& sql() const { return text_; }
  int bind(SqlStatement& statement) const {
    int at = 0;
    for (const SqlValue& value : values_) statement.bind(++at, value);
    return at;
  }

 private:
  std::string text_;
  std::vector<SqlValue> values_;
  std::list<std::string> kept_;  // what is bound stays where it is
};

std::string like_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

void add_search(Conditions& where, const std::string& text) {
  if (text.empty()) return;
  std::string sql = "(";
  for (const char* column :
       {"trace_id", "span_name", "model_name", "model_provider", "session_tag"})
    sql += std::string(sql.size() > 1 ? " OR " : "") + "s." + column + R"( LIKE ? ESCAPE '\')";
  const bool exact = is_uuid(text);
  if (exact) sql += " OR s.conversation_id = ? OR s.message_id = ?";
  where.add(sql + ")");
  for (int column = 0; column < 5; ++column) where.with_text(like_pattern(text));
  if (exact) where.with(std::string_view(text)).with(std::string_view(text));
}

// `"key":value` is looked for as text first: a look through all metadata parses little.
void add_meta(Conditions& where, const std::string& key, const std::string& value) {
  const std::string as_string = json_string(value);
  const std::string name = json_string(key) + ":";
  where.add(
      "((instr(s.metadata, ?) > 0 AND s.metadata -> ? = ?) OR (instr(s.metadata, ?) > 0 AND "
      "s.metadata -> ? = ?))");
  for (const std::string& each : {as_string, value}) {
    where.with_text(name + each).with_text("$." + json_string(key)).with_text(each);
  }
}

// What one span is asked for.
Conditions of_a_span(const TracesFilter& filter) {
  Conditions where;
  where.add_if("s.operation_type = ?", filter.operation_type);
  where.add_if("s.session_tag = ?", filter.session_tag);
  if (!filter.workflow.empty()) {
    const std::string as_json = json_string(filter.workflow);
    where
        .add(
            "(s.conversation_id = ? OR (instr(s.metadata, ?) > 0 AND s.metadata -> '$.workflow' = "
            "?))")
        .with(std::string_view(filter.workflow))
        .with_text("\"workflow\":" + as_json)
        .with_text(as_json);
  }
  where.add_range("s.tokens_per_second", filter.throughput);
  if (filter.has_quality_score)
    where.add(*filter.has_quality_score ? "s.quality_score IS NOT NULL"
                                        : "s.quality_score IS NULL");
  where.add_if("s.quality_score >= ?", filter.min_quality_score);
  for (const auto& [key, value] : filter.meta) add_meta(where, key, value);
  add_search(where, filter.search);
  return where;
}

// What the row itself is asked for, a span's or a trace's.
void add_whole(Conditions& where, const TracesFilter& filter, const std::string& row) {
  if (filter.owner) where.add(row + "owner = ?").with(std::string_view(*filter.owner));
  where.add_if(row + "status = ?", filter.status);
  where.add_if(row + "started_ms >= ?", filter.from_ms);
  where.add_if(row + "started_ms <= ?", filter.to_ms);
  where.add_range(row + "cost_usd", filter.cost);
  where.add_range(row + "duration_ms", filter.duration);
}

// Where each column of a row is found, in the order of the columns.
std::string columns_of_spans() {
  std::string list;
  each_span_column([&list](SpanColumn column) {
    list += std::string(list.empty() ? "s." : ", s.") +
            (column == C::user_id ? "owner" : std::string(name_of(column)));
  });
  return list;
}

std::string of_first_error(std::string_view name) {
  return fmt::format(
      "iif(t.failed = 0, NULL, (SELECT {} FROM spans f WHERE f.of = t.key AND f.status = 'failed' "
      "ORDER BY f.started_ms LIMIT 1))",
      name);
}

std::string columns_of_traces() {
  std::string list;
  each_span_column([&list](SpanColumn column) {
    const std::string name(name_of(column));
    if (!list.empty()) list += ", ";
    switch (column) {
      case C::id:
      case C::trace_id:
        list += "t.trace_id";
        break;
      case C::user_id:
        list += "t.owner";
        break;
      case C::start_time:
        list += "t.started_ms";
        break;
      case C::end_time:
        list += "iif(t.running > 0, NULL, t.ended_ms)";
        break;
      case C::duration_ms:
      case C::input_tokens:
      case C::output_tokens:
      case C::total_tokens:
      case C::cost_usd:
      case C::status:
      case C::updated_at:
        list += "t." + name;
        break;
      case C::error_message:
      case C::error_type:
        list += of_first_error(name);
        break;
      default:
        list += "s." + name;
    }
  });
  return list + ", t.spans, t.failed";
}

void append_value(std::string& out, const SqlStatement& row, SpanColumn column) {
  const int at = static_cast<int>(column);
  if (column == C::user_id)
    return append_json_string(out, row.text(at).empty() ? kOpenHouseUser : row.text(at));
  if (row.null(at)) {
    out += "null";
    return;
  }
  switch (value_of(column)) {
    case SpanValue::text:
      return append_json_string(out, row.text(at));
    case SpanValue::time:
      return append_json_string(out, iso_of_ms(row.integer(at)));
    case SpanValue::integer:
      out += std::to_string(row.integer(at));
      return;
    case SpanValue::real:
      out += fmt::format("{}", row.real(at));
      return;
    case SpanValue::json:
      out += row.text(at);
      return;
  }
}

bool is_long(SpanColumn column) {
  return column == C::input_data || column == C::output_data;
}

void append_listed(std::string& out, const SqlStatement& row, bool of_traces) {
  MemberWriter members(out);
  each_span_column([&](SpanColumn column) {
    if (is_long(column)) return;
    members.begin(name_of(column));
    append_value(out, row, column);
  });
  constexpr int kCounts = static_cast<int>(kSpanColumns);
  if (of_traces)
    members.number("span_count", row.integer(kCounts))
        .number("error_count", row.integer(kCounts + 1));
  members.end();
}

std::string end_of(std::int64_t total, std::size_t limit, std::size_t offset) {
  return fmt::format(R"(],"total":{},"limit":{},"offset":{}}})", total, limit, offset);
}

Result<std::int64_t> count(SqlConnection& connection, const std::string& from,
                           const Conditions& where) {
  auto counted = connection.prepare("SELECT count(*)" + from + where.sql());
  if (!counted.ok()) return counted.status();
  where.bind(*counted);
  const auto row = counted->step();
  if (!row.ok()) return row.status();
  return counted->integer(0);
}

Result<SqlStatement> page(SqlConnection& connection, const std::string& text,
                          const Conditions& where, std::size_t limit, std::size_t offset) {
  auto rows = connection.prepare(text);
  if (!rows.ok()) return rows;
  const int at = where.bind(*rows);
  rows->bind(at + 1, static_cast<std::int64_t>(limit));
  rows->bind(at + 2, static_cast<std::int64_t>(offset));
  return rows;
}

Result<std::string> list(SqlConnection& connection, const TracesQuery& query) {
  const bool of_traces = !query.lists_spans();
  Conditions where;
  if (of_traces) {
    add_whole(where, query.filter, "t.");
    if (query.filter.has_error)
      where.add(*query.filter.has_error ? "t.failed > 0" : "t.failed = 0");
    where.add_within("t.key IN (SELECT s.of FROM spans s", of_a_span(query.filter));
  } else {
    where = of_a_span(query.filter);
    add_whole(where, query.filter, "s.");
    if (query.filter.has_error)
      where.add(*query.filter.has_error ? "s.status IS 'failed'" : "s.status IS NOT 'failed'");
  }
  const std::string from = of_traces ? " FROM traces t" : " FROM spans s";
  const auto total = count(connection, from, where);
  if (!total.ok()) return total.status();
  // The page is found by the narrow rows first; what a row shows is looked up for it alone.
  const std::string keys = fmt::format(
      "SELECT {0}.key{1}{2} ORDER BY {0}.started_ms DESC, {0}.key "
      "DESC LIMIT ? OFFSET ?",
      of_traces ? "t" : "s", from, where.sql());
  const std::string rows_of =
      of_traces ? "SELECT " + columns_of_traces() +
                      " FROM traces t LEFT JOIN spans s ON s.key = t.root WHERE t.key IN (" + keys +
                      ") ORDER BY t.started_ms DESC, t.key DESC"
                : "SELECT " + columns_of_spans() + " FROM spans s WHERE s.key IN (" + keys +
                      ") ORDER BY s.started_ms DESC, s.key DESC";
  auto rows = page(connection, rows_of, where, query.limit, query.offset);
  if (!rows.ok()) return rows.status();
  std::string out = R"({"traces":[)";
  for (;;) {
    const auto row = rows->step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    if (out.back() != '[') out += ',';
    append_listed(out, *rows, of_traces);
  }
  return out + end_of(*total, query.limit, query.offset);
}

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
  const auto total = count(connection, " FROM spans s", where);
  if (!total.ok()) return total.status();
  found.total = *total;
  auto rows = page(connection,
                   "SELECT " + columns_of_spans() + " FROM spans s" + where.sql() +
                       " ORDER BY s.started_ms, s.key LIMIT ? OFFSET ?",
                   where, query.limit, query.offset);
  if (!rows.ok()) return rows.status();
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
  LongColumns(const StoredLog& log, std::vector<Sequence> wanted) {
    std::ranges::sort(wanted);
    const auto twice = std::ranges::unique(wanted);
    wanted.erase(twice.begin(), twice.end());
    for (ReadBack& entry : read_back(log, wanted, kMaxAnswerBodies))
      entries_.push_back(std::move(entry));
  }
  bool has(Sequence sequence) const { return sequence == 0 || find(sequence) != nullptr; }
  // null as well when the log has lost the entry since.
  std::string of(Sequence sequence, SpanColumn column) const {
    const ReadBack* const entry = sequence == 0 ? nullptr : find(sequence);
    if (entry == nullptr || entry->lost) return "null";
    const EnvelopeFacts facts = facts_of(entry->body);
    const auto span = span_of({"", entry->body, facts, ""});
    return span && !(*span)[column].empty() ? (*span)[column] : "null";
  }

 private:
  const ReadBack* find(Sequence sequence) const {
    const auto found = std::ranges::lower_bound(entries_, sequence, {}, &ReadBack::sequence);
    return found != entries_.end() && found->sequence == sequence ? &*found : nullptr;
  }

  std::vector<ReadBack> entries_;  // ascending
};

void append_shown(std::string& out, const Shown& row, const LongColumns& columns) {
  out.append(row.before).append(columns.of(row.input, C::input_data));
  out.append(row.between).append(columns.of(row.output, C::output_data)).append(row.after);
}

}  // namespace

Result<std::string> TraceQueries::traces(const TracesQuery& query) const {
  auto lease = readers_.lease();
  if (!lease.ok()) return lease.status();
  auto out = list(**lease, query);
  if (!out.ok()) return readers_.judged(out.status());
  return out;
}

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
  for (const Shown& row : found.rows)
    for (const Sequence sequence : {row.input, row.output})
      if (sequence != 0) wanted.push_back(sequence);
  const LongColumns columns(log_, std::move(wanted));

  std::string out = R"({"traces":[)";
  for (const Shown& row : found.rows) {
    if (columns.has(row.input) && columns.has(row.output)) {
      if (out.back() != '[') out += ',';
      append_shown(out, row, columns);
      continue;
    }
    // The answer is full; a first row alone is shown whatever its size.
    if (out.back() == '[') append_shown(out, row, LongColumns(log_, {row.input}));
    break;
  }
  return out + end_of(found.total, query.limit, query.offset);
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
