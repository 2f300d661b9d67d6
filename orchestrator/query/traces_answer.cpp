#include <fmt/format.h>

#include <utility>
#include <vector>

#include "orchestrator/query/conditions.h"
#include "orchestrator/query/span.h"
#include "orchestrator/query/span_rows.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/envelope_writer.h"
#include "protocol/ids.h"
#include "protocol/json.h"

namespace devs {
namespace {

using C = SpanColumn;

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

void add_range(Conditions& where, const std::string& column, const TracesFilter::Range& range) {
  where.add_if(column + " >= ?", range.least);
  where.add_if(column + " <= ?", range.most);
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
  add_range(where, "s.tokens_per_second", filter.throughput);
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
  add_range(where, row + "cost_usd", filter.cost);
  add_range(where, row + "duration_ms", filter.duration);
}

Conditions of_traces_asked(const TracesFilter& filter) {
  Conditions where;
  add_whole(where, filter, "t.");
  if (filter.has_error) where.add(*filter.has_error ? "t.failed > 0" : "t.failed = 0");
  where.add_within("t.key IN (SELECT s.of FROM spans s", of_a_span(filter));
  return where;
}

Conditions of_spans_asked(const TracesFilter& filter) {
  Conditions where = of_a_span(filter);
  add_whole(where, filter, "s.");
  if (filter.has_error)
    where.add(*filter.has_error ? "s.status IS 'failed'" : "s.status IS NOT 'failed'");
  return where;
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

// What a list shows, newest begun first, and how many there are on all pages.
struct Keys {
  std::vector<std::int64_t> shown;
  std::int64_t total = 0;
};

Result<Keys> keys_of(SqlConnection& connection, const TracesQuery& query) {
  const TracesFilter& filter = query.filter;
  const bool of_traces = !query.lists_spans();
  const Conditions where = of_traces ? of_traces_asked(filter) : of_spans_asked(filter);
  TracesFilter indexed;
  indexed.owner = filter.owner;
  if (!of_traces) indexed.operation_type = filter.operation_type;
  // What an index answers is counted there, and paged there; anything else is looked for once.
  auto rows = connection.prepare(fmt::format(
      "WITH found(key,started) AS {0} MATERIALIZED (SELECT {1}.key,{1}.started_ms FROM {2} {1}{3}) "
      "SELECT 0,count(*) FROM found UNION ALL SELECT * FROM (SELECT 1,key FROM found "
      "ORDER BY started DESC, key DESC LIMIT ? OFFSET ?)",
      filter == indexed ? "NOT" : "", of_traces ? "t" : "s", of_traces ? "traces" : "spans",
      where.sql()));
  if (!rows.ok()) return rows.status();
  const int at = where.bind(*rows);
  rows->bind(at + 1, static_cast<std::int64_t>(query.limit));
  rows->bind(at + 2, static_cast<std::int64_t>(query.offset));
  Keys keys;
  for (;;) {
    const auto row = rows->step();
    if (!row.ok()) return row.status();
    if (!*row) return keys;
    if (rows->integer(0) == 0)
      keys.total = rows->integer(1);
    else
      keys.shown.push_back(rows->integer(1));
  }
}

Result<std::string> list(SqlConnection& connection, const TracesQuery& query) {
  const auto keys = keys_of(connection, query);
  if (!keys.ok()) return keys.status();
  const bool of_traces = !query.lists_spans();
  auto one = connection.prepare(
      of_traces ? "SELECT " + columns_of_traces() +
                      " FROM traces t LEFT JOIN spans s ON s.key = t.root WHERE t.key = ?"
                : "SELECT " + columns_of_spans() + " FROM spans s WHERE s.key = ?");
  if (!one.ok()) return one.status();
  std::string out(kRowsBegin);
  for (const std::int64_t key : keys->shown) {
    const auto row = one->bind(1, key).step();
    if (!row.ok()) return row.status();
    if (out.back() != '[') out += ',';
    append_listed(out, *one, of_traces);
    one->reset();
  }
  return out + rows_end(keys->total, query.limit, query.offset);
}

}  // namespace

Result<std::string> TraceQueries::traces(const TracesQuery& query) const {
  auto lease = readers_.lease();
  if (!lease.ok()) return lease.status();
  auto out = list(**lease, query);
  if (!out.ok()) return readers_.judged(out.status());
  return out;
}

}  // namespace devs
