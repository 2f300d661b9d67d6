#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace devs {

// The attributes of a span, a resource or an event: `[{"key":..,"value":{..}},..]`.
class OtlpAttributes {
 public:
  OtlpAttributes& text(std::string_view key, std::string_view value);
  OtlpAttributes& text_if(std::string_view key,
                          std::string_view value);  // not when empty
  OtlpAttributes& number(std::string_view key, std::int64_t value);
  OtlpAttributes& flag(std::string_view key, bool value);

  // The JSON array.
  std::string json() const { return '[' + members_ + ']'; }

 private:
  void begin(std::string_view key);

  std::string members_;
};

// One element of `spans`.  OTLP/JSON: ids in lower-case hex, enums as integers, 64-bit
// integers as strings of digits, names in lowerCamelCase.
struct OtlpSpan {
  static constexpr int kInternal = 1, kServer = 2;  // kind
  static constexpr int kUnset = 0, kError = 2;      // status

  std::string trace_id, span_id, parent_span_id;
  std::string name;
  int kind = kInternal;
  std::int64_t start_ns = 0, end_ns = 0;
  OtlpAttributes attributes;
  std::string event;  // name of one event at start_ns; empty: none
  OtlpAttributes event_attributes;
  int status = kUnset;
};
void append_otlp_span(std::string& out, const OtlpSpan& span);

// The first `digits` hex digits of the SHA-256 of `text`: an id for what came without
// one, the same in every export.
std::string otlp_id_of(std::string_view text, std::size_t digits);

}  // namespace devs
