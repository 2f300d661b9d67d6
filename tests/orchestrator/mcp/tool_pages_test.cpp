#include "orchestrator/mcp/mcp_endpoint.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"

namespace devs {
namespace {

TEST_CASE("McpEndpoint: tools are listed in pages, odd cursors are -32602") {
  McpFixture fixture({.mcp = {.page_size = 1}});
  const McpClient client = fixture.ready();
  const WireAnswer first = client.post(rpc("1", "tools/list"));
  CHECK(result_of(first)["tools"].size() == 1);
  const std::string next = result_of(first)["nextCursor"].string().value_or("");
  REQUIRE_FALSE(next.empty());
  const WireAnswer second =
      client.post(rpc("2", "tools/list", "{\"cursor\":" + json_string(next) + "}"));
  CHECK(result_of(second)["tools"].size() == 1);
  CHECK_FALSE(result_of(second)["nextCursor"].present());
  for (const char* params : {R"({"cursor":""})", R"({"cursor":"garbage"})", R"({"cursor":1})",
                             R"({"cursor":null})", "[]"}) {
    CAPTURE(params);
    CHECK(error_code_of(client.post(rpc("3", "tools/list", params))) == -32602);
  }
  CHECK(result_of(client.post(rpc("4", "tools/list", "{}")))["tools"].size() == 1);
}

TEST_CASE("[M65] McpEndpoint: ten thousand tools come in ten pages, each once and in order") {
  McpFixture fixture;
  std::vector<ToolPtr> many;
  std::vector<std::string> expected{"echo", "held"};
  for (int i = 0; i < 9'998; ++i) {
    const std::string name = "many__t" + std::to_string(10'000 + i);
    auto tool = std::make_shared<HeldTool>(name);
    tool->belongs_to("many");
    many.push_back(std::move(tool));
    expected.push_back(name);
  }
  REQUIRE(fixture.house.tools.replace("many", std::move(many)).empty());

  const McpClient legacy = fixture.ready();
  const ModernClient modern(fixture.port());
  for (const bool is_modern : {false, true}) {
    CAPTURE(is_modern);
    std::vector<std::string> listed;
    std::string cursor;
    int pages = 0;
    do {
      const std::string at = cursor.empty() ? "" : "\"cursor\":" + json_string(cursor);
      const WireAnswer answer =
          is_modern ? modern.ask("tools/list", modern_params(at.empty() ? at : at + ","))
                    : legacy.post(rpc("1", "tools/list", "{" + at + "}"));
      REQUIRE(answer.status == 200);
      result_of(answer)["tools"].each_element(
          [&](JsonView tool) { listed.push_back(tool["name"].string().value_or("")); });
      cursor = result_of(answer)["nextCursor"].string().value_or("");
      ++pages;
    } while (!cursor.empty());
    CHECK(pages == 10);
    CHECK((listed == expected));
  }
}

TEST_CASE("[M9] McpEndpoint: lists and results are what the revision knows") {
  McpFixture fixture;
  class Rich final : public Tool {
   public:
    Rich() {
      spec_ = make_tool_spec("rich", "", R"({"type":"object"})");
      spec_.json =
          R"({"name":"rich","title":"Rich","description":"","inputSchema":{"type":"object"},)"
          R"("outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true},)"
          R"("icons":[{"src":"https://x.example/i.png"}],"execution":{"taskSupport":"optional"}})";
    }
    const ToolSpec& spec() const override { return spec_; }
    void start(ToolRun, ToolDone done) override {
      done({.status = CallStatus::success,
            .result = R"({"content":[{"type":"audio","data":"QUJD","mimeType":"audio/wav"},)"
                      R"({"type":"resource_link","uri":"file:///a","name":"a"}],)"
                      R"("structuredContent":{"n":1.10},"resultType":"complete"})",
            .fault = {}});
    }

   private:
    ToolSpec spec_;
  };
  REQUIRE(fixture.house.tools.add(std::make_shared<Rich>()).ok());
  struct Row {
    const char* revision;
    bool icons, title, annotations;
  };
  for (const Row& row :
       {Row{"2025-11-25", true, true, true}, Row{"2025-06-18", false, true, true},
        Row{"2025-03-26", false, false, true}, Row{"2024-11-05", false, false, false}}) {
    CAPTURE(row.revision);
    const McpClient client = fixture.ready(row.revision);
    const WireAnswer list = client.post(rpc("1", "tools/list"));
    JsonView rich;
    result_of(list)["tools"].each_element([&rich](JsonView tool) {
      if (tool["name"].is("rich")) rich = tool;
    });
    REQUIRE(rich.present());
    CHECK(rich["icons"].present() == row.icons);
    CHECK(rich["execution"].present() == row.icons);
    CHECK(rich["title"].present() == row.title);
    CHECK(rich["outputSchema"].present() == row.title);
    CHECK(rich["annotations"].present() == row.annotations);

    const WireAnswer called = client.post(rpc("2", "tools/call", call_params("rich")));
    const JsonView result = result_of(called);
    CHECK_FALSE(result["resultType"].present());
    CHECK(result["structuredContent"].present() == row.title);
    CHECK((called.body.find("resource_link") != std::string::npos) == row.title);
    CHECK((called.body.find(R"("type":"audio")") != std::string::npos) == row.annotations);
  }
}

}  // namespace
}  // namespace devs
