#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "protocol/json.h"
#include "protocol/result.h"

namespace devs {

// One child MCP server, as people already write it in `mcpServers`.
struct UpstreamConfig {
  std::string key;      // of mcpServers, reduced to [A-Za-z0-9-]{1,24} (MCP page 8)
  std::string command;  // looked up in PATH when it has no '/'
  std::vector<std::string> args;
  std::map<std::string, std::string> env;           // beside the allow-listed ones
  std::string cwd;                                  // empty: ours
  std::vector<std::string> roots;                   // `file:` URIs answered to roots/list
  std::chrono::milliseconds timeout{300'000};       // of one call
  std::chrono::milliseconds start_timeout{60'000};  // spawn to tools listed
  std::size_t max_in_flight = 16;
};

// The value of `mcpServers`.  Unknown keys, wrong types, two keys that reduce to
// one, an empty command: invalid_argument naming the path (`/mcpServers/files/args`)
// and what was expected.  Servers with `url` (HTTP upstreams) are refused as not
// supported yet.
Result<std::vector<UpstreamConfig>> decode_upstreams(JsonView mcp_servers);

// The name a host calls (MCP page 8, naming "prefix"): `<server>__<tool>`,
// characters outside [A-Za-z0-9_-] become '_', at most 64 bytes; too long, or
// `taken`: cut to fit + '_' + 8 hex digits of SHA-256(server, NUL, tool), the same
// on every start.
std::string namespaced_tool(std::string_view server, std::string_view tool, bool taken);

}  // namespace devs
