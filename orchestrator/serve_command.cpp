#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

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
  // SIGXFSZ: a full quota is an errno of the write, like a full disk.  The others are
  // nobody's business here, and their default would end the process without a word.
  for (int each : {SIGPIPE, SIGXFSZ, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR})
    std::signal(each, SIG_IGN);
  return ours;
}

int wait_for_end(const sigset_t& ours) {
  int got = 0;
  do {
    sigwait(&ours, &got);
  } while (got != SIGINT && got != SIGTERM);  // SIGHUP: nothing to reload yet
  return got;
}

void end_at_second_signal(int) {
  _exit(130);
}

std::string address_of(const OrchestratorServer::Options& options, std::uint16_t port) {
  const std::string host = options.http.host.find(':') == std::string::npos
                               ? options.http.host
                               : "[" + options.http.host + "]";
  return "http://" + host + ":" + std::to_string(port);
}

// A descriptor that is closed at start would be given to the next file opened, and
// what is printed would land in the log.
void fill_standard_descriptors() {
  for (int fd : {0, 1, 2})
    if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
}

// Fewer than this many descriptors and nobody could connect.
constexpr rlim_t kFewestDescriptors = 64;

Status enough_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max >= kFewestDescriptors) return {};
  return Status(Code::resource_exhausted, "only " + std::to_string(limit.rlim_max) +
                                              " file descriptors are allowed; at least " +
                                              std::to_string(kFewestDescriptors) +
                                              " are needed: raise `ulimit -n`");
}

int refused(const Status& why) {
  std::fprintf(stderr, "mcp-orchestrator: %s\n", why.message().c_str());
  return 2;
}

}  // namespace

int serve_command(OrchestratorServer::Options options) {
  fill_standard_descriptors();
  const sigset_t ours = block_signals();
  if (Status enough = enough_descriptors(); !enough.ok()) return refused(enough);
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
