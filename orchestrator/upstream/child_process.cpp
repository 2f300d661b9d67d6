#include "orchestrator/upstream/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "orchestrator/upstream/guard_messages.h"

namespace devs {
namespace {

constexpr char kGuardName[] = "mcp-orchestrator-guard";
// Above what the child gets, so that no dup2 hits a descriptor still needed,
// whatever of 0, 1 and 2 this process was started without.
constexpr int kLowestFd = 10;

std::string errno_text(int error) {
  return std::generic_category().message(error);
}

struct Pair {
  OwnedFd ours, theirs;
};

Status lift(OwnedFd& fd) {
  if (fd.get() >= kLowestFd) return {};
  OwnedFd higher(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kLowestFd));
  if (!higher.open()) return Status(Code::unavailable, "no descriptor left: " + errno_text(errno));
  fd = std::move(higher);
  return {};
}

Status finish_pair(Pair& pair) {
  if (Status bad = lift(pair.ours); !bad.ok()) return bad;
  if (Status bad = lift(pair.theirs); !bad.ok()) return bad;
  // Of our end only: the server expects pipes that block.
  const int flags = ::fcntl(pair.ours.get(), F_GETFL);
  if (flags < 0 || ::fcntl(pair.ours.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return Status(Code::unavailable, "fcntl: " + errno_text(errno));
  return {};
}

Status make_pipe(Pair& pair, bool we_write) {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0)
    return Status(Code::unavailable, "pipe: " + errno_text(errno));
  pair.ours = OwnedFd(fds[we_write ? 1 : 0]);
  pair.theirs = OwnedFd(fds[we_write ? 0 : 1]);
  return finish_pair(pair);
}

Status make_lifeline(Pair& pair) {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) != 0)
    return Status(Code::unavailable, "socketpair: " + errno_text(errno));
  pair.ours = OwnedFd(fds[0]);
  pair.theirs = OwnedFd(fds[1]);
  return finish_pair(pair);
}

// The two things posix_spawn is told, with their cleanup.
class Actions {
 public:
  Actions() { ::posix_spawn_file_actions_init(&actions_); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  void give(const OwnedFd& fd, int as) {
    ::posix_spawn_file_actions_adddup2(&actions_, fd.get(), as);
  }
  void close_from(int fd) { ::posix_spawn_file_actions_addclosefrom_np(&actions_, fd); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::posix_spawnattr_setflags(
        &attributes_,
        static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID));
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

// posix_spawn wants char*, and promises to leave the bytes alone.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::optional<int> number_after(std::string_view text, std::string_view word) {
  if (!text.starts_with(word) || text.size() <= word.size() || text[word.size()] != ' ')
    return std::nullopt;
  text.remove_prefix(word.size() + 1);
  int value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_program(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void OwnedFd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<ChildEnds> spawn_child(const ChildSpec& spec) {
  Pair input, output, errors, lifeline;
  if (Status bad = make_pipe(input, true); !bad.ok()) return bad;
  if (Status bad = make_pipe(output, false); !bad.ok()) return bad;
  if (Status bad = make_pipe(errors, false); !bad.ok()) return bad;
  if (Status bad = make_lifeline(lifeline); !bad.ok()) return bad;

  Actions actions;
  actions.give(input.theirs, STDIN_FILENO);
  actions.give(output.theirs, STDOUT_FILENO);
  actions.give(errors.theirs, STDERR_FILENO);
  actions.give(lifeline.theirs, guard::kLifelineFd);
  actions.close_from(guard::kLifelineFd + 1);
  const Attributes attributes;

  std::vector<std::string> argv{kGuardName, spec.cwd, spec.command};
  argv.insert(argv.end(), spec.args.begin(), spec.args.end());
  std::vector<std::string> environment = spec.environment;

  ChildEnds child;
  const int error =
      ::posix_spawn(&child.guard, spec.guard_path.c_str(), actions.get(), attributes.get(),
                    pointers(argv).data(), pointers(environment).data());
  if (error == ENOENT)
    return Status(Code::not_found,
                  fmt::format("the child guard program `{}` is missing; it is built and "
                              "installed beside mcp-orchestrator",
                              spec.guard_path.empty() ? kGuardName : spec.guard_path));
  if (error != 0)
    return Status(Code::unavailable, fmt::format("cannot start the child guard `{}`: {}",
                                                 spec.guard_path, errno_text(error)));
  child.input = std::move(input.ours);
  child.output = std::move(output.ours);
  child.errors = std::move(errors.ours);
  child.lifeline = std::move(lifeline.ours);
  child.process = OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, child.guard, 0)));
  if (child.process.open()) return child;

  const int why = errno;
  child.lifeline.reset();  // the guard ends everyone, itself last
  ::waitpid(child.guard, nullptr, 0);
  return Status(Code::unavailable, "pidfd_open: " + errno_text(why));
}

std::optional<int> reap(ChildEnds& child) {
  int status = 0;
  if (::waitpid(child.guard, &status, WNOHANG) == 0) return std::nullopt;
  child.guard = -1;
  return status;
}

std::optional<GuardReport> decode_guard_report(std::string_view packet) {
  GuardReport report;
  if (const std::optional<int> pid = number_after(packet, guard::kStarted)) {
    report.kind = GuardReport::Kind::started;
    report.pid = *pid;
    return report;
  }
  if (const std::optional<int> status = number_after(packet, guard::kExited)) {
    report.kind = GuardReport::Kind::exited;
    report.status = *status;
    return report;
  }
  if (!packet.starts_with(guard::kFailed)) return std::nullopt;
  packet.remove_prefix(std::min(packet.size(), std::strlen(guard::kFailed) + 1));
  for (const std::string_view step : {"fork", "chdir", "exec"}) {
    const std::optional<int> error = number_after(packet, step);
    if (!error) continue;
    report.kind = GuardReport::Kind::failed;
    report.reason = fmt::format("{}: {}", step, errno_text(*error));
    return report;
  }
  return std::nullopt;
}

std::string describe_exit(int wait_status) {
  if (WIFEXITED(wait_status)) return fmt::format("exited with code {}", WEXITSTATUS(wait_status));
  const int signal = WTERMSIG(wait_status);
  const char* name = ::sigabbrev_np(signal);
  return fmt::format("was killed by signal {} (SIG{})", signal, name == nullptr ? "?" : name);
}

std::string find_guard() {
  std::array<char, PATH_MAX> self{};
  const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size());
  if (size > 0) {
    const std::string_view path(self.data(), static_cast<std::size_t>(size));
    const std::string beside = fmt::format("{}/{}", path.substr(0, path.rfind('/')), kGuardName);
    if (is_program(beside)) return beside;
  }
  const char* directories = std::getenv("PATH");
  for (std::string_view rest = directories == nullptr ? "" : directories; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string candidate = fmt::format("{}/{}", rest.substr(0, end), kGuardName);
    if (end > 0 && is_program(candidate)) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

std::vector<std::string> allowed_environment() {
  std::vector<std::string> out;
  for (const char* name : {"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || std::string_view(value).starts_with("()")) continue;
    out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

}  // namespace devs
