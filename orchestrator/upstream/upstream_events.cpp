#include "orchestrator/upstream/upstream_events.h"

#include <utility>

#include "protocol/envelope.h"
#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::string_view kBeforeStamp =
    R"({"type":"system","schema_version":"1.0.0","turn_index":0,"timestamp_ns":")";

// `more`: the other members of payload, each with its comma in front.
Draft system_event(std::string_view event, std::string_view server, std::string_view more) {
  EncodedEnvelope envelope;
  envelope.body = kBeforeStamp;
  envelope.stamp_at = envelope.body.size();
  envelope.body.append(kStampDigits, '0');
  envelope.body += R"(","payload":{"event":)";
  append_json_string(envelope.body, event);
  envelope.body += R"(,"server":)";
  append_json_string(envelope.body, server);
  envelope.body += more;
  envelope.body += "}}";
  return draft_of(std::move(envelope));
}

void append_names(std::string& out, const std::vector<std::string>& names) {
  out += '[';
  for (const std::string& name : names) {
    if (!out.ends_with('[')) out += ',';
    append_json_string(out, name);
  }
  out += ']';
}

}  // namespace

Draft upstream_down(std::string_view server, std::string_view reason) {
  return system_event("UPSTREAM_DOWN", server, R"(,"reason":)" + json_string(reason));
}

Draft upstream_up(std::string_view server) {
  return system_event("UPSTREAM_UP", server, "");
}

Draft tools_changed(std::string_view server, const std::vector<std::string>& added,
                    const std::vector<std::string>& removed) {
  std::string more = R"(,"added":)";
  append_names(more, added);
  more += R"(,"removed":)";
  append_names(more, removed);
  return system_event("TOOLS_CHANGED", server, more);
}

}  // namespace devs
