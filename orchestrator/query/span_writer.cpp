#include "orchestrator/query/span_writer.h"

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "protocol/json.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

using C = SpanColumn;

// Which span of a trace says what the trace is called: its task, else one nothing encloses.
enum Rank : std::int64_t { kTask = 0, kTop = 1, kInner = 2 };

constexpr const char* kAddTrace =
    "INSERT OR IGNORE INTO traces(key,owner,trace_id,started_ms,ended_ms) SELECT ?1,?2,?3,?4,?4 "
    "WHERE NOT EXISTS (SELECT 1 FROM spans WHERE id=?5 AND owner=?2)";

// Behind these, in the order of SpanColumn, the columns the table has.
constexpr const char* kFixed = "key,of,owner,last_sequence,started_ms,rank,quality_score";
constexpr int kFirstColumn = 8;

bool is_kept(SpanColumn column) {
  return column != C::user_id;  // that is the owner
}

// What stays as it began: the row's place, and since when it is there.
bool stays(SpanColumn column) {
  return column == C::id || column == C::trace_id || column == C::created_at;
}

std::string insert(bool opens) {
  std::string columns = kFixed, values =
                                    "?1,ifnull((SELECT key FROM traces WHERE trace_id=?7 AND "
                                    "owner=?2),0),?2,?1,?3,?4,?5";
  // ?6: the start as it is said, and NULL when it is not.
  std::string changes = opens
                            ? "started_ms=excluded.started_ms, quality_score=excluded.quality_score"
                            : "started_ms=ifnull(?6,started_ms), "
                              "quality_score=ifnull(excluded.quality_score,quality_score)";
  changes += ", last_sequence=excluded.last_sequence";
  int at = kFirstColumn;
  each_span_column([&](SpanColumn column) {
    if (!is_kept(column)) return;
    const std::string name(name_of(column));
    columns += ',' + name;
    values += ",?" + std::to_string(at++);
    if (stays(column)) return;
    changes +=
        ", " + name + (opens ? "=excluded." + name : "=ifnull(excluded." + name + "," + name + ")");
  });
  return "INSERT INTO spans(" + columns + ") VALUES(" + values +
         ") ON CONFLICT(id,owner) DO UPDATE SET " + changes;
}

std::string text_in(const std::string& json) {
  return JsonView(json).string().value_or("");
}

std::optional<std::int64_t> ms_in(const std::string& json) {
  return json.empty() ? std::nullopt : ms_of_time(text_in(json));
}

template <class T>
SqlValue or_null(const std::optional<T>& value) {
  return value ? SqlValue(*value) : SqlValue();
}

// The texts bound to one statement, until it has run.
class Texts {
 public:
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

 private:
  std::deque<std::string> kept_;
};

SqlValue value_in(const Span& span, SpanColumn column, Sequence sequence, Texts& texts) {
  const std::string& said = span[column];
  if (said.empty()) return {};
  switch (value_of(column)) {
    case SpanValue::text:
      return texts.keep(text_in(said));
    case SpanValue::time:
      return or_null(ms_in(said));
    case SpanValue::integer:
      return or_null(JsonView(said).integer());
    case SpanValue::real:
      return or_null(JsonView(said).number());
    case SpanValue::json:
      if (column == C::metadata) return std::string_view(said);
      return static_cast<std::int64_t>(sequence);
  }
  return {};
}

std::int64_t rank_of(const Span& span) {
  if (span[C::operation_type] == R"("task")") return kTask;
  return span[C::parent_trace_id].empty() ? kTop : kInner;
}

}  // namespace

Result<std::unique_ptr<SpanWriter>> SpanWriter::prepare(SqlConnection& connection) {
  auto trace = connection.prepare(kAddTrace);
  if (!trace.ok()) return trace.status();
  auto open = connection.prepare(insert(true));
  if (!open.ok()) return open.status();
  auto change = connection.prepare(insert(false));
  if (!change.ok()) return change.status();
  auto forget = connection.prepare("DELETE FROM spans WHERE key<?1 AND last_sequence<?1");
  if (!forget.ok()) return forget.status();
  return std::unique_ptr<SpanWriter>(
      new SpanWriter(std::move(*trace), std::move(*open), std::move(*change), std::move(*forget)));
}

Status SpanWriter::store(const Row& row) {
  const Span& span = row.span;
  Texts texts;
  const std::string_view user = texts.keep(text_in(span[C::user_id]));
  const std::string_view owner = user == kOpenHouseUser ? std::string_view() : user;
  const std::string_view id = texts.keep(text_in(span[C::id]));
  const std::string_view trace = texts.keep(text_in(span[C::trace_id]));
  const auto key = static_cast<std::int64_t>(row.sequence);
  const auto start = ms_in(span[C::start_time]);
  const std::int64_t started = start.value_or(ms_in(span[C::created_at]).value_or(row.at_ms));

  trace_.bind(1, key).bind(2, owner).bind(3, trace).bind(4, started).bind(5, id);
  if (Status added = trace_.run(); !added.ok()) return added;

  SqlStatement& put = span.opens ? open_ : change_;
  put.bind(1, key).bind(2, owner).bind(3, started).bind(4, rank_of(span));
  put.bind(5, or_null(JsonView(span[C::metadata])["quality_score"].number()));
  put.bind(6, or_null(start)).bind(7, trace);
  int at = kFirstColumn;
  each_span_column([&](SpanColumn column) {
    if (is_kept(column)) put.bind(at++, value_in(span, column, row.sequence, texts));
  });
  return put.run();
}

Status SpanWriter::forget_before(Sequence first_kept) {
  return forget_.bind(1, static_cast<std::int64_t>(first_kept)).run();
}

}  // namespace devs
