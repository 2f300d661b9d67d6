#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace devs {

// The rules of OTLP/JSON (opentelemetry-proto, docs/specification.md "JSON Protobuf
// Encoding", trace.proto, common.proto, resource.proto), and of the data model where it
// says "semantically required".  Names what breaks them; empty: a receiver takes it.
class OtlpRules {
 public:
  using Json = nlohmann::json;

  static std::vector<std::string> broken_by(const std::string& text) {
    OtlpRules rules;
    const Json file = Json::parse(text, nullptr, false);
    if (file.is_discarded()) {
      rules.bad("the file", "is no JSON");
    } else {
      rules.members("the file", file, {{"resourceSpans", Json::value_t::array}});
      for (const Json& each : rules.list(file, "resourceSpans")) rules.resource_spans(each);
    }
    return rules.broken_;
  }

 private:
  void bad(const std::string& where, const std::string& what) {
    broken_.push_back(where + ' ' + what);
  }

  // Only members of the message, of their type: lowerCamelCase names by the table.
  void members(const std::string& where, const Json& object,
               const std::map<std::string, Json::value_t>& allowed) {
    if (!object.is_object()) return bad(where, "is no object");
    for (const auto& [name, value] : object.items()) {
      const auto found = allowed.find(name);
      if (found == allowed.end())
        bad(where, "has no member " + name);
      else if (kind(value) != found->second)
        bad(where, name + " is of the wrong type");
    }
  }
  static Json::value_t kind(const Json& value) {
    return value.is_number_integer() ? Json::value_t::number_integer : value.type();
  }
  static Json list(const Json& object, const char* name) {
    return object.is_object() && object.contains(name) && object[name].is_array() ? object[name]
                                                                                  : Json::array();
  }

  void resource_spans(const Json& each) {
    members("resourceSpans", each,
            {{"resource", Json::value_t::object},
             {"scopeSpans", Json::value_t::array},
             {"schemaUrl", Json::value_t::string}});
    if (each.contains("resource")) {
      members("resource", each["resource"], {{"attributes", Json::value_t::array}});
      attributes("resource", each["resource"]);
      bool named = false;
      for (const Json& attribute : list(each["resource"], "attributes"))
        named = named || text(attribute, "key") == "service.name";
      if (!named) bad("resource", "lacks service.name");
    }
    for (const Json& scope : list(each, "scopeSpans")) {
      members("scopeSpans", scope,
              {{"scope", Json::value_t::object},
               {"spans", Json::value_t::array},
               {"schemaUrl", Json::value_t::string}});
      for (const Json& each_span : list(scope, "spans")) span(each_span);
    }
  }

  void span(const Json& span) {
    const std::string where = "span " + text(span, "spanId");
    members(where, span,
            {{"traceId", Json::value_t::string},
             {"spanId", Json::value_t::string},
             {"traceState", Json::value_t::string},
             {"parentSpanId", Json::value_t::string},
             {"flags", Json::value_t::number_integer},
             {"name", Json::value_t::string},
             {"kind", Json::value_t::number_integer},
             {"startTimeUnixNano", Json::value_t::string},
             {"endTimeUnixNano", Json::value_t::string},
             {"attributes", Json::value_t::array},
             {"droppedAttributesCount", Json::value_t::number_integer},
             {"events", Json::value_t::array},
             {"links", Json::value_t::array},
             {"status", Json::value_t::object}});
    if (!span.is_object()) return;
    if (!id(text(span, "traceId"), 32)) bad(where, "traceId is not 32 hex digits");
    if (!id(text(span, "spanId"), 16)) bad(where, "spanId is not 16 hex digits");
    if (span.contains("parentSpanId") && !id(text(span, "parentSpanId"), 16))
      bad(where, "parentSpanId is not 16 hex digits");
    if (span.contains("parentSpanId") && text(span, "parentSpanId") == text(span, "spanId"))
      bad(where, "is its own parent");
    if (!seen_.insert(text(span, "traceId") + text(span, "spanId")).second)
      bad(where, "is there twice");
    if (text(span, "name").empty()) bad(where, "has no name");
    if (const int kind = number(span, "kind"); kind < 1 || kind > 5) bad(where, "kind");
    const auto start = digits(where, text(span, "startTimeUnixNano"));
    if (digits(where, text(span, "endTimeUnixNano")) < start) bad(where, "ends before it starts");
    attributes(where, span);
    for (const Json& event : list(span, "events")) {
      members(where + " event", event,
              {{"timeUnixNano", Json::value_t::string},
               {"name", Json::value_t::string},
               {"attributes", Json::value_t::array},
               {"droppedAttributesCount", Json::value_t::number_integer}});
      digits(where + " event", text(event, "timeUnixNano"));
      if (text(event, "name").empty()) bad(where, "has an event without a name");
      attributes(where + " event", event);
    }
    if (span.contains("status")) {
      members(where + " status", span["status"],
              {{"code", Json::value_t::number_integer}, {"message", Json::value_t::string}});
      if (const int code = number(span["status"], "code"); code < 0 || code > 2)
        bad(where, "status code");
    }
  }

  void attributes(const std::string& where, const Json& owner) {
    std::set<std::string> keys;
    for (const Json& each : list(owner, "attributes")) {
      members(where + " attribute", each,
              {{"key", Json::value_t::string}, {"value", Json::value_t::object}});
      const std::string key = text(each, "key");
      if (key.empty() || !keys.insert(key).second)
        bad(where, "attribute key twice or empty: " + key);
      if (!each.is_object() || !each.contains("value")) continue;
      const Json& value = each["value"];
      members(where + ' ' + key, value,
              {{"stringValue", Json::value_t::string},
               {"boolValue", Json::value_t::boolean},
               {"intValue", Json::value_t::string},
               {"doubleValue", Json::value_t::number_float}});
      if (value.size() != 1) bad(where + ' ' + key, "must have one value");
      if (value.contains("intValue")) signed_digits(where, text(value, "intValue"));
    }
  }

  static std::string text(const Json& object, const char* name) {
    return object.is_object() && object.contains(name) && object[name].is_string()
               ? object[name].get<std::string>()
               : std::string();
  }
  static int number(const Json& object, const char* name) {
    return object.is_object() && object.contains(name) && object[name].is_number_integer()
               ? object[name].get<int>()
               : 0;
  }

  static bool id(const std::string& text, std::size_t digits) {
    return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos &&
           text.find_first_not_of('0') != text.npos;
  }
  // 64-bit integers are decimal strings.
  std::uint64_t digits(const std::string& where, const std::string& text) {
    if (text.empty() || text.size() > 20 || text.find_first_not_of("0123456789") != text.npos) {
      bad(where, "no fixed64: " + text);
      return 0;
    }
    return std::stoull(text);
  }
  void signed_digits(const std::string& where, const std::string& text) {
    const std::string bare = text.starts_with('-') ? text.substr(1) : text;
    if (bare.empty() || bare.size() > 19 || bare.find_first_not_of("0123456789") != bare.npos)
      bad(where, "no int64: " + text);
  }

  std::vector<std::string> broken_;
  std::set<std::string> seen_;
};

}  // namespace devs
