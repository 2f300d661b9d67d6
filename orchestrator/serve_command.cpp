#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "orchestrator/commands.h"
#include "orchestrator/standard_streams.h"
#include "trace/file.h"
#include "trace/log.h"

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

// Until a signal says so, or `ended` is set; SIGUSR1 makes it look at that.
void wait_for_end(const sigset_t& ours, const std::atomic<bool>& ended) {
  int got = 0;
  do {
    sigwait(&ours, &got);
  } while (got != SIGINT && got != SIGTERM && !ended);  // SIGHUP: nothing to reload yet
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

using OpenServer = Result<std::unique_ptr<OrchestratorServer>>;

// A host that starts several of us with one configuration means one directory for all, which
// cannot be: the others get a numbered one within it, the same ones again next time.
constexpr int kMostInstances = 16;

bool has_server(const std::filesystem::path& dir) {
  const auto lock = DirectoryLock::take(dir / "trace.lock");
  return !lock.ok() && lock.status().code() == Code::unavailable;
}

OpenServer open_server(OrchestratorServer::Options options, bool stdio) {
  const std::filesystem::path wanted = options.trace_dir;
  OpenServer first = OrchestratorServer::open(options);
  for (int i = 2; stdio && i <= kMostInstances; ++i) {
    if (first.ok() || !has_server(wanted)) break;
    options.trace_dir = wanted / std::to_string(i);
    OpenServer next = OrchestratorServer::open(options);
    if (!next.ok()) continue;
    std::fprintf(stderr, "mcp-orchestrator: %s has a server; the trace is in %s\n", wanted.c_str(),
                 options.trace_dir.c_str());
    return next;
  }
  return first;
}

// What a host that ends us by closing stdin waits before it kills is 2 s (MCP page 4.4).
constexpr std::chrono::milliseconds kDrainAfterEof{500};
constexpr std::chrono::milliseconds kStopStep{500};

}  // namespace

int serve_command(OrchestratorServer::Options options, bool stdio) {
  fill_standard_descriptors();
  std::optional<StandardStreams> streams;
  if (stdio) {
    streams.emplace(take_standard_streams());
    options.http.else_any_port = true;
    options.upstreams.stop_step = kStopStep;
  }
  const sigset_t ours = block_signals();
  if (Status enough = enough_descriptors(); !enough.ok()) return refused(enough);
  prctl(PR_SET_DUMPABLE, 0);  // no secret in a core file

  const OrchestratorServer::Options said = options;
  std::atomic<bool> client_left{false};
  auto server = open_server(std::move(options), stdio);
  if (!server.ok()) return refused(server.status());
  if (Status up = (*server)->start(); !up.ok()) return refused(up);

  const std::string url = address_of(said, (*server)->port());
  std::printf("listening on %s\n", url.c_str());
  std::printf("  watch: curl -N %s/trace/stream\n", url.c_str());
  std::printf("  call:  mcp-orchestrator call echo '{\"text\":\"hello\"}' --url %s\n", url.c_str());
  std::fflush(stdout);
  malloc_trim(0);  // what the start alone needed

  if (stdio)
    (*server)->serve_stdio(std::move(streams->in), std::move(streams->out),
                           [&client_left](std::string_view why) {
                             client_left = true;
                             kill(getpid(), SIGUSR1);
                             stderr_log().info("client_left", {{"why", std::string(why)}});
                           });

  wait_for_end(ours, client_left);
  std::fprintf(stderr, "mcp-orchestrator: stopping; a second signal stops at once\n");
  std::signal(SIGINT, end_at_second_signal);
  std::signal(SIGTERM, end_at_second_signal);
  sigset_t ends;  // not SIGUSR1: the client may leave while we stop
  sigemptyset(&ends);
  for (int each : {SIGINT, SIGTERM}) sigaddset(&ends, each);
  sigprocmask(SIG_UNBLOCK, &ends, nullptr);
  if (client_left) {
    (*server)->shutdown(kDrainAfterEof);
  } else {
    (*server)->shutdown();
  }
  return 0;
}

}  // namespace devs
