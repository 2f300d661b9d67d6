#include "protocol/tool.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

TEST_CASE("ToolSpec: a built-in tool is described as lists show it") {
  const ToolSpec spec = make_tool_spec("echo", "Says \"it\" back.", R"({"type":"object"})",
                                       R"({"readOnlyHint":true})");
  CHECK(spec.name == "echo");
  CHECK(spec.upstream_tool == "echo");
  CHECK(spec.server == "builtin");
  CHECK(spec.input_schema == R"({"type":"object"})");
  CHECK(spec.json ==
        R"({"name":"echo","description":"Says \"it\" back.","inputSchema":{"type":"object"},)"
        R"("annotations":{"readOnlyHint":true}})");
  CHECK(JsonView(make_tool_spec("x", "", "{}").json)["annotations"].present() == false);
}

TEST_CASE("text_outcome: an answer in words, and whether it is an error") {
  CHECK(text_outcome("a\nb").result ==
        R"({"content":[{"type":"text","text":"a\nb"}],"isError":false})");
  const ToolOutcome failed = text_outcome("\xFF", CallStatus::tool_error);
  CHECK(failed.status == CallStatus::tool_error);
  CHECK(failed.result ==
        "{\"content\":[{\"type\":\"text\",\"text\":\"\uFFFD\"}],\"isError\":true}");
  CHECK_FALSE(failed.fault);
}

}  // namespace
}  // namespace devs
