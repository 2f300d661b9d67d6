#include "orchestrator/upstream/upstream_config.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

// What decode_upstreams says of this text; "ok" when it takes it.
std::string verdict(std::string_view json) {
  const Result<std::string> compact = compact_json(json, kConfigJson);
  REQUIRE(compact.ok());
  const auto decoded = decode_upstreams(JsonView(*compact));
  if (decoded.ok()) return "ok";
  CHECK(decoded.status().code() == Code::invalid_argument);
  return decoded.status().message();
}

std::vector<UpstreamConfig> decode(std::string_view json) {
  const Result<std::string> compact = compact_json(json, kConfigJson);
  REQUIRE(compact.ok());
  auto decoded = decode_upstreams(JsonView(*compact));
  REQUIRE_MESSAGE(decoded.ok(), decoded.status().message());
  return std::move(decoded).value();
}

TEST_CASE("decode_upstreams: reads the format people already have") {
  const auto upstreams = decode(R"({"files": {"type": "stdio", "command": "npx",
    "args": ["-y", "server", "; $() \n"], "env": {"TZ": "UTC"}, "cwd": "/tmp",
    "roots": ["file:///data"], "timeout_ms": 5, "start_timeout_ms": 6, "max_in_flight": 7}})");
  REQUIRE(upstreams.size() == 1);
  const UpstreamConfig& files = upstreams[0];
  CHECK(files.key == "files");
  CHECK(files.command == "npx");
  CHECK(files.args == std::vector<std::string>{"-y", "server", "; $() \n"});
  CHECK(files.env == std::map<std::string, std::string>{{"TZ", "UTC"}});
  CHECK(files.cwd == "/tmp");
  CHECK(files.roots == std::vector<std::string>{"file:///data"});
  CHECK(files.timeout.count() == 5);
  CHECK(files.start_timeout.count() == 6);
  CHECK(files.max_in_flight == 7);
}

TEST_CASE("decode_upstreams: only a command is needed; the rest has defaults") {
  const auto upstreams = decode(R"({"a":{"command":"x"}})");
  REQUIRE(upstreams.size() == 1);
  CHECK(upstreams[0].timeout.count() == 300'000);
  CHECK(upstreams[0].start_timeout.count() == 60'000);
  CHECK(upstreams[0].max_in_flight == 16);
}

TEST_CASE("decode_upstreams: a disabled server is checked and left out") {
  CHECK(decode(R"({"a":{"command":"x","disabled":true}})").empty());
  CHECK(verdict(R"({"a":{"command":1,"disabled":true}})") ==
        "/mcpServers/a/command: expected the name or path of a program");
}

TEST_CASE("decode_upstreams: keys are reduced to letters, digits and '-', at most 24") {
  CHECK(decode(R"({"my_files.é!":{"command":"x"}})")[0].key == "my-files---");
  CHECK(decode(R"({"abcdefghijklmnopqrstuvwxyz":{"command":"x"}})")[0].key ==
        "abcdefghijklmnopqrstuvwx");
}

TEST_CASE("decode_upstreams: a mistake names its path and what was expected") {
  struct Row {
    const char* json;
    const char* says;
  };
  const Row rows[] = {
      {R"([])", "/mcpServers: expected an object of servers by name"},
      {R"({"":{"command":"x"}})", "/mcpServers/: expected a name of at least one character"},
      {R"({"builtin":{"command":"x"}})",
       "/mcpServers/builtin: `builtin` is the name of our own tools"},
      {R"({"a":1})", "/mcpServers/a: expected an object with `command`"},
      {R"({"a":{}})", "/mcpServers/a/command: expected the name or path of a program"},
      {R"({"a":{"command":""}})", "/mcpServers/a/command: expected the name or path of a program"},
      {R"({"a":{"command":"x","args":"y"}})", "/mcpServers/a/args: expected an array of strings"},
      {R"({"a":{"command":"x","args":["y",2]}})",
       "/mcpServers/a/args/1: expected a string without NUL"},
      {R"({"a":{"command":"x","args":["\u0000"]}})",
       "/mcpServers/a/args/0: expected a string without NUL"},
      {R"({"a":{"command":"x","env":[]}})", "/mcpServers/a/env: expected an object of strings"},
      {R"({"a":{"command":"x","env":{"N/A":1}}})",
       "/mcpServers/a/env/N~1A: expected a string without NUL"},
      {R"({"a":{"command":"x","env":{"A=B":"c"}}})",
       "/mcpServers/a/env/A=B: expected a variable name without '='"},
      {R"({"a":{"command":"x","cwd":1}})", "/mcpServers/a/cwd: expected the path of a directory"},
      {R"({"a":{"command":"x","roots":["/data"]}})",
       "/mcpServers/a/roots/0: expected a URI that begins with `file:`"},
      {R"({"a":{"command":"x","timeout_ms":0}})",
       "/mcpServers/a/timeout_ms: expected milliseconds, an integer from 1 to 3600000"},
      {R"({"a":{"command":"x","max_in_flight":1.5}})",
       "/mcpServers/a/max_in_flight: expected an integer from 1 to 1024"},
      {R"({"a":{"command":"x","type":"sse"}})",
       "/mcpServers/a/type: expected \"stdio\", the only kind so far"},
      {R"({"a":{"url":"http://localhost/mcp"}})",
       "/mcpServers/a/url: servers reached over HTTP are not supported yet; expected `command`"},
      {R"({"a":{"command":"x","comand":"y"}})",
       "/mcpServers/a/comand: unknown key; known are command, args, env, cwd, roots, timeout_ms, "
       "start_timeout_ms, max_in_flight, type, disabled"},
      {R"({"a.b":{"command":"x"},"a-b":{"command":"x"}})",
       "/mcpServers/a-b: reduces to `a-b`, as /mcpServers/a.b does; expected names that differ "
       "in their first 24 letters, digits and '-'"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    CHECK(verdict(row.json) == row.says);
  }
}

TEST_CASE("decode_upstreams: 64 servers pass, 65 do not") {
  const auto servers = [](int count) {
    std::string json = "{";
    for (int i = 0; i < count; ++i) {
      if (i > 0) json += ',';
      json += "\"s" + std::to_string(i) + "\":{\"command\":\"x\"}";
    }
    return json + "}";
  };
  CHECK(verdict(servers(64)) == "ok");
  CHECK(verdict(servers(65)) == "/mcpServers: expected at most 64 servers");
}

TEST_CASE("namespaced_tool: server, two underscores, tool") {
  CHECK(namespaced_tool("files", "read_file", false) == "files__read_file");
  CHECK(namespaced_tool("files", "read.file/é", false) == "files__read_file__");
}

TEST_CASE("namespaced_tool: what is taken or too long carries a hash that never changes") {
  // Literals: the first 4 bytes of SHA-256("files" NUL tool), made elsewhere.
  CHECK(namespaced_tool("files", "read.file", true) == "files__read_file_97875296");
  const std::string longer(60, 'a');
  const std::string name = namespaced_tool("files", longer, false);
  CHECK(name == "files__" + std::string(48, 'a') + "_e5122a80");
  CHECK(name.size() == 64);
  CHECK(namespaced_tool("files", std::string(57, 'b'), false) == "files__" + std::string(57, 'b'));
}

}  // namespace
}  // namespace devs
