#include "orchestrator/pretty_json.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("pretty_json: a member per line, scalars as they are written") {
  CHECK(pretty_json(JsonView(R"({"a":1.50,"b":[true,{"c":"x,y:{}\"\\"}],"d":{},"e":[]})")) ==
        "{\n  \"a\": 1.50,\n  \"b\": [\n    true,\n    {\n      \"c\": \"x,y:{}\\\"\\\\\"\n"
        "    }\n  ],\n  \"d\": {},\n  \"e\": []\n}");
  CHECK(pretty_json(JsonView("7")) == "7");
  CHECK(pretty_json(JsonView()).empty());
}

TEST_CASE("pretty_json: what it prints is the same JSON") {
  const std::string text =
      R"({"payload":{"deep":[[[[{"x":[1,2,{"y":null}]}]]]]},"s":"\u001b[0m [1,2]"})";
  const auto again = compact_json(pretty_json(JsonView(text)), kRequestJson);
  REQUIRE(again.ok());
  CHECK(*again == text);
}

}  // namespace
}  // namespace devs
