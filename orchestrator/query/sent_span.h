#pragma once

#include <string>
#include <string_view>

#include "orchestrator/query/query_filter.h"
#include "orchestrator/query/span.h"
#include "protocol/json.h"

namespace devs {

// The type of the entry a sent span becomes: {"type":"span",...,"payload":{"update":false,
// "span":{columns as sent}}}.
inline constexpr std::string_view kSpanType = "span";

// A span as a host sends it (`POST /api/analytics/traces`): an object of columns, of which
// `trace_id span_id span_name operation_type` are required and `id user_id created_at
// updated_at` are the server's to say.  `bad` names the first column that may not stand so.
void check_sent_span(JsonView span, BadField& bad);

// Its row's id: span ids are unique in their trace.  REQUIRES: checked.
std::string id_of_sent_span(JsonView span);

// The columns it says.  Those that follow from others are said too: `duration_ms` of two
// times, `total_tokens` of both kinds, `status` of an end or an error.  REQUIRES: checked.
Span span_of_sent(JsonView span, bool opens);

}  // namespace devs
