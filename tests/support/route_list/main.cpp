// Prints what a server with everything switched on serves, a route a line:
// `GET /trace/stream list` (method, pattern, CORS policy).  Tests that are about every
// route ask this, so that no new route is forgotten.
#include <cstdio>
#include <string>

#include "orchestrator/orchestrator_server.h"

int main(int argc, char** argv) {
  using namespace devs;
  if (argc != 2) {
    std::fprintf(stderr, "usage: route_list NEW_DIR\n");
    return 2;
  }
  OrchestratorServer::Options options;
  options.trace_dir = argv[1];
  options.mcp.http_sse = true;
  options.log = &stderr_log(Log::Level::error);
  const auto server = OrchestratorServer::open(std::move(options));
  if (!server.ok()) {
    std::fprintf(stderr, "route_list: %s\n", server.status().message().c_str());
    return 1;
  }
  for (const Route& route : (*server)->routes()) {
    const char* const cors = route.cors == CorsPolicy::any     ? "any"
                             : route.cors == CorsPolicy::graph ? "graph"
                                                               : "list";
    std::printf("%s %s %s\n", std::string(name_of(route.method)).c_str(), route.pattern.c_str(),
                cors);
  }
  return 0;
}
