// mcp-orchestrator-guard [cwd] command args...
//
// Stands between the orchestrator and one MCP server so that nobody is left
// behind, whatever happens to the orchestrator: a death signal fires when the
// spawning *thread* ends, cannot be set by posix_spawn, and does not reach
// grandchildren.  Here it is set by a process of one thread, which is also the
// subreaper of everything the server ever starts.
//
// One thread, no allocation, no C++ library: it stays under 1 MB.

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "orchestrator/upstream/guard_messages.h"

namespace {

using namespace devs::guard;

// The server's own allowance of descriptors; ours is much larger.
constexpr rlim_t kServerFiles = 1024;
// Someone who forks while being killed: look again this soon.
constexpr int kLookAgainMs = 10;

struct Guard {
  pid_t server = -1;
  bool server_runs = false;
  bool children_left = true;
  int signals = -1;
};

void say(const char* what, long first, const char* second = "") {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%s %s%ld", what, second, first);
  // Nobody may be listening any more; that is what poll() will tell.
  const ssize_t sent = ::send(kLifelineFd, text, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  static_cast<void>(sent);
}

long now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Signals every child of ours, adopted ones too, and whoever is in our session:
// those that left the server's group are only found here, and when the server is
// reaped its group's number may belong to a stranger.
// /proc/*/stat, because /proc/self/task/*/children is optional in kernels.
void signal_everyone(int signal) {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return;
  const pid_t self = ::getpid();  // also the id of our session
  while (const dirent* entry = ::readdir(proc)) {
    const pid_t pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid <= 1 || pid == self) continue;
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    char stat[512];
    const ssize_t size = ::read(fd, stat, sizeof stat - 1);
    ::close(fd);
    if (size <= 0) continue;
    stat[size] = '\0';
    // `pid (name) S ppid group session ...`; the name may hold anything, so from
    // its end.
    const char* after_name = std::strrchr(stat, ')');
    int parent = 0;
    int session = 0;
    if (after_name == nullptr || std::sscanf(after_name, ") %*c %d %*d %d", &parent, &session) != 2)
      continue;
    if (parent != self && session != self) continue;
    ::kill(pid, signal);
    // A stopped process takes TERM only when it goes on.
    if (signal == SIGTERM) ::kill(pid, SIGCONT);
  }
  ::closedir(proc);
}

void reap(Guard& guard) {
  signalfd_siginfo info{};
  while (::read(guard.signals, &info, sizeof info) > 0) {
  }
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid != guard.server || !guard.server_runs) continue;
    guard.server_runs = false;
    say(kExited, status);
  }
  if (pid < 0 && errno == ECHILD) guard.children_left = false;
}

// Waits until something happens to a child, at most `ms`.
void wait_for_children(Guard& guard, long ms) {
  pollfd poll_signals{guard.signals, POLLIN, 0};
  ::poll(&poll_signals, 1, static_cast<int>(std::max(0L, ms)));
  reap(guard);
}

// Whether the orchestrator has ordered KILL while the last words are awaited.
bool kill_ordered() {
  for (char order = 0; ::recv(kLifelineFd, &order, 1, MSG_DONTWAIT) > 0;)
    if (order == kOrderKill) return true;
  return false;
}

[[noreturn]] void end_everyone(Guard& guard, bool politely) {
  reap(guard);
  if (politely && guard.children_left) {
    signal_everyone(SIGTERM);
    const long deadline = now_ms() + kLastWordsMs;
    while (guard.children_left && now_ms() < deadline && !kill_ordered())
      wait_for_children(guard, kLookAgainMs);
  }
  for (; guard.children_left; wait_for_children(guard, kLookAgainMs)) signal_everyone(SIGKILL);
  ::_exit(0);
}

