#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "trace/stored_log.h"

namespace devs {

// What a span, a slice or an instant takes from an envelope.  Members a host left out,
// or spelled outside their grammar, are empty.
struct EnvelopeParts {
  Sequence sequence = 0;
  std::string event_id;
  std::int64_t time_ns = 0;  // see EnvelopeReader
  EnvelopeFacts facts;
  std::string agent_role, thread_id, tool_call_id, server, request_id;
  std::string trace_id, span_id, parent_span_id;  // hex of the right length, or empty
  std::optional<std::int64_t> turn_index, call_index, exit_code;
  std::optional<double> duration_ms;  // >= 0
  // Only when content was asked for, cut to kMaxExportedText: a thought's words, an
  // action's arguments as JSON text, an observation's output.
  std::string text;

  // What it costs to keep.
  std::size_t bytes() const;
};

// Of one text; a tool may answer with megabytes, and viewers choke on them.
inline constexpr std::size_t kMaxExportedText = 32 * 1024;

// Reads the lines of one log, in order.
//
// A host may publish the stamp "0", or none.  Such an entry happened when it was
// stored; when that is unknown too, together with the entry before it.
class EnvelopeReader {
 public:
  EnvelopeReader(Epoch epoch, bool content) : epoch_(std::move(epoch)), content_(content) {}

  // REQUIRES: line.body is one JSON object, compact.
  EnvelopeParts read(const StoredLine& line);
  // Of the entry read last; 0: of none yet.
  std::int64_t last_ns() const { return last_ns_; }

 private:
  const Epoch epoch_;
  const bool content_;
  std::int64_t last_ns_ = 0;
};

// True when a call ended otherwise than well.
bool is_failure(const EnvelopeParts& observation);

// When the call of an observation began: as its action says, else as long before its
// end as it lasted; never after its end.
std::int64_t start_of(const EnvelopeParts* action, const EnvelopeParts& observation);

}  // namespace devs
