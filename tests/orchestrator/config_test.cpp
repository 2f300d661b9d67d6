#include "orchestrator/config.h"

#include <doctest/doctest.h>

#include <fstream>
#include <map>

#include "tests/support/temp_dir.h"

namespace devs {
namespace {

using Options = OrchestratorServer::Options;

std::string refusal_of(std::string_view text) {
  Options options;
  const Status applied = apply_config("mcp.json", text, options);
  return applied.ok() ? "" : applied.message();
}

TEST_CASE("config: every section reaches its option") {
  Options options;
  REQUIRE(apply_config("mcp.json", R"({
    "mcpServers": {"files": {"command": "npx", "args": ["-y", "server"], "env": {"A": "b"}}},
    "http": {"host": "127.0.0.2", "port": 0, "hosts": ["a.test"], "max_connections": 500},
    "trace": {"dir": "/tmp/t", "ring_entries": 128},
    "tools": {"timeout_ms": 1500, "max_in_flight": 7, "threads": 2},
    "builtin": {"tools": "all"},
    "sse": {"heartbeat_ms": 5000, "max_clients": 9, "checkpoint": false},
    "mcp": {"page_size": 3, "sessionless": "refuse"},
    "tasks": {"after_ms": 250},
    "sessions": {"idle_ms": 60000, "max": 20, "max_per_principal": 5},
    "cors": {"origins": ["http://localhost:5173"], "graph_origins": ["http://graph.test:*"]},
    "graph": {"confidence": 2, "task_idle_ms": 10, "templates": [["search", "fetch"]]},
    "streams": [{"name": "builds", "path": "/builds/{id}", "topic": "task:{id}"}],
    "channels": {"require_existing": true},
    "auth": {"query_bearer": true, "tokens": [{"name": "u1", "role": "user", "sha256":
      "00000000000000000000000000000000000000000000000000000000000000ff"}]},
    "drain_ms": 10 })",
                       options)
              .ok());
  REQUIRE(options.upstreams.upstreams.size() == 1);
  CHECK(options.upstreams.upstreams[0].args == std::vector<std::string>{"-y", "server"});
  CHECK(options.http.host == "127.0.0.2");
  CHECK(options.http.hosts == std::vector<std::string>{"a.test"});
  CHECK(options.http.max_connections == 500);
  CHECK(options.trace_dir == "/tmp/t");
  CHECK(options.ring_entries == 128);
  CHECK(options.calls.timeout == std::chrono::milliseconds(1500));
  CHECK(options.calls.max_in_flight == 7);
  CHECK(options.tool_threads == 2);
  CHECK(options.all_builtin_tools);
  CHECK(options.streams.heartbeat == std::chrono::milliseconds(5000));
  CHECK(options.http.graph_origins == std::vector<std::string>{"http://graph.test:*"});
  CHECK(options.graph.learning.rule == ConfidenceRule::typed);
  REQUIRE(options.graph.templates.size() == 1);
  CHECK(options.graph.templates[0] == std::pair<std::string, std::string>("search", "fetch"));
  REQUIRE(options.profiles.size() == 1);
  CHECK(options.profiles[0].key == "builds");
  CHECK(options.graph.learning.task_idle == std::chrono::milliseconds(10));
  CHECK(options.channels.book.require_existing);
  CHECK(options.streams.max_clients == 9);
  CHECK_FALSE(options.streams.checkpoint);
  CHECK(options.mcp.page_size == 3);
  CHECK_FALSE(options.mcp.sessionless);
  CHECK(options.mcp.task_after == std::chrono::milliseconds(250));
  CHECK(options.mcp.session_idle == std::chrono::minutes(1));
  CHECK(options.mcp.max_sessions == 20);
  CHECK(options.mcp.max_sessions_per_principal == 5);
  CHECK(options.http.origins == std::vector<std::string>{"http://localhost:5173"});
  CHECK(options.access.query_bearer);
  REQUIRE(options.access.tokens.size() == 1);
  CHECK(options.access.tokens[0].name == "u1");
  CHECK(options.access.tokens[0].sha256[31] == 0xff);
  CHECK(options.drain_for == std::chrono::milliseconds(10));
}

