#include "orchestrator/query/sent_span.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "protocol/envelope_writer.h"
#include "protocol/ids.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

using C = SpanColumn;

constexpr std::int64_t kMaxTokens = 9'007'199'254'740'991;  // exact in every JSON reader

// Bytes of a text column; 0: it is an id of SAOP's grammar.
constexpr std::size_t kAnId = 0;
std::size_t longest(SpanColumn column) {
  switch (column) {
    case C::span_name:
    case C::model_name:
      return 256;
    case C::operation_type:
      return 64;
    case C::model_provider:
    case C::error_type:
    case C::session_tag:
      return 128;
    case C::error_message:
      return 8 * 1024;
    default:
      return kAnId;
  }
}

bool is_the_servers(SpanColumn column) {
  return column == C::id || column == C::user_id || column == C::created_at ||
         column == C::updated_at;
}

std::optional<SpanColumn> column_named(std::string_view name) {
  std::optional<SpanColumn> found;
  each_span_column([&](SpanColumn column) {
    if (name_of(column) == name) found = column;
  });
  return found;
}

constexpr std::array<std::string_view, 4> kStatuses{"running", "completed", "failed", "cancelled"};

// What is wrong with a value that is no null; empty: nothing.
std::string_view fault_in(SpanColumn column, JsonView value) {
  if (is_the_servers(column)) return "is for the server to say";
  switch (value_of(column)) {
    case SpanValue::text: {
      const std::optional<std::string> text = value.string();
      if (column == C::status)
        return text && std::ranges::find(kStatuses, *text) != kStatuses.end()
                   ? ""
                   : "must be running, completed, failed or cancelled";
      const std::size_t most = longest(column);
      if (most == kAnId)
        return text && is_saop_id(*text) ? ""
                                         : "must be a string of 1 to 128 of A-Z a-z 0-9 . _ : @ -";
      if (text && !text->empty() && text->size() <= most) return "";
      return most == 64    ? "must be a string of 1 to 64 bytes"
             : most == 128 ? "must be a string of 1 to 128 bytes"
             : most == 256 ? "must be a string of 1 to 256 bytes"
                           : "must be a string of 1 to 8192 bytes";
    }
    case SpanValue::time: {
      const std::optional<std::string> text = value.string();
      return text && ms_of_time(*text) ? ""
                                       : "must be an ISO time in UTC (2026-11-21T01:24:05.120Z)";
    }
    case SpanValue::integer: {
      const std::optional<std::int64_t> number = value.integer();
      return number && *number >= 0 && *number <= kMaxTokens
                 ? ""
                 : "must be a whole number from 0 to 9007199254740991";
    }
    case SpanValue::real: {
      const std::optional<double> number = value.number();
      return number && std::isfinite(*number) && !std::signbit(*number)
                 ? ""
                 : "must be a number, 0 or more";
    }
    case SpanValue::json:
      if (column != C::metadata) return "";
      return value.is_object() && value.text().size() <= kMaxSpanMetadata
                 ? ""
                 : "must be an object of at most 16 KB";
  }
  return "";
}

bool said(JsonView value) {
  return value.present() && value.kind() != JsonView::Kind::null;
}

// Names and strings written anew, as in the rows the house makes itself.
std::string respelled(JsonView object) {
  std::string out;
  MemberWriter members(out);
  object.each_member([&members](const std::string& name, JsonView value) {
    if (value.is_string())
      members.text(name, value.string().value_or(""));
    else
      members.json(name, value.text());
  });
  members.end();
  return out;
}

std::string written(SpanColumn column, JsonView value) {
  switch (value_of(column)) {
    case SpanValue::text:
      return json_string(value.string().value_or(""));
    case SpanValue::time:
      return json_string(iso_of_ms(ms_of_time(value.string().value_or("")).value_or(0)));
    case SpanValue::json:
      if (column == C::metadata) return respelled(value);
      [[fallthrough]];
    default:
      return std::string(value.text());
  }
}

std::optional<std::int64_t> ms_in(JsonView time) {
  const std::optional<std::string> text = time.string();
  return text ? ms_of_time(*text) : std::nullopt;
}

void say_what_follows(JsonView sent, Span& span) {
  const auto from = ms_in(sent["start_time"]), to = ms_in(sent["end_time"]);
  if (span[C::duration_ms].empty() && from && to && *from <= *to)
    span[C::duration_ms] = std::to_string(*to - *from);
  const auto in = sent["input_tokens"].integer(), out = sent["output_tokens"].integer();
  if (span[C::total_tokens].empty() && in && out && *in <= kMaxTokens - *out)
    span[C::total_tokens] = std::to_string(*in + *out);
  if (!span[C::status].empty()) return;
  const bool failed = !span[C::error_message].empty() || !span[C::error_type].empty();
  const bool ended = !span[C::end_time].empty() || !span[C::duration_ms].empty();
  if (failed || ended || span.opens)
    span[C::status] = failed ? R"("failed")" : ended ? R"("completed")" : R"("running")";
}

}  // namespace

void check_sent_span(JsonView span, BadField& bad) {
  if (!span.is_object()) {
    bad = {"body", "must be a JSON object: the columns of one span"};
    return;
  }
  for (const C required : {C::trace_id, C::span_id, C::span_name, C::operation_type})
    if (!said(span[name_of(required)])) {
      bad = {std::string(name_of(required)), "is required"};
      return;
    }
  span.each_member([&bad](const std::string& name, JsonView value) {
    if (!bad.field.empty() || value.kind() == JsonView::Kind::null) return;
    const std::optional<SpanColumn> column = column_named(name);
    const std::string_view fault = column ? fault_in(*column, value) : "is no column of a span";
    if (!fault.empty()) bad = {name, std::string(fault)};
  });
}

std::string id_of_sent_span(JsonView span) {
  return span["trace_id"].string().value_or("") + ":" + span["span_id"].string().value_or("");
}

Span span_of_sent(JsonView sent, bool opens) {
  Span span;
  span.opens = opens;
  sent.each_member([&span](const std::string& name, JsonView value) {
    const std::optional<SpanColumn> column = column_named(name);
    if (column && said(value)) span[*column] = written(*column, value);
  });
  span[C::id] = json_string(id_of_sent_span(sent));
  say_what_follows(sent, span);
  return span;
}

}  // namespace devs
