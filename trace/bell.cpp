#include "trace/bell.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace devs {

Bell::Bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  // A thread that nobody can wake is worse than a process that does not start.
  if (fd_ < 0) std::abort();
}

Bell::~Bell() {
  ::close(fd_);
}

void Bell::ring() {
  const std::uint64_t one = 1;
  // EAGAIN means 2^64-2 rings nobody looked at: it rings already.
  [[maybe_unused]] const ssize_t rung = ::write(fd_, &one, sizeof one);
}

void Bell::quiet() {
  std::uint64_t rings = 0;
  [[maybe_unused]] const ssize_t seen = ::read(fd_, &rings, sizeof rings);
}

}  // namespace devs
