#include "orchestrator/query/span_rows.h"

#include <fmt/format.h>

#include "protocol/json.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

using C = SpanColumn;

}  // namespace

std::string columns_of_spans() {
  std::string list;
  each_span_column([&list](SpanColumn column) {
    list += std::string(list.empty() ? "s." : ", s.") +
            (column == C::user_id ? "owner" : std::string(name_of(column)));
  });
  return list;
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

std::string rows_end(std::int64_t total, std::size_t limit, std::size_t offset) {
  return fmt::format(R"(],"total":{},"limit":{},"offset":{}}})", total, limit, offset);
}

}  // namespace devs
