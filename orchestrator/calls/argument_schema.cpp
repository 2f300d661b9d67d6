#include "orchestrator/calls/argument_schema.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "protocol/json.h"

namespace devs {
namespace {

using Json = nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

constexpr std::size_t kMaxSchemaBytes = 256 * 1024;
constexpr std::size_t kMaxSchemaDepth = 32;
// What a check may have to visit: with its $refs unfolded a short schema can be endless.
constexpr std::size_t kMaxSubschemas = 2000;
constexpr std::size_t kMaxErrors = 20;
constexpr std::size_t kMaxHelpErrors = 5;
constexpr std::size_t kMaxHelpBytes = 2000;
// uniqueItems compares every pair: judged only where that is cheap.
constexpr std::size_t kMaxUniqueBytes = 4096;

// Keywords the validator lacks, or runs through std::regex, which overflows the
// stack on a stranger's text.
constexpr std::string_view kUnjudged[] = {"pattern",
                                          "patternProperties",
                                          "prefixItems",
                                          "unevaluatedItems",
                                          "unevaluatedProperties",
                                          "dependentRequired",
                                          "dependentSchemas",
                                          "minContains",
                                          "maxContains",
                                          "$dynamicRef",
                                          "$recursiveRef",
                                          "$anchor",
                                          "$dynamicAnchor",
                                          "$id"};

// Members whose values are data, not schemas.
bool is_data(const std::string& keyword) {
  return keyword == "const" || keyword == "enum" || keyword == "default" || keyword == "examples";
}
bool names_schemas(const std::string& keyword) {
  return keyword == "properties" || keyword == "$defs" || keyword == "definitions" ||
         keyword == "dependencies";
}

// The validator divides by it as a signed integer, and trusts it: 0 and -1 end the process.
bool is_divisor(const Json& value) {
  if (value.is_number_float()) return value.get<double>() > 0;
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return value.is_number_unsigned() && value.get<std::uint64_t>() - 1 < most;
}

// Removes `format`, which annotates (2020-12) and would run std::regex.
void drop_formats(Json& schema) {
  if (schema.is_object()) schema.erase("format");
  if (!schema.is_structured()) return;
  for (auto& [keyword, value] : schema.items()) {
    if (schema.is_object() && is_data(keyword)) continue;
    if (schema.is_object() && names_schemas(keyword) && value.is_object()) {
      for (Json& named : value) drop_formats(named);  // here the keys are names, not keywords
    } else {
      drop_formats(value);
    }
  }
}

// Walks a schema as a check would, into what each `$ref` names: the reason it cannot be
// judged, or none.
class Judge {
 public:
  explicit Judge(const Json& root) : root_(root) {}
  std::optional<std::string> complaint() { return look(root_, 1); }
  bool unique() const { return unique_; }

 private:
  std::optional<std::string> look(const Json& schema, std::size_t depth) {
    if (depth > kMaxSchemaDepth) return "nested deeper than 32";
    if (schema.is_array()) {
      for (const Json& part : schema)
        if (auto why = look(part, depth + 1)) return why;
      return std::nullopt;
    }
    if (!schema.is_object()) return std::nullopt;
    if (++seen_ > kMaxSubschemas) return "over 2000 subschemas";
    // A $ref into data, or to a map of names: what stands there was not meant as a schema.
    if (schema.contains("format")) return "format where a $ref leads";
    for (const auto& [keyword, value] : schema.items())
      if (auto why = look_into(keyword, value, depth + 1)) return why;
    return std::nullopt;
  }

  std::optional<std::string> look_into(const std::string& keyword, const Json& value,
                                       std::size_t depth) {
    if (is_data(keyword)) return std::nullopt;
    if (std::find(std::begin(kUnjudged), std::end(kUnjudged), keyword) != std::end(kUnjudged))
      return "keyword " + keyword;
    if (keyword == "uniqueItems") unique_ = true;
    if (keyword == "multipleOf" && !is_divisor(value)) return "multipleOf nothing";
    if (keyword == "$schema" && value.is_string()) {
      const auto& dialect = value.get_ref<const std::string&>();
      if (dialect.find("draft-07") == dialect.npos && dialect.find("2020-12") == dialect.npos)
        return "dialect " + dialect;
    }
    if (keyword == "$ref") return follow(value, depth);
    if (!names_schemas(keyword) || !value.is_object()) return look(value, depth);
    for (const Json& named : value)  // here the keys are names, not keywords
      if (auto why = look(named, depth)) return why;
    return std::nullopt;
  }

  std::optional<std::string> follow(const Json& ref, std::size_t depth) {
    const std::string where = ref.is_string() ? ref.get<std::string>() : "";
    if (!where.starts_with("#") || where.find('%') != where.npos)
      return "a $ref outside the schema";
    const Json::json_pointer pointer(where.substr(1));
    if (!root_.contains(pointer)) return "a $ref outside the schema";
    return look(root_[pointer], depth);
  }

