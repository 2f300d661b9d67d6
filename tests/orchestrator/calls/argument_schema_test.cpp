#include "orchestrator/calls/argument_schema.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

constexpr const char* kPath =
    R"({"type":"object","properties":{"path":{"type":"string"},"depth":{"type":"integer"}},"required":["path"],"additionalProperties":false})";

TEST_CASE("ArgumentSchema: arguments that conform have no errors") {
  const auto schema = ArgumentSchema::compile(kPath);
  CHECK(schema->unchecked_reason().empty());
  CHECK(schema->check(R"({"path":"a","depth":3})").empty());
}

TEST_CASE("ArgumentSchema: what is missing, mistyped or extra is named by its path") {
  const auto schema = ArgumentSchema::compile(kPath);
  const auto missing = schema->check("{}");
  REQUIRE(missing.size() >= 1);
  CHECK(missing[0].path == "/path");
  CHECK(missing[0].rule == "required");
  CHECK(missing[0].message == "is required (string)");

  const auto mistyped = schema->check(R"({"path":3})");
  REQUIRE_FALSE(mistyped.empty());
  bool names_path = false;
  for (const auto& error : mistyped) names_path = names_path || error.path == "/path";
  CHECK(names_path);
  CHECK_FALSE(schema->check(R"({"path":"a","nonsense":1})").empty());
}

TEST_CASE("ArgumentSchema: a $ref to what is no schema is not followed into what it names") {
  for (
      const char* odd :
      {R"({"properties":{"format":{"$ref":"#/properties"}}})",
       R"({"properties":{"a":{"enum":[{"format":"date"}]},"b":{"$ref":"#/properties/a/enum/0"}}})"}) {
    CAPTURE(odd);
    CHECK_FALSE(ArgumentSchema::compile(odd)->unchecked_reason().empty());
  }
}

TEST_CASE("ArgumentSchema: `format` annotates; as a name or within data it stays what it is") {
  const auto schema = ArgumentSchema::compile(
      R"({"type":"object","properties":{"format":{"type":"integer","format":"email"},)"
      R"("pick":{"enum":[{"format":"x"}]}},"additionalProperties":false})");
  CHECK(schema->unchecked_reason() == "");
  CHECK(schema->check(R"({"format":3,"pick":{"format":"x"}})").empty());
  CHECK_FALSE(schema->check(R"({"format":"a@b"})").empty());
  CHECK_FALSE(schema->check(R"({"pick":{}})").empty());
}

TEST_CASE("ArgumentSchema: help names tool, members, and a valid example") {
  const auto schema = ArgumentSchema::compile(kPath);
  const std::string help = schema->help("read_file", schema->check("{}"));
  CHECK(help.starts_with("Invalid arguments for read_file.\n- /path: is required (string)"));
  CHECK(help.find("Required: path (string)") != help.npos);
  CHECK(help.find(R"(Example: {"path":"..."})") != help.npos);
  CHECK(help.size() <= 2000);
}

TEST_CASE("ArgumentSchema: help stays within 2000 bytes however long the names are") {
  std::string properties, required;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "\"member_with_a_long_name_" + std::to_string(i) + "\"";
    properties += (i ? "," : "") + name + R"(:{"type":"string"})";
    required += (i ? "," : "") + name;
  }
  const auto schema = ArgumentSchema::compile(R"({"type":"object","properties":{)" + properties +
                                              R"(},"required":[)" + required + "]}");
  const auto errors = schema->check("{}");
  CHECK(errors.size() <= 20);
  CHECK(schema->help("many", errors).size() <= 2000);
}

