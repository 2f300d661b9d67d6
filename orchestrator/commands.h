#pragma once

#include <string>

#include "orchestrator/orchestrator_server.h"

namespace devs {

// What the command line can do; each returns the exit code: 0 done, 1 it failed,
// 2 it could not even begin (a setting, an address, a file), with one line on
// stderr that names the cause and the way out.

// Runs until SIGINT or SIGTERM; a second signal ends at once.  With `stdio` it speaks MCP on
// stdin and stdout as well, until stdin ends: nothing else is printed there, and a port or
// a trace directory that another server has is replaced by a free one (docs/transports.md).
// REQUIRES: called on the main thread before any other was started.
int serve_command(OrchestratorServer::Options options, bool stdio);

// tools/call on a running server; prints what the tool said.  1 also when the tool
// failed.  `arguments` is JSON object text.  Without a tool: lists what can be called.
int call_command(const std::string& url, const std::string& token, const std::string& tool,
                 const std::string& arguments);

}  // namespace devs
