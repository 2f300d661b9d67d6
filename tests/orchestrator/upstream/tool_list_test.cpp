#include "orchestrator/upstream/tool_list.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "orchestrator/upstream/upstream_config.h"

namespace devs {
namespace {

std::string tool(std::string_view name, std::string_view more = {}) {
  return R"({"name":)" + json_string(name) + R"(,"inputSchema":{"type":"object"})" +
         std::string(more) + "}";
}
std::string page(std::string_view tools) {
  return R"({"tools":[)" + std::string(tools) + "]}";
}

std::set<std::string> names_of(const ToolList& list) {
  std::set<std::string> names;
  for (const ToolSpec& spec : list.tools) names.insert(spec.name);
  return names;
}

std::string namespaced_tool_hash(std::string_view own) {
  return namespaced_tool("s", own, true);
}

TEST_CASE("decode_tool_list: a Tool object is verbatim but for its name") {
  const ToolList list = decode_tool_list(
      "files", {page(R"({"title":"R","name":"read\u0020it","x":1.10,"inputSchema":{"a":[1e1]}})")});
  REQUIRE(list.tools.size() == 1);
  CHECK(list.tools[0].name == "files__read_it");
  CHECK(list.tools[0].upstream_tool == "read it");
  CHECK(list.tools[0].server == "files");
  CHECK(list.tools[0].json ==
        R"({"title":"R","name":"files__read_it","x":1.10,"inputSchema":{"a":[1e1]}})");
  CHECK(list.tools[0].input_schema == R"({"a":[1e1]})");
}

TEST_CASE("decode_tool_list: pages follow each other") {
  const ToolList list =
      decode_tool_list("s", {page(tool("a")), page(""), page(tool("b") + "," + tool("c"))});
  CHECK(names_of(list) == std::set<std::string>{"s__a", "s__b", "s__c"});
}

TEST_CASE("decode_tool_list: of clashing names the one spelled so keeps it, in any order") {
  const ToolList one = decode_tool_list("s", {page(tool("a.b") + "," + tool("a_b"))});
  const ToolList other = decode_tool_list("s", {page(tool("a_b") + "," + tool("a.b"))});
  CHECK(names_of(one) == names_of(other));
  CHECK(names_of(one) == std::set<std::string>{"s__a_b", namespaced_tool_hash("a.b")});
  // Nobody is spelled so: all of them carry their hash.
  const ToolList three =
      decode_tool_list("s", {page(tool("a.b") + "," + tool("a/b") + "," + tool("a b"))});
  CHECK(names_of(three) == std::set<std::string>{namespaced_tool_hash("a.b"),
                                                 namespaced_tool_hash("a/b"),
                                                 namespaced_tool_hash("a b")});
  for (const ToolSpec& spec : three.tools) CHECK(JsonView(spec.json)["name"].string() == spec.name);
}

TEST_CASE("decode_tool_list: what is over a bound or no tool is left out, its neighbours stay") {
  struct Row {
    std::string tool;
    const char* says;
  };
  const std::string description(kMaxDescription + 1, 'd');
  const std::string schema = R"({"x":")" + std::string(kMaxInputSchema, 's') + R"("})";
  const Row rows[] = {
      {"7", ": it is not an object"},
      {R"({"inputSchema":{}})", ": it has no name"},
      {tool(""), ": it has no name"},
      {tool(std::string(257, 'n')), ": its name is over 256 bytes"},
      {tool("t", R"(,"description":1)"), "t: its description is no string"},
      {tool("t", R"(,"description":)" + json_string(description)),
       "t: its description is over 16384 bytes"},
      {R"({"name":"t"})", "t: it has no inputSchema"},
      {R"({"name":"t","inputSchema":[]})", "t: it has no inputSchema"},
      {R"({"name":"t","inputSchema":)" + schema + "}", "t: its inputSchema is over 262144 bytes"},
      {tool("good"), "good: it is listed twice"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.says);
    const ToolList list =
        decode_tool_list("s", {page(tool("good") + "," + row.tool + "," + tool("better"))});
    CHECK(names_of(list) == std::set<std::string>{"s__better", "s__good"});
    REQUIRE(list.dropped.size() == 1);
    CHECK(list.dropped[0].ends_with(row.says));
  }
}

TEST_CASE("decode_tool_list: bounds are met exactly") {
  const ToolList list = decode_tool_list(
      "s", {page(tool(std::string(256, 'n'),
                      R"(,"description":)" + json_string(std::string(kMaxDescription, 'd'))))});
  CHECK(list.tools.size() == 1);
}

TEST_CASE("decode_tool_list: 10000 tools are taken, what is beyond is counted") {
  std::string tools = tool("t0");
  for (int i = 1; i < 10'002; ++i) tools += "," + tool("t" + std::to_string(i));
  const ToolList list = decode_tool_list("s", {page(tools)});
  CHECK(list.tools.size() == 10'000);
  REQUIRE(list.dropped.size() == 1);
  CHECK(list.dropped[0] == "2 tools beyond the first 10000");
}

TEST_CASE("compare: tells what came, what went, and a changed definition") {
  const auto specs = [](std::string_view tools) {
    return decode_tool_list("s", {page(tools)}).tools;
  };
  const auto before = specs(tool("a") + "," + tool("b"));
  CHECK_FALSE(compare(before, specs(tool("b") + "," + tool("a"))).any);
  const ToolListChange change = compare(before, specs(tool("b") + "," + tool("c")));
  CHECK(change.any);
  CHECK(change.added == std::vector<std::string>{"s__c"});
  CHECK(change.removed == std::vector<std::string>{"s__a"});
  const ToolListChange other =
      compare(before, specs(tool("a") + "," + tool("b", R"(,"title":"B")")));
  CHECK(other.any);
  CHECK(other.added.empty());
  CHECK(other.removed.empty());
}

}  // namespace
}  // namespace devs
