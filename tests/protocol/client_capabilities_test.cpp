#include "protocol/client_capabilities.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

constexpr std::string_view kAll =
    R"({"roots":{},"sampling":{"tools":{}},"elicitation":{"form":{},"url":{}}})";
const JsonView kForm(
    R"({"message":"?","requestedSchema":{"type":"object","properties":{"a":{"type":"string"}}}})");
const JsonView kLists(
    R"({"message":"?","requestedSchema":{"type":"object","properties":{"a":{"type":"boolean"},)"
    R"("b":{"type":"array","items":{"type":"string","enum":["x"]}}}}})");
const JsonView kUrl(R"({"mode":"url","message":"?","url":"https://example.com"})");
const JsonView kTools(R"({"messages":[],"maxTokens":1,"tools":[]})");

TEST_CASE("[M9] ClientCapabilities: nobody is asked what his revision has no message for") {
  struct Row {
    McpRevision revision;
    bool form, lists, url, tools;
  };
  for (const Row& row : {Row{McpRevision::v2024_11_05, false, false, false, false},
                         Row{McpRevision::v2025_03_26, false, false, false, false},
                         Row{McpRevision::v2025_06_18, true, false, false, false},
                         Row{McpRevision::v2025_11_25, true, true, true, true},
                         Row{McpRevision::v2026_07_28, true, true, true, true}}) {
    CAPTURE(name_of(row.revision));
    const ClientCapabilities client = decode_client_capabilities(JsonView(kAll), row.revision);
    CHECK(may_be_asked(client, "roots/list", {}));
    CHECK(may_be_asked(client, "sampling/createMessage", {}));
    CHECK(may_be_asked(client, "sampling/createMessage", kTools) == row.tools);
    CHECK(may_be_asked(client, "elicitation/create", kForm) == row.form);
    CHECK(may_be_asked(client, "elicitation/create", kLists) == row.lists);
    CHECK(may_be_asked(client, "elicitation/create", kUrl) == row.url);
    CHECK_FALSE(may_be_asked(client, "tools/call", {}));
  }
}

TEST_CASE(
    "[M9] ClientCapabilities: what is not declared is not asked, an empty elicitation is form") {
  const auto of = [](std::string_view json) {
    return decode_client_capabilities(JsonView(json), McpRevision::v2025_11_25);
  };
  CHECK(of("{}") == ClientCapabilities{});
  CHECK(of(R"({"roots":true,"sampling":null,"elicitation":[]})") == ClientCapabilities{});
  const ClientCapabilities empty = of(R"({"elicitation":{}})");
  CHECK(may_be_asked(empty, "elicitation/create", kLists));
  CHECK_FALSE(may_be_asked(empty, "elicitation/create", kUrl));
  const ClientCapabilities url = of(R"({"elicitation":{"url":{}}})");
  CHECK_FALSE(may_be_asked(url, "elicitation/create", kForm));
  CHECK_FALSE(may_be_asked(url, "elicitation/create", kLists));
}

}  // namespace
}  // namespace devs
