#include "orchestrator/export/envelope_parts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kMaxMs = std::numeric_limits<std::int64_t>::max() / kNsPerMs;

// W3C Trace Context: lower-case hex, not all zero.
std::string span_hex(JsonView value, std::size_t digits) {
  const std::string_view quoted = value.text();
  if (quoted.size() != digits + 2 || !value.is_string()) return {};
  const std::string_view text = quoted.substr(1, digits);
  const bool hex_only = text.find_first_not_of("0123456789abcdef") == text.npos;
  return hex_only && text.find_first_not_of('0') != text.npos ? std::string(text) : std::string();
}

std::string id_text(JsonView value) {
  auto text = value.string();
  return text && is_saop_id(*text) ? std::move(*text) : std::string();
}

// A valid prefix: what is cut is no longer JSON, and is shown as text.
std::string cut(std::string_view text) {
  return std::string(utf8_prefix(text, kMaxExportedText));
}

std::string words_of(const std::string& type, JsonView payload, JsonView out, JsonView err) {
  if (type == "thought") {
    const JsonView chain = payload["analysis"]["reasoning_chain"];
    return cut((chain.present() ? chain : payload["content"]).string().value_or(""));
  }
  if (type == "action") return cut(payload["tool_call"]["arguments"].text());
  if (type != "observation") return {};
  const std::string text = out.string().value_or("");
  return cut(text.empty() ? err.string().value_or("") : text);
}

}  // namespace

std::size_t EnvelopeParts::bytes() const {
  return sizeof *this + event_id.size() + agent_role.size() + thread_id.size() +
         tool_call_id.size() + server.size() + request_id.size() + trace_id.size() +
         span_id.size() + parent_span_id.size() + text.size() + facts.type.size() +
         facts.name.size() + facts.task_id.size() + facts.session_id.size() +
         facts.agent_id.size() + facts.tool.size() + facts.status.size();
}

EnvelopeParts EnvelopeReader::read(const StoredLine& line) {
  JsonView role, thread, call, trace, span, parent, turn, index, exit_code, duration, metadata,
      payload, out, err;
  JsonView(line.body).pick({{"agent_role", &role},
                            {"thread_id", &thread},
                            {"tool_call_id", &call},
                            {"trace_id", &trace},
                            {"span_id", &span},
                            {"parent_span_id", &parent},
                            {"turn_index", &turn},
                            {"call_index", &index},
                            {"exit_code", &exit_code},
                            {"duration_ms", &duration},
                            {"metadata", &metadata},
                            {"payload", &payload},
                            {"stdout", &out},
                            {"stderr", &err}});
  EnvelopeParts parts;
  parts.sequence = line.sequence;
  parts.event_id = encode_event_id(epoch_, line.sequence);
  parts.facts = facts_of(line.body);
  parts.agent_role = id_text(role);
  parts.thread_id = id_text(thread);
  parts.tool_call_id = id_text(call);
  parts.trace_id = span_hex(trace, 32);
  parts.span_id = span_hex(span, 16);
  parts.parent_span_id = span_hex(parent, 16);
  parts.turn_index = turn.integer();
  parts.call_index = index.integer();
  parts.exit_code = exit_code.integer();
  if (const auto ms = duration.number(); ms && std::isfinite(*ms) && *ms >= 0)
    parts.duration_ms = ms;
  const JsonView tool_call = payload["tool_call"];
  const JsonView server = tool_call["server"].present() ? tool_call["server"] : metadata["server"];
  parts.server = cut(server.string().value_or(""));
  parts.request_id = cut(tool_call["jsonrpc_request_id"].string().value_or(""));
  if (content_) parts.text = words_of(parts.facts.type, payload, out, err);

  if (parts.facts.timestamp_ns > 0) {
    last_ns_ = parts.facts.timestamp_ns;
  } else if (line.stored_ms > 0) {
    last_ns_ = std::min(line.stored_ms, kMaxMs) * kNsPerMs;
  }
  parts.time_ns = last_ns_;
  return parts;
}

bool is_failure(const EnvelopeParts& observation) {
  if (observation.exit_code) return *observation.exit_code != 0;
  return !observation.facts.status.empty() && observation.facts.status != "SUCCESS";
}

std::int64_t start_of(const EnvelopeParts* action, const EnvelopeParts& observation) {
  const std::int64_t end = observation.time_ns;
  if (action != nullptr) return std::min(action->time_ns, end);
  const double ns = observation.duration_ms.value_or(0) * double{kNsPerMs};
  return ns >= static_cast<double>(end) ? 0 : end - static_cast<std::int64_t>(ns);
}

}  // namespace devs
