#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"
#include "protocol/mcp.h"
#include "protocol/result.h"
#include "protocol/tool.h"

namespace devs {

// The SAOP trace envelope (layer B): thought, action, observation.

// An encoded envelope whose `timestamp_ns` still holds 19 zeros.  The bus fills
// the slot when it gives the entry its sequence, so stamps grow in log order.
struct EncodedEnvelope {
  std::string body;
  std::size_t stamp_at = 0;  // index of the first of the 19 digits
};
inline constexpr std::size_t kStampDigits = 19;

// Who a call belongs to; the same in its thought, action and observation.
// Empty members are left out of the envelope.
struct EnvelopeOrigin {
  std::uint64_t turn_index = 0;
  std::string agent_id, agent_role, session_id, task_id, thread_id;
  std::string trace_id;  // 32 hex digits
};

struct ThoughtEnvelope {
  EnvelopeOrigin origin;
  std::string thought_id, span_id, parent_span_id;
  HostThought thought;
};
struct ActionEnvelope {
  EnvelopeOrigin origin;
  std::string tool_call_id;
  std::uint64_t call_index = 0;
  std::string source_thought_id, span_id, parent_span_id;
  std::string tool_name, arguments, server, upstream_tool;  // arguments: JSON text
  std::uint64_t timeout_ms = 0;
  std::vector<std::string> depends_on;
  std::string parent_tool_call_id;
  std::string jsonrpc_request_id;  // as text
};
struct ObservationEnvelope {
  EnvelopeOrigin origin;
  std::string tool_call_id;
  std::uint64_t call_index = 0;
  std::string span_id, parent_span_id;
  CallStatus status = CallStatus::success;
  std::string tool_name, server;
  std::string result;                    // CallToolResult JSON text; empty: `stderr_text` tells
  std::string stdout_text, stderr_text;  // used when `result` is empty
  double duration_ms = 0;
  std::optional<bool> executed;      // absent when unknown (a crash)
  std::optional<double> timeout_ms;  // TIMEOUT_EXCEEDED
  std::string cancelled_by;          // CANCELLED
  bool recovered = false;            // ABANDONED, written at the next start
  std::string errors;                // JSON array text (validation), or empty
  bool input_required = false;       // the answer was a question to the client (MRTR)
  unsigned mrtr_round = 0;           // of a retry: asked so often before
  std::string mrtr_first;            // the same: tool_call_id of the first round
};

// Member order is that of SAOP section 4; `payload` is last.
EncodedEnvelope encode_thought(const ThoughtEnvelope& thought);
EncodedEnvelope encode_action(const ActionEnvelope& action);
EncodedEnvelope encode_observation(const ObservationEnvelope& observation);

// An entry with a name: `type` is hitl, lifecycle or system, and `event` of the payload
// (JSON object text) its name (SAOP 10).
EncodedEnvelope encode_event(std::string_view type, const EnvelopeOrigin& origin,
                             std::string_view payload);

// What the log needs to know of an envelope without ever parsing it again.
struct EnvelopeFacts {
  std::string type;  // "thought", ...
  // SSE event name of named entries, or empty: `event` in the payload (hitl, lifecycle,
  // system), or beside it (channel, graph: their payload is what the named event carries).
  std::string name;
  // Ids that fit their grammar; snake_case, else camelCase; empty when absent.
  std::string task_id, session_id, agent_id;
  // What field filters ask for (streams 3.3).  `tool`: of an action its
  // payload.tool_call.tool_name; of an observation its metadata.tool_name, else
  // payload.observation.tool_name.  `status`, `duration_ms`: of an observation.
  std::string tool = {}, status = {};
  std::optional<double> duration_ms = std::nullopt;
  std::int64_t timestamp_ns = 0;  // 0: absent, or outside its grammar
};
// Never fails: what is not there is empty.  Same answer live and in replay.
EnvelopeFacts facts_of(std::string_view compact_envelope);
// True for what its first bytes show to be a thought, an action or an observation:
// most of every log, and all that a raw stream of everything needs to know of it.
// False decides nothing.
bool is_plain_turn(std::string_view compact_envelope);

// The leniency table (SAOP 3.3): refuses what a publish may not be, naming the
// path (`/type: ...`); accepts everything else.
Status check_published_envelope(JsonView envelope);

// Names the streams keep for events of their own (streams 1.3).
bool is_control_event(std::string_view name);

// Every member of a flat observation (SAOP 3.2) that breaks its rule, all at once;
// empty when it conforms.
std::vector<std::string> validate_observation(JsonView envelope);

}  // namespace devs