TEST_CASE("ArgumentSchema: what it cannot judge passes, and says so") {
  struct Case {
    const char* schema;
    const char* reason;
  };
  for (const Case& each :
       {Case{R"({"type":"object","properties":{"a":{"type":"string","pattern":"(a+)+$"}}})",
             "pattern"},
        Case{R"({"$ref":"https://example.test/schema.json"})", "$ref"},
        Case{R"({"$schema":"http://json-schema.org/draft-04/schema#","type":"object"})", "dialect"},
        Case{R"({"type":"array","prefixItems":[{"type":"string"}]})", "prefixItems"},
        Case{"[]", "not a JSON object"}}) {
    CAPTURE(each.schema);
    const auto schema = ArgumentSchema::compile(each.schema);
    CHECK(schema->unchecked_reason().find(each.reason) != std::string::npos);
    CHECK(schema->check(R"({"a":1})").empty());
  }
}

TEST_CASE("ArgumentSchema: a property may be named like a keyword") {
  const auto schema = ArgumentSchema::compile(
      R"({"type":"object","properties":{"pattern":{"type":"string"},"format":{"type":"string"}},"required":["pattern"]})");
  CHECK(schema->unchecked_reason().empty());
  CHECK(schema->check(R"({"pattern":"*.txt","format":"x"})").empty());
  CHECK_FALSE(schema->check(R"({"pattern":1})").empty());
}

TEST_CASE("ArgumentSchema: a schema over its bounds is not judged") {
  std::string deep = R"({"type":"string"})";
  for (int i = 0; i < 40; ++i) deep = R"({"type":"object","properties":{"a":)" + deep + "}}";
  CHECK(ArgumentSchema::compile(deep)->unchecked_reason() == "nested deeper than 32");
  const std::string large =
      R"({"type":"object","description":")" + std::string(256 * 1024, 'x') + "\"}";
  CHECK(ArgumentSchema::compile(large)->unchecked_reason() == "over 256 KiB");
}

TEST_CASE("ArgumentSchema: local references are followed") {
  const auto schema = ArgumentSchema::compile(
      R"({"type":"object","properties":{"a":{"$ref":"#/$defs/word"}},"$defs":{"word":{"type":"string"}}})");
  CHECK(schema->unchecked_reason().empty());
  CHECK(schema->check(R"({"a":"x"})").empty());
  CHECK_FALSE(schema->check(R"({"a":1})").empty());
}

TEST_CASE(
    "[M62] ArgumentSchema: a schema that contains itself, or unfolds without end, is not judged") {
  for (const char* circle :
       {R"({"$ref":"#"})",
        R"({"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"})",
        R"({"type":"object","properties":{"next":{"$ref":"#"}}})"}) {
    CAPTURE(circle);
    const auto schema = ArgumentSchema::compile(circle);
    CHECK(schema->unchecked_reason() == "nested deeper than 32");
    CHECK(schema->check("{}").empty());
  }
  // Each names the next four times: 4^6 checks of one value.
  std::string bomb = R"({"$ref":"#/$defs/d0","$defs":{"d6":{"type":"object"})";
  for (int i = 0; i < 6; ++i) {
    const std::string next = R"({"$ref":"#/$defs/d)" + std::to_string(i + 1) + "\"}";
    bomb += ",\"d" + std::to_string(i) + R"(":{"allOf":[)" + next + "," + next + "," + next + "," +
            next + "]}";
  }
  CHECK(ArgumentSchema::compile(bomb + "}}")->unchecked_reason() == "over 2000 subschemas");
  CHECK(ArgumentSchema::compile(R"({"$ref":"#/$defs/gone"})")->unchecked_reason().find("$ref") ==
        2);
  CHECK_FALSE(ArgumentSchema::compile(R"({"$ref":"#/~9"})")->unchecked_reason().empty());
}

TEST_CASE("[M62] ArgumentSchema: multipleOf what nothing is a multiple of ends no process") {
  for (const char* divisor : {"0", "-1", "0.0", "-2.5", "18446744073709551615", "\"2\"", "null"}) {
    CAPTURE(divisor);
    const std::string part =
        "{\"properties\":{\"a\":{\"multipleOf\":" + std::string(divisor) + "}}}";
    for (const std::string& schema :
         {part, "{\"dependencies\":{\"const\":" + part + "}}", "{\"not\":" + part + "}",
          "{\"default\":" + part + R"(,"$ref":"#/default"})"}) {
      const auto judged = ArgumentSchema::compile(schema);
      CHECK(judged->unchecked_reason() == "multipleOf nothing");
      CHECK(judged->check(R"({"const":1,"a":-9223372036854775808})").empty());
    }
  }
  const auto even = ArgumentSchema::compile(R"({"properties":{"a":{"multipleOf":2}}})");
  CHECK(even->unchecked_reason().empty());
  CHECK(even->check(R"({"a":-9223372036854775808})").empty());
  CHECK_FALSE(even->check(R"({"a":3})").empty());
  CHECK(ArgumentSchema::compile(R"({"multipleOf":9223372036854775807})")->unchecked_reason() == "");
}

}  // namespace
}  // namespace devs
