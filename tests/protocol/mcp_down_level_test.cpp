#include <doctest/doctest.h>

#include <string>

#include "protocol/mcp.h"

namespace devs {
namespace {

using R = McpRevision;

const char* const kTool =
    R"({"name":"t","title":"T","description":"d","icons":[],"inputSchema":{"type":"object"},)"
    R"("outputSchema":{"type":"object"},"annotations":{"title":"T"},"execution":{},"_meta":{"k":1.0}})";

TEST_CASE("down_level_tool: each revision sees what it brought") {
  CHECK(down_level_tool(kTool, R::v2025_11_25) == kTool);
  CHECK(down_level_tool(kTool, R::v2025_06_18) ==
        R"({"name":"t","title":"T","description":"d","inputSchema":{"type":"object"},)"
        R"("outputSchema":{"type":"object"},"annotations":{"title":"T"},"_meta":{"k":1.0}})");
  CHECK(down_level_tool(kTool, R::v2025_03_26) ==
        R"({"name":"t","description":"d","inputSchema":{"type":"object"},)"
        R"("annotations":{"title":"T"},"_meta":{"k":1.0}})");
  CHECK(down_level_tool(kTool, R::v2024_11_05) ==
        R"({"name":"t","description":"d","inputSchema":{"type":"object"},"_meta":{"k":1.0}})");
}

TEST_CASE("down_level_tool: an output schema that is no object is modern") {
  const std::string tool = R"({"name":"t","outputSchema":{"type":"array"}})";
  CHECK(down_level_tool(tool, R::v2025_11_25) == R"({"name":"t"})");
}

TEST_CASE("listed_tool: 2025-11-25 alone hears whether a tool can be called as a task") {
  const auto listed = [](std::string json, TaskMode mode, R revision = R::v2025_11_25) {
    ToolSpec spec;
    spec.json = std::move(json);
    spec.task = mode;
    return listed_tool(spec, revision);
  };
  const std::string plain = R"({"name":"t"})";
  const std::string optional = R"({"name":"t","execution":{"taskSupport":"optional"}})";
  const std::string required = R"({"name":"t","execution":{"taskSupport":"required"}})";
  CHECK(listed(plain, TaskMode::automatic) == optional);
  CHECK(listed(plain, TaskMode::required) == required);
  CHECK(listed(plain, TaskMode::never) == plain);
  CHECK(listed(R"({"execution":{"taskSupport":"forbidden"},"name":"t"})", TaskMode::always) ==
        optional);
  CHECK(listed(required, TaskMode::required) == required);
  // Its server says so without having declared tasks: it is called as any other.
  CHECK(listed(required, TaskMode::automatic) == optional);
  for (const R revision : {R::v2025_06_18, R::v2026_07_28})
    CHECK(listed(optional, TaskMode::automatic, revision) == plain);
}

TEST_CASE("down_level_result: what every revision knows stays as it is, byte for byte") {
  for (const std::string result :
       {R"({"content":[]})", R"({"content":[{"type":"text","text":"\u0041"}],"isError":true})",
        R"({"_meta":{"x":1.10},"content":[{"type":"image","data":"AA==","mimeType":"i/x"}]})"}) {
    for (const R revision : {R::v2024_11_05, R::v2025_03_26, R::v2025_06_18, R::v2025_11_25}) {
      CHECK(down_level_result(result, revision) == result);
    }
  }
}

TEST_CASE("down_level_result: no legacy client sees a modern member") {
  CHECK(down_level_result(R"({"resultType":"complete","content":[],"ttlMs":5,"cacheScope":"x",)"
                          R"("_meta":{"io.modelcontextprotocol/serverInfo":{},"k":1}})",
                          R::v2025_11_25) == R"({"content":[],"_meta":{"k":1}})");
}

TEST_CASE("down_level_result: structured content goes, and its text only if there is none") {
  const std::string list = R"({"content":[],"structuredContent":[1,"a"]})";
  CHECK(down_level_result(list, R::v2025_11_25) ==
        R"({"content":[{"type":"text","text":"[1,\"a\"]"}]})");
  const std::string said = R"({"structuredContent":7,"content":[{"type":"text","text":"seven"}]})";
  CHECK(down_level_result(said, R::v2025_11_25) ==
        R"({"content":[{"type":"text","text":"seven"}]})");

  const std::string object =
      R"({"content":[{"type":"text","text":"x"}],"structuredContent":{"a":1}})";
  CHECK(down_level_result(object, R::v2025_11_25) == object);
  CHECK(down_level_result(object, R::v2025_06_18) == object);
  CHECK(down_level_result(object, R::v2025_03_26) == R"({"content":[{"type":"text","text":"x"}]})");
  CHECK(down_level_result(R"({"structuredContent":{"a":1}})", R::v2025_03_26) ==
        R"({"content":[{"type":"text","text":"{\"a\":1}"}]})");
}

TEST_CASE("down_level_result: blocks an old client cannot show become words") {
  const std::string result =
      R"({"content":[{"type":"audio","data":"UklGRg==","mimeType":"audio/wav"},)"
      R"({"type":"resource_link","name":"n","uri":"file:///a","title":"T","icons":[]}]})";
  CHECK(down_level_result(result, R::v2025_11_25) == result);
  CHECK(down_level_result(result, R::v2025_06_18) ==
        R"({"content":[{"type":"audio","data":"UklGRg==","mimeType":"audio/wav"},)"
        R"({"type":"resource_link","name":"n","uri":"file:///a","title":"T"}]})");
  CHECK(down_level_result(result, R::v2025_03_26) ==
        R"({"content":[{"type":"audio","data":"UklGRg==","mimeType":"audio/wav"},)"
        R"({"type":"text","text":"n: file:///a"}]})");
  CHECK(down_level_result(result, R::v2024_11_05) ==
        R"({"content":[{"type":"text","text":"[audio/wav, 4 bytes]"},)"
        R"({"type":"text","text":"n: file:///a"}]})");
}

TEST_CASE("down_level_result: an answer without content gets an empty one") {
  CHECK(down_level_result("{}", R::v2025_11_25) == R"({"content":[]})");
  CHECK(down_level_result(R"({"isError":true})", R::v2024_11_05) ==
        R"({"isError":true,"content":[]})");
  CHECK(down_level_result(R"({"content":"2.0","x":1})", R::v2025_06_18) ==
        R"({"x":1,"content":[]})");
}

}  // namespace
}  // namespace devs
