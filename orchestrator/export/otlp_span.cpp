#include "orchestrator/export/otlp_span.h"

#include "protocol/envelope_writer.h"
#include "trace/sha256.h"

namespace devs {

void OtlpAttributes::begin(std::string_view key) {
  if (!members_.empty()) members_ += ',';
  members_ += "{\"key\":";
  append_json_string(members_, key);
  members_ += ",\"value\":{";
}

OtlpAttributes& OtlpAttributes::text(std::string_view key, std::string_view value) {
  begin(key);
  members_ += "\"stringValue\":";
  append_json_string(members_, value);
  members_ += "}}";
  return *this;
}

OtlpAttributes& OtlpAttributes::text_if(std::string_view key, std::string_view value) {
  return value.empty() ? *this : text(key, value);
}

OtlpAttributes& OtlpAttributes::number(std::string_view key, std::int64_t value) {
  begin(key);
  members_.append("\"intValue\":\"").append(std::to_string(value)).append("\"}}");
  return *this;
}

OtlpAttributes& OtlpAttributes::flag(std::string_view key, bool value) {
  begin(key);
  members_.append("\"boolValue\":").append(value ? "true" : "false").append("}}");
  return *this;
}

void append_otlp_span(std::string& out, const OtlpSpan& span) {
  MemberWriter members(out);
  members.text("traceId", span.trace_id)
      .text("spanId", span.span_id)
      .text_if("parentSpanId", span.parent_span_id)
      .text("name", span.name)
      .json("kind", std::to_string(span.kind))
      .text("startTimeUnixNano", std::to_string(span.start_ns))
      .text("endTimeUnixNano", std::to_string(span.end_ns))
      .json("attributes", span.attributes.json());
  if (!span.event.empty()) {
    members.begin("events");
    out += '[';
    MemberWriter event(out);
    event.text("timeUnixNano", std::to_string(span.start_ns))
        .text("name", span.event)
        .json("attributes", span.event_attributes.json())
        .end();
    out += ']';
  }
  // The code said although it may be left out when it is 0: receivers are stricter than protobuf.
  members.json("status", R"({"code":)" + std::to_string(span.status) + '}');
  members.end();
}

std::string otlp_id_of(std::string_view text, std::size_t digits) {
  return sha256_hex(text).substr(0, digits);
}

}  // namespace devs
