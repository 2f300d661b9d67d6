#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "orchestrator/commands.h"
#include "orchestrator/config.h"
#include "orchestrator/trace_commands.h"

namespace {

constexpr const char* kFooter = R"(Examples:
  mcp-orchestrator serve --config mcp.json      front every server of mcp.json
  mcp-orchestrator serve --stdio                for a host that starts its MCP servers
  mcp-orchestrator call echo '{"text":"hi"}'    call a tool, see it in the trace
  mcp-orchestrator trace tail                   watch what agents do
  mcp-orchestrator trace query --status TIMEOUT_EXCEEDED
  curl -N http://127.0.0.1:3100/trace/stream    the same, raw

A config file is what MCP hosts already read:
  {"mcpServers":{"files":{"command":"npx","args":["-y","@modelcontextprotocol/server-filesystem","/data"]}}}

Environment: MCP_PORT, AUTH_ENABLED (true | false), MCP_BEARER_TOKEN, STREAM_TOKEN_SECRET,
STREAM_TOKEN_ISSUER, STREAM_TOKEN_TTL_SECONDS, STREAM_TOKEN_RATE_MAX, STREAM_TOKEN_RATE_WINDOW_MS.)";

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int refused(const devs::Status& why) {
  std::fprintf(stderr, "mcp-orchestrator: %s\n", why.message().c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One MCP endpoint in front of many MCP servers, with a live trace of every call.");
  app.set_version_flag("--version", "mcp-orchestrator " + std::string(devs::kVersion));
  app.footer(kFooter);
  app.require_subcommand(1);

  std::string config, host, trace_dir, explorer_dir, tool, arguments = "{}";
  int port = -1;
  bool stdio = false;
  const std::string env_port = from_environment("MCP_PORT");
  std::string url = "http://127.0.0.1:" + (env_port.empty() ? std::string("3100") : env_port);

  CLI::App* serve = app.add_subcommand("serve", "Serve MCP and the trace stream until SIGTERM");
  serve->add_flag("--stdio", stdio, "Speak MCP on stdin and stdout too, until stdin ends");
  CLI::App* over_stdio = app.add_subcommand("stdio", "The same as serve --stdio");
  for (CLI::App* each : {serve, over_stdio}) {
    each->add_option("--config", config, "JSON file with mcpServers and settings");
    each->add_option("--port", port, "Port, 0 for any free one (default 3100, or MCP_PORT)")
        ->check(CLI::Range(0, 65535));
    each->add_option("--host", host, "Address to listen on (default 127.0.0.1)");
    each->add_option("--trace-dir", trace_dir, "Directory of the flight log (default .devs)");
    each->add_option("--explorer-dir", explorer_dir,
                     "Development: the page at / as tools/explorer/build.mjs left it there");
  }

  CLI::App* call = app.add_subcommand("call", "Call one tool on a running server");
  call->add_option("tool", tool, "Name, such as files__read_file; without one: list the tools");
  call->add_option("arguments", arguments, "Its arguments, a JSON object");
  call->add_option("--url", url, "Where the server is")->capture_default_str();
  CLI::App* trace = app.add_subcommand("trace", "Look at the trace");
  devs::TraceCommands commands(*trace, url, from_environment("MCP_BEARER_TOKEN"));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (call->parsed())
    return devs::call_command(url, from_environment("MCP_BEARER_TOKEN"), tool, arguments);
  if (trace->parsed()) return commands.run();

  devs::OrchestratorServer::Options options;
  options.http.port = 3100;
  if (!config.empty())
    if (devs::Status read = devs::load_config(config, options); !read.ok()) return refused(read);
  if (devs::Status set = devs::apply_environment(
          [](const char* name) -> const char* { return std::getenv(name); }, options);
      !set.ok())
    return refused(set);
  if (port >= 0) options.http.port = static_cast<std::uint16_t>(port);
  if (!host.empty()) options.http.host = host;
  if (!trace_dir.empty()) options.trace_dir = trace_dir;
  options.explorer_dir = explorer_dir;
  return devs::serve_command(std::move(options), stdio || over_stdio->parsed());
}
