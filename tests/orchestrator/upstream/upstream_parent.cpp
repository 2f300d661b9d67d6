// An orchestrator with nothing but one upstream, for being killed.
//
//   upstream_parent <guard> <command> <args...>
//
// Says `ready` when the upstream is up, then waits for its end.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "orchestrator/upstream/upstream_set.h"

int main(int argc, char** argv) {
  using namespace devs;
  if (argc < 3) return 64;
  UpstreamConfig config;
  config.key = "fake";
  config.command = argv[2];
  config.args.assign(argv + 3, argv + argc);

  Metrics metrics;
  TraceStreamBus bus({}, system_clock());
  ToolRegistry tools;
  Reactor reactor(system_clock(), metrics);
  WorkerPool workers({.threads = 2});
  const std::jthread turns([&reactor] { reactor.run(); });
  UpstreamSet set({.upstreams = {config}, .guard_path = argv[1]}, bus, tools, reactor, workers,
                  stderr_log(Log::Level::warn), metrics);
  set.start();
  set.wait_settled(system_clock().steady() + std::chrono::seconds(20));
  std::puts(set.states().at(0).state == "up" ? "ready" : "failed");
  std::fflush(stdout);
  for (;;) ::pause();
}
