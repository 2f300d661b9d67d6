#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/result.h"

namespace devs {

// A descriptor that closes itself.  -1: none.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  ~OwnedFd() { reset(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

// What is to be started.  Everything is handed over as it stands: no shell.
struct ChildSpec {
  std::string guard_path;
  std::string command;  // looked up in the PATH of `environment` when it has no '/'
  std::vector<std::string> args;
  std::vector<std::string> environment;  // NAME=value, the whole of it
  std::string cwd;                       // empty: ours
};

// Our ends of one guard and the server under it.  Dying closes the lifeline,
// which makes the guard end everyone; whoever can wait should reap() it.
struct ChildEnds {
  pid_t guard = -1;
  OwnedFd input;     // the server's stdin, non-blocking
  OwnedFd output;    // its stdout, non-blocking
  OwnedFd errors;    // its stderr, non-blocking
  OwnedFd lifeline;  // packets from and to the guard, non-blocking
  OwnedFd process;   // pidfd of the guard: readable when it has ended
};

// posix_spawn of the guard: nothing inherited but 0, 1, 2 and the lifeline, all
// signals default, none blocked, a session of its own.  Never fork: this process
// has threads.  Blocks until the guard's exec is done: not on the reactor.
//
// not_found: there is no guard at that path.  unavailable: the system refused.
Result<ChildEnds> spawn_child(const ChildSpec& spec);

// Takes the guard's exit status without waiting; nullopt when it still runs.
std::optional<int> reap(ChildEnds& child);

// What the guard said (guard_messages.h).
struct GuardReport {
  enum class Kind { started, failed, exited };
  Kind kind = Kind::exited;
  pid_t pid = 0;       // started
  std::string reason;  // failed: "exec: No such file or directory"
  int status = 0;      // exited
};
std::optional<GuardReport> decode_guard_report(std::string_view packet);

// "exited with code 1", "was killed by signal 9 (Killed)".
std::string describe_exit(int wait_status);

// Where the guard program is: beside this executable, else in PATH; empty when
// it is in neither place.
std::string find_guard();

// HOME LOGNAME PATH SHELL TERM USER of this process, those it has: never the
// rest, which is full of secrets; never functions that shells export as `()`.
std::vector<std::string> allowed_environment();

}  // namespace devs
