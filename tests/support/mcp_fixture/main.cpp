// mcp_fixture [--era legacy|modern|dual] [--http PORT] [--stdio] [--dir DIR] [--page-size N]:
// the fixture as a server of
// its own, until SIGTERM; without DIR the log is gone with it.  Prints
// `listening on http://127.0.0.1:PORT`, with --stdio on stderr; that one ends with its stdin
// as well.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "orchestrator/standard_streams.h"
#include "tests/support/mcp_fixture/fixture.h"
#include "tests/support/temp_dir.h"

namespace devs {

void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "mcp_fixture: %s\n", status.message().c_str());
  std::exit(1);
}

McpEndpoint::Options::Eras eras_of(std::string_view name) {
  using Eras = McpEndpoint::Options::Eras;
  if (name == "legacy") return Eras::legacy;
  if (name == "modern") return Eras::modern;
  if (name == "dual") return Eras::both;
  must(Status(Code::invalid_argument, "--era is one of legacy, modern, dual"));
  return Eras::both;
}

}  // namespace devs

int main(int count, char** arguments) {
  using namespace devs;
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // every thread inherits it

  const TempDir own;
  OrchestratorServer::Options options;
  options.http.port = 0;
  options.trace_dir = own.path();
  options.tool_threads = 8;  // jobs of a minute hold one each, until they are cancelled
  std::optional<StandardStreams> streams;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    const char* const value = i + 1 < count ? arguments[i + 1] : "";
    if (name == "--http") options.http.port = static_cast<std::uint16_t>(std::atoi(value));
    if (name == "--dir") options.trace_dir = value;
    if (name == "--page-size") options.mcp.page_size = static_cast<std::size_t>(std::atoi(value));
    if (name == "--era") options.mcp.eras = eras_of(value);
    if (name == "--stdio") streams.emplace(take_standard_streams());
  }
  auto opened = OrchestratorServer::open(std::move(options));
  if (!opened.ok()) must(opened.status());
  OrchestratorServer& server = **opened;
  add_fixture_tools(server);
  add_fixture_asks(server);
  add_fixture_tasks(server);
  add_fixture_offers(server);
  add_fixture_features(server);
  must(server.start());
  std::printf("listening on http://127.0.0.1:%d\n", int{server.port()});
  std::fflush(stdout);
  if (streams)
    server.serve_stdio(std::move(streams->in), std::move(streams->out),
                       [](std::string_view) { kill(getpid(), SIGTERM); });
  int received = 0;
  sigwait(&ends, &received);
  server.shutdown();
  return 0;
}
