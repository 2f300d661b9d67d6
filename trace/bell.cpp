#include "trace/bell.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace devs {

Waker::Waker() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  // A thread that nobody can wake is worse than a process that does not start.
  if (fd_ < 0) std::abort();
}

Waker::~Waker() {
  ::close(fd_);
}

void Waker::write_fd() {
  const std::uint64_t one = 1;
  // Each write is an edge; the sum reaches 2^64 in no machine's life.
  [[maybe_unused]] const ssize_t written = ::write(fd_, &one, sizeof one);
}

}  // namespace devs