// In the forked child: becomes the server.  Reports by `report` only when it cannot.
[[noreturn]] void become_server(pid_t guard_pid, int report, const char* cwd, char** argv) {
  const auto give_up = [report](char step) {
    const int why = errno;
    char text[1 + sizeof why];
    text[0] = step;
    std::memcpy(text + 1, &why, sizeof why);
    const ssize_t told = ::write(report, text, sizeof text);
    static_cast<void>(told);
    ::_exit(127);
  };
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != guard_pid) ::_exit(127);  // it died before the line above
  ::setpgid(0, 0);

  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_max = std::min(files.rlim_max, kServerFiles);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);

  // 32 and 33 belong to the C library: its posix_spawn leaves them ignored and its
  // sigaction() refuses them.  All zero is SIG_DFL to the kernel.
  const unsigned long default_action[4] = {0, 0, 0, 0};
  for (const int signal : {32, 33})
    ::syscall(SYS_rt_sigaction, signal, default_action, nullptr, sizeof(unsigned long));

  if (*cwd != '\0' && ::chdir(cwd) != 0) give_up('c');
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvp(argv[0], argv);
  give_up('e');
  ::_exit(127);
}

bool start_server(Guard& guard, const char* cwd, char** argv) {
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) {
    say(kFailed, errno, "fork ");
    return false;
  }
  const pid_t self = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_server(self, report[1], cwd, argv);
  ::close(report[1]);
  if (pid < 0) {
    say(kFailed, errno, "fork ");
    return false;
  }
  ::setpgid(pid, pid);  // whoever is first; EACCES after its exec is fine
  char text[1 + sizeof(int)];
  const ssize_t got = ::read(report[0], text, sizeof text);
  ::close(report[0]);
  if (got == static_cast<ssize_t>(sizeof text)) {
    int why = 0;
    std::memcpy(&why, text + 1, sizeof why);
    ::waitpid(pid, nullptr, 0);
    say(kFailed, why, text[0] == 'c' ? "chdir " : "exec ");
    return false;
  }
  guard.server = pid;
  guard.server_runs = true;
  say(kStarted, pid);
  return true;
}

// The pipes belong to the server alone, so that their ends mean something.
void let_go_of_pipes() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; ++fd) {
    if (null >= 0) {
      ::dup2(null, fd);
    } else {
      ::close(fd);
    }
  }
  if (null > 2) ::close(null);
}

// One order, or the lifeline's end.  False when nothing is to be done.
void obey(Guard& guard) {
  char order = 0;
  const ssize_t got = ::recv(kLifelineFd, &order, 1, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) end_everyone(guard, true);
  if (order == kOrderKill) end_everyone(guard, false);
  if (order == kOrderTerminate) signal_everyone(SIGTERM);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || ::fcntl(kLifelineFd, F_SETFD, FD_CLOEXEC) != 0) {
    const char text[] =
        "mcp-orchestrator-guard: a helper of mcp-orchestrator, not to be run by hand\n";
    const ssize_t told = ::write(2, text, sizeof text - 1);
    return told > 0 ? 64 : 65;
  }
  ::setsid();  // EPERM when posix_spawn did it already
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);

  sigset_t watched;
  ::sigemptyset(&watched);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&watched, signal);
  ::sigprocmask(SIG_SETMASK, &watched, nullptr);

  Guard guard;
  guard.signals = ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  if (guard.signals < 0) return 71;
  if (!start_server(guard, argv[1], argv + 2)) return 69;
  let_go_of_pipes();

  while (guard.server_runs) {
    pollfd ready[2] = {{guard.signals, POLLIN, 0}, {kLifelineFd, POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0) continue;
    if (ready[0].revents != 0) {
      signalfd_siginfo info{};
      bool asked = false;
      while (::read(guard.signals, &info, sizeof info) > 0)
        asked = asked || info.ssi_signo != static_cast<unsigned>(SIGCHLD);
      reap(guard);
      if (asked) end_everyone(guard, true);
    }
    if (ready[1].revents != 0) obey(guard);
  }
  // The server has gone; what it left behind goes too.
  end_everyone(guard, true);
}
