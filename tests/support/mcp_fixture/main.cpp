// mcp_fixture [--http PORT] [--dir DIR]: the fixture as a server of its own, until
// SIGTERM; without DIR the log is gone with it.  Prints `listening on http://127.0.0.1:PORT`.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/mcp_fixture/fixture.h"
#include "tests/support/temp_dir.h"

namespace devs {

void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "mcp_fixture: %s\n", status.message().c_str());
  std::exit(1);
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
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    if (name == "--http")
      options.http.port = static_cast<std::uint16_t>(std::atoi(arguments[i + 1]));
    if (name == "--dir") options.trace_dir = arguments[i + 1];
  }
  auto opened = OrchestratorServer::open(std::move(options));
  if (!opened.ok()) must(opened.status());
  OrchestratorServer& server = **opened;
  add_fixture_tools(server);
  add_fixture_asks(server);
  add_fixture_tasks(server);
  add_fixture_offers(server);
  must(server.start());
  std::printf("listening on http://127.0.0.1:%d\n", int{server.port()});
  std::fflush(stdout);
  int received = 0;
  sigwait(&ends, &received);
  server.shutdown();
  return 0;
}
