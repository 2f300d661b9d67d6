#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/envelope.h"

namespace devs {

// A span is a row of the trace explorer (streams 6): an action opens it, its observation
// closes it, a thought is one of no length, an explicit task is the root of its trace, and
// hosts send spans of their own.  Its columns, in their order on the wire.
enum class SpanColumn : std::uint8_t {
  id,
  user_id,
  conversation_id,
  message_id,
  trace_id,
  parent_trace_id,
  span_id,
  span_name,
  start_time,
  end_time,
  duration_ms,
  operation_type,
  model_name,
  model_provider,
  input_data,
  output_data,
  metadata,
  input_tokens,
  output_tokens,
  total_tokens,
  cost_usd,
  status,
  error_message,
  error_type,
  created_at,
  updated_at,
  ttft_ms,
  tokens_per_second,
  session_tag,
};
inline constexpr std::size_t kSpanColumns = 29;

// What a column holds: a string, an ISO time, a whole number, a number, any JSON.
enum class SpanValue { text, time, integer, real, json };
std::string_view name_of(SpanColumn column);
SpanValue value_of(SpanColumn column);
// f(SpanColumn) for each, in order.
template <class F>
void each_span_column(F&& f) {
  for (std::size_t at = 0; at < kSpanColumns; ++at) f(static_cast<SpanColumn>(at));
}

// Whose rows are nobody's: what was published in an open house.
inline constexpr std::string_view kOpenHouseUser = "local";
// Metadata beyond it is in no row: it is looked through by every filter of it.
inline constexpr std::size_t kMaxSpanMetadata = 16 * 1024;

// What one entry says of one row.  A value.
struct Span {
  bool opens = true;  // the whole row; false: these columns of a row that is there already
  // JSON text of each column; empty: not said.
  std::array<std::string, kSpanColumns> said{};

  std::string& operator[](SpanColumn column) { return said[static_cast<std::size_t>(column)]; }
  const std::string& operator[](SpanColumn column) const {
    return said[static_cast<std::size_t>(column)];
  }
};

// An entry as spans are made from it.
struct SpanSource {
  std::string_view id;  // E-n
  std::string_view body;
  const EnvelopeFacts& facts;
  std::string_view topics;
};
// nullopt: the entry tells of no span.  Depends on the entry alone, so it is the same
// live, in replay and in the index.
//
// `trace_id` is never unsaid in what opens a row: the entry's own, else that of its task
// (SAOP 5), else the row's id.
std::optional<Span> span_of(const SpanSource& entry);

// The row as JSON: every column of one that opens, what is not said being null; of one
// that does not, what is said.
void append_row(std::string& out, const Span& span);

}  // namespace devs
