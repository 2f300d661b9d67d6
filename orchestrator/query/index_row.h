#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "trace/stored_log.h"

namespace devs {

// What the index keeps of one entry: its facts, how it hangs together with others,
// and the words people look for.  The envelope itself stays in the log.  A value.
struct IndexRow {
  Sequence sequence = 0;
  std::int64_t stored_ms = 0;  // 0: unknown
  std::int64_t at_ms = 0;      // the same, else the envelope's stamp: what `from to` ask for
  EnvelopeFacts facts;
  // Empty when absent, or outside the grammar of ids.
  std::string thread, tool_call_id, thought_id, source_thought_id;
  std::string trace_id, span_id, parent_span_id;
  std::optional<std::int64_t> turn_index;
  bool failed = false;  // an observation whose status, else exit code, says so
  std::string owner;    // of the topic `owner:`; empty when unknown
  std::string topics;   // as stored
  std::string text;     // what full-text search sees, bounded
};

// Whether entries of that type belong to topic `all`, and therefore to the index.
bool is_indexed(std::string_view type);
IndexRow index_row_of(const StoredLine& line);

// Durations in powers of two: 0 below a millisecond, then [1, 2), [2, 4), ... ms.  As
// few values as there are, "slower than" is a handful of them.
std::int64_t slowness_of(double duration_ms);
inline constexpr std::int64_t kMaxSlowness = 23;  // and everything slower: an hour and more

// Words of one entry that can be found; the rest of it is stored, not searchable.
inline constexpr std::size_t kMaxIndexedText = 4096;

}  // namespace devs