TEST_CASE("config: a mistake names file, key and what was expected") {
  CHECK(refusal_of(R"({"http":{"port":"80"}})") ==
        "mcp.json: http.port: expected an integer from 0 to 65535");
  CHECK(refusal_of(R"({"http":{"port":65536}})") ==
        "mcp.json: http.port: expected an integer from 0 to 65535");
  CHECK(refusal_of(R"({"http":{"prot":80}})")
            .starts_with("mcp.json: http.prot: expected a known key: http.host, http.port"));
  CHECK(refusal_of(R"({"http":7})") == "mcp.json: http: expected an object");
  CHECK(refusal_of(R"({"mcpServer":{}})")
            .starts_with("mcp.json: mcpServer: expected a known key: mcpServers, "));
  CHECK(refusal_of(R"({"builtin":{"tools":"some"}})") ==
        R"(mcp.json: builtin.tools: expected one of "default" "all")");
  CHECK(refusal_of(R"({"cors":{"origins":[1]}})") ==
        "mcp.json: cors.origins: expected a list of strings");
  CHECK(refusal_of(R"({"sse":{"checkpoint":1}})") ==
        "mcp.json: sse.checkpoint: expected true or false");
  CHECK(refusal_of(R"({"auth":{"tokens":[{"name":"u1"}]}})") ==
        R"(mcp.json: auth.tokens: expected as sha256 64 hex digits )"
        R"((printf %s "$TOKEN" | sha256sum) (token 0))");
  for (const char* const pairs :
       {"7", R"(["a","b"])", R"([["a"]])", R"([["a",""]])", R"([["a",7]])"})
    CHECK(refusal_of(std::string(R"({"graph":{"templates":)") + pairs + "}}") ==
          R"(mcp.json: graph.templates: expected a list of at most 10000 pairs of tools: )"
          R"([["search","fetch"]])");
  CHECK(refusal_of(R"({"auth":{"query_bearer":"yes"}})") ==
        "mcp.json: auth.query_bearer: expected true or false");
  CHECK(refusal_of("[]") == "mcp.json: /: expected a JSON object with mcpServers");
  CHECK(refusal_of(R"({"http":{},"http":{}})").starts_with("mcp.json: not a usable JSON file"));
  CHECK(refusal_of("\xEF\xBB\xBF{}").starts_with("mcp.json: not a usable JSON file"));
  CHECK(refusal_of(R"({"mcpServers":{"files":{"args":[]}}})").find("files") != std::string::npos);
}

TEST_CASE("config: a file that cannot be read says which and what to do") {
  Options options;
  TempDir dir;
  for (const std::string& path : {(dir / "none.json").string(), dir.path().string()}) {
    const Status read = load_config(path, options);
    CHECK(read.code() == Code::invalid_argument);
    CHECK(read.message().starts_with(path + ": expected a readable JSON file"));
  }
  std::ofstream(dir / "large.json") << std::string(1024 * 1024 + 1, ' ');
  CHECK(load_config((dir / "large.json").string(), options).message().find("1 MiB") !=
        std::string::npos);
}

TEST_CASE("config: the environment says whether, the file who else, and both hold") {
  Options options;
  REQUIRE(apply_config("mcp.json", R"({"auth":{"query_bearer":true,"tokens":[]}})", options).ok());
  const GetEnv get = [](const char* name) -> const char* {
    const std::string_view asked(name);
    if (asked == "AUTH_ENABLED") return "true";
    return asked == "MCP_BEARER_TOKEN" ? "a-token-of-some-length" : nullptr;
  };
  REQUIRE(apply_environment(get, options).ok());
  CHECK(options.access.enabled);
  CHECK(options.access.query_bearer);
}

TEST_CASE("config: MCP_PORT beats DEVS_MCP_PORT and the file, and must be a port") {
  std::map<std::string, std::string> environment;
  const GetEnv get = [&environment](const char* name) -> const char* {
    auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  };
  Options options;
  options.http.port = 1;
  REQUIRE(apply_environment(get, options).ok());
  CHECK(options.http.port == 1);
  environment = {{"DEVS_MCP_PORT", "4000"}};
  REQUIRE(apply_environment(get, options).ok());
  CHECK(options.http.port == 4000);
  environment["MCP_PORT"] = "5000";
  REQUIRE(apply_environment(get, options).ok());
  CHECK(options.http.port == 5000);
  for (const char* bad : {"65536", "-1", "80x", " 80", "0x50"}) {
    environment["MCP_PORT"] = bad;
    CHECK(apply_environment(get, options).message() ==
          "MCP_PORT: expected a port from 0 to 65535 (0: any free one)");
  }
}

}  // namespace
}  // namespace devs