  const Json& root_;
  bool unique_ = false;
  std::size_t seen_ = 0;
};

std::string type_of(const Json& property) {
  if (property.is_object() && property.contains("type")) {
    const Json& type = property["type"];
    if (type.is_string()) return type.get<std::string>();
    if (type.is_array() && !type.empty() && type[0].is_string()) return type[0].get<std::string>();
  }
  return "any";
}

// A value that fits, for the example: the schema's own words first.
Json example_of(const Json& property) {
  if (!property.is_object()) return "...";
  if (property.contains("default")) return property["default"];
  if (property.contains("examples") && property["examples"].is_array() &&
      !property["examples"].empty())
    return property["examples"][0];
  if (property.contains("const")) return property["const"];
  if (property.contains("enum") && property["enum"].is_array() && !property["enum"].empty())
    return property["enum"][0];
  const std::string type = type_of(property);
  if (type == "integer" || type == "number") return property.value("minimum", Json(1));
  if (type == "boolean") return true;
  if (type == "array") return Json::array();
  if (type == "object") return Json::object();
  if (type == "null") return nullptr;
  return "...";
}

class Compiled final : public ArgumentSchema {
 public:
  explicit Compiled(std::string_view text) {
    source_ = text.size() > kMaxSchemaBytes
                  ? Json()
                  : Json::parse(text, nullptr, /*allow_exceptions=*/false);
    Json judged = source_;
    if (text.size() > kMaxSchemaBytes) {
      unchecked_ = "over 256 KiB";
    } else if (!source_.is_object()) {
      unchecked_ = "not a JSON object";
    } else {
      try {  // the libraries' own exceptions end here
        compile(judged);
      } catch (const std::exception& error) {
        unchecked_ = error.what();
      }
    }
  }

  std::vector<SchemaError> check(std::string_view arguments) const override {
    if (!unchecked_.empty() || (unique_ && arguments.size() > kMaxUniqueBytes)) return {};
    const Json tree = Json::parse(arguments, nullptr, false);
    valijson::ValidationResults results;
    try {
      valijson::Validator validator;
      if (validator.validate(schema_, NlohmannJsonAdapter(tree), &results)) return {};
    } catch (const std::exception& error) {
      return {{"", "schema", error.what()}};
    }
    std::vector<SchemaError> errors = missing(tree);
    valijson::ValidationResults::Error error;
    while (errors.size() < kMaxErrors && results.popError(error)) {
      if (error.description.starts_with("Missing required property")) continue;  // said better
      errors.push_back(
          {pointer(error.context), rule_of(error.description), sentence(error.description)});
    }
    if (errors.empty()) errors.push_back({"", "schema", "does not conform to the input schema"});
    return errors;
  }

  const std::string& unchecked_reason() const override { return unchecked_; }

  std::string help(std::string_view tool, const std::vector<SchemaError>& errors) const override {
    std::string text = "Invalid arguments for " + std::string(tool) + ".";
    for (std::size_t i = 0; i < errors.size() && i < kMaxHelpErrors; ++i)
      text += "\n- " + (errors[i].path.empty() ? "/" : errors[i].path) + ": " + errors[i].message;
    if (errors.size() > kMaxHelpErrors)
      text += "\n- and " + std::to_string(errors.size() - kMaxHelpErrors) + " more";

    Json example = Json::object();
    std::string required;
    for (const std::string& name : required_names()) {
      const Json property = property_of(name);
      required += (required.empty() ? "" : ", ") + name + " (" + type_of(property) + ")";
      example[name] = example_of(property);
    }
    if (!required.empty()) text += "\nRequired: " + required;
    const std::string sample =
        "\nExample: " + example.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() + sample.size() > kMaxHelpBytes)
      return std::string(utf8_prefix(text, kMaxHelpBytes));
    return text + sample;
  }

 private:
  void compile(Json& judged) {
    drop_formats(judged);
    Judge judge(judged);
    if (auto why = judge.complaint()) {
      unchecked_ = std::move(*why);
      return;
    }
    unique_ = judge.unique();
    NlohmannJsonAdapter adapter(judged);
    valijson::SchemaParser parser;
    parser.populateSchema(adapter, schema_);
  }

  std::vector<std::string> required_names() const {
    std::vector<std::string> names;
    if (source_.is_object() && source_.contains("required") && source_["required"].is_array())
      for (const Json& name : source_["required"])
        if (name.is_string()) names.push_back(name.get<std::string>());
    return names;
  }
  Json property_of(const std::string& name) const {
    if (!source_.contains("properties") || !source_["properties"].is_object()) return {};
    const Json& all = source_["properties"];
    return all.contains(name) ? all[name] : Json();
  }
  std::vector<SchemaError> missing(const Json& arguments) const {
    std::vector<SchemaError> errors;
    for (const std::string& name : required_names())
      if (arguments.is_object() && !arguments.contains(name) && errors.size() < kMaxErrors)
        errors.push_back(
            {"/" + name, "required", "is required (" + type_of(property_of(name)) + ")"});
    return errors;
  }

  // "<root>", "[path]" "[0]" ... to a JSON pointer.
  static std::string pointer(const std::vector<std::string>& context) {
    std::string path;
    for (const std::string& part : context) {
      if (part.size() < 2 || part.front() != '[') continue;
      path += '/';
      std::string_view name(part);
      name = name.substr(1, name.size() - 2);
      if (name.size() >= 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
      for (char c : name) path += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return path;
  }
  static std::string rule_of(std::string_view description) {
    if (description.find("type") != description.npos) return "type";
    if (description.find("additional") != description.npos) return "additionalProperties";
    if (description.find("enum") != description.npos) return "enum";
    return "schema";
  }
  static std::string sentence(std::string text) {
    while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
      text[0] = static_cast<char>(text[0] + 32);
    return std::string(utf8_prefix(text, 300));
  }

  Json source_;
  valijson::Schema schema_;
  std::string unchecked_;
  bool unique_ = false;
};

}  // namespace

std::shared_ptr<const ArgumentSchema> ArgumentSchema::compile(std::string_view schema_json) {
  return std::make_shared<const Compiled>(schema_json);
}

}  // namespace devs
