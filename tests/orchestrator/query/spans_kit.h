#pragma once

#include <string>
#include <string_view>

#include "orchestrator/query/span.h"
#include "tests/orchestrator/query/query_kit.h"

namespace devs {

// What an entry with this text says, as the row on the wire; empty: no span.
inline std::string row_of(std::string_view envelope, std::string_view topics = {},
                          std::string_view id = "5f3a9c01d2-7", bool* opens = nullptr) {
  const EnvelopeFacts facts = facts_of(envelope);
  const auto span = span_of({id, envelope, facts, topics});
  if (!span) return {};
  if (opens != nullptr) *opens = span->opens;
  std::string row;
  append_row(row, *span);
  return row;
}

// A sent span as it is published.
inline std::string sent(std::string_view columns, bool update = false) {
  return R"({"type":"span","timestamp_ns":"1795224245120000000","payload":{"update":)" +
         std::string(update ? "true" : "false") + R"(,"span":{)" + std::string(columns) + "}}}";
}
inline std::string sent_columns(std::string_view trace, std::string_view span,
                                std::string_view more = {}) {
  return R"("trace_id":")" + std::string(trace) + R"(","span_id":")" + std::string(span) +
         R"(","span_name":"chat","operation_type":"generation")" + std::string(more);
}

// The list as somebody asks for it: `a=b&c=d`, nothing encoded.
inline TracesQuery asked_for(std::string_view parameters, BadField* bad = nullptr) {
  std::vector<std::pair<std::string, std::string>> given;
  std::vector<std::string> keys;
  for (std::string_view rest = parameters; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const std::size_t equals = one.find('=');
    given.emplace_back(one.substr(0, equals), one.substr(equals + 1));
    if (one.starts_with("meta.")) keys.emplace_back(one.substr(5, equals - 5));
  }
  BadField refused;
  TracesQuery query = traces_query_of(
      [&given](std::string_view name) -> const std::string* {
        for (const auto& [each, value] : given)
          if (each == name) return &value;
        return nullptr;
      },
      keys, refused);
  if (bad != nullptr) *bad = refused;
  return query;
}

}  // namespace devs
