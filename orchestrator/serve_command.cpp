#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "orchestrator/commands.h"

namespace devs {
namespace {

// Signals are waited for, not handled: blocked here, before any thread exists, so
// every thread inherits the mask.
sigset_t block_signals() {
  sigset_t ours;
  sigemptyset(&ours);
  for (int each : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&ours, each);
  sigprocmask(SIG_BLOCK, &ours, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return ours;
}

int wait_for_end(const sigset_t& ours) {
  int got = 0;
  do {
    sigwait(&ours, &got);
  } while (got != SIGINT && got != SIGTERM);  // SIGHUP: nothing to reload yet
  return got;
}

void end_at_second_signal(int) { _exit(130); }

std::string address_of(const OrchestratorServer::Options& options, std::uint16_t port) {
  const std::string host = options.http.host.find(':') == std::string::npos
                               ? options.http.host
                               : "[" + options.http.host + "]";
  return "http://" + host + ":" + std::to_string(port);
}

int refused(const Status& why) {
  std::fprintf(stderr, "mcp-orchestrator: %s\n", why.message().c_str());
  return 2;
}

}  // namespace

int serve_command(OrchestratorServer::Options options) {
  const sigset_t ours = block_signals();
  prctl(PR_SET_DUMPABLE, 0);  // no secret in a core file

  const OrchestratorServer::Options said = options;
  auto server = OrchestratorServer::open(std::move(options));
  if (!server.ok()) return refused(server.status());
  if (Status up = (*server)->start(); !up.ok()) return refused(up);

  const std::string url = address_of(said, (*server)->port());
  std::printf("listening on %s\n", url.c_str());
  std::printf("  watch: curl -N %s/trace/stream\n", url.c_str());
  std::printf("  call:  mcp-orchestrator call echo '{\"text\":\"hello\"}' --url %s\n", url.c_str());
  std::fflush(stdout);

  wait_for_end(ours);
  std::fprintf(stderr, "mcp-orchestrator: stopping; a second signal stops at once\n");
  std::signal(SIGINT, end_at_second_signal);
  std::signal(SIGTERM, end_at_second_signal);
  sigprocmask(SIG_UNBLOCK, &ours, nullptr);
  (*server)->shutdown();
  return 0;
}

}  // namespace devs
