#pragma once

#include <dirent.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace devs {

// Waits for processes without sleeping, and looks at those of this machine.

// False when `pid` still runs at the deadline.  A process nobody reaped has ended.
inline bool ends_by(pid_t pid, std::chrono::steady_clock::time_point deadline) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return errno == ESRCH || errno == EINVAL;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd ended{fd, POLLIN, 0};
  const int ready = ::poll(&ended, 1, static_cast<int>(std::max<long>(0, left.count())));
  ::close(fd);
  return ready == 1;
}

inline std::vector<pid_t> read_pids(const std::string& path) {
  std::vector<pid_t> pids;
  std::ifstream file(path);
  for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
  return pids;
}

inline int open_descriptors() {
  int count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  while (::readdir(dir) != nullptr) ++count;
  ::closedir(dir);
  return count;
}

// Children of this process in state Z.
inline int zombies() {
  int count = 0;
  DIR* proc = ::opendir("/proc");
  while (const dirent* entry = ::readdir(proc)) {
    if (std::atoi(entry->d_name) <= 0) continue;
    std::ifstream stat("/proc/" + std::string(entry->d_name) + "/stat");
    std::string text;
    std::getline(stat, text);
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) continue;
    const char state = text[name_end + 2];
    if (state == 'Z' && std::atoi(text.c_str() + name_end + 4) == ::getpid()) ++count;
  }
  ::closedir(proc);
  return count;
}

}  // namespace devs
