#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "orchestrator/query/span.h"
#include "orchestrator/store/sql.h"

namespace devs {

// Rows of the index's `spans` (index_schema.h), back to JSON.

// The columns of `s`, in the order of SpanColumn.
std::string columns_of_spans();
// The value of one, which stands there in a row with the columns in that order.
// REQUIRES: !is_long(column).
void append_value(std::string& out, const SqlStatement& row, SpanColumn column);
// The index has the entry that said it, not the value.
bool is_long(SpanColumn column);

// How every answer of rows begins and ends.
inline constexpr std::string_view kRowsBegin = R"({"traces":[)";
std::string rows_end(std::int64_t total, std::size_t limit, std::size_t offset);

}  // namespace devs
