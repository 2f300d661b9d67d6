#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/query/query_filter.h"

namespace devs {

// Which traces, or which spans, are listed (streams 6).  A value.  Empty texts: any.
//
// Of traces: the trace as a whole has the status, the times, the cost and the duration that
// are asked for, and one of its spans all the rest.
struct TracesFilter {
  struct Range {
    std::optional<double> least = {}, most = {};
    bool operator==(const Range&) const = default;
  };
  std::optional<std::string> owner = {};  // set: only what this principal published
  std::string status = {};
  std::optional<std::int64_t> from_ms = {}, to_ms = {};  // began in [from, to], ms since 1970
  Range cost = {}, duration = {};                        // USD; ms, of what has ended
  std::optional<bool> has_error = {};

  std::string operation_type = {}, session_tag = {};
  std::string workflow = {};  // `metadata.workflow`, or the task
  Range throughput = {};      // tokens per second
  std::optional<bool> has_quality_score = {};
  std::optional<double> min_quality_score = {};  // `metadata.quality_score`
  std::vector<std::pair<std::string, std::string>> meta = {};
  std::string search = {};  // occurs, in any case of ASCII letters

  bool operator==(const TracesFilter&) const = default;
};

// Bounds of a list, so that none costs more than it is worth.
inline constexpr std::size_t kMaxTracesPage = 500;          // `limit`
inline constexpr std::size_t kMaxTracesOffset = 1'000'000;  // what is skipped is walked
inline constexpr std::size_t kMaxMetaFilters = 16;          // each looks through all metadata

struct TracesQuery {
  TracesFilter filter;
  std::size_t limit = 20;
  std::size_t offset = 0;

  // Spans instead of traces: of one of the kinds that are looked at one by one.
  bool lists_spans() const;
};

// The spans of a trace, a conversation or a message: those that are given, one at least.
struct SpansQuery {
  std::string trace_id, conversation_id, message_id;
  std::string operation_type, status;
  std::optional<std::string> owner;
  std::size_t limit = 100;
  std::size_t offset = 0;
};

// As people write them: the names above, but `start_date end_date` (ISO, ms since 1970, or a
// day), `min_ max_` of `cost duration throughput`, and `meta.<key>` for each key of `meta`.
TracesQuery traces_query_of(const QueryParameters& given, const std::vector<std::string>& meta_keys,
                            BadField& bad);
SpansQuery spans_query_of(const QueryParameters& given, BadField& bad);

}  // namespace devs
