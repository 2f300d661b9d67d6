#include "orchestrator/net/byte_pipe.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

namespace devs {
namespace {

bool epoll_takes(int fd) {
  const int trial = ::epoll_create1(EPOLL_CLOEXEC);
  if (trial < 0) return false;
  epoll_event event{};
  const bool taken = ::epoll_ctl(trial, EPOLL_CTL_ADD, fd, &event) == 0;
  ::close(trial);
  return taken;
}

// Opened anew, so that O_NONBLOCK is ours alone; -1 where that cannot be done.
int open_again(int fd, BytePipe::Way way) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const int flags = way == BytePipe::Way::in ? O_RDONLY : O_WRONLY;
  return ::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

}  // namespace

void block_sigpipe_here() {
  sigset_t pipe_signal;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
}

BytePipe::BytePipe(int fd, Way way) {
  struct stat what {};
  if (::fstat(fd, &what) != 0) return;
  is_socket_ = S_ISSOCK(what.st_mode);
  // A file opened anew would begin at its beginning.
  if (S_ISFIFO(what.st_mode) || S_ISCHR(what.st_mode)) fd_ = open_again(fd, way);
  const bool is_ours = fd_ >= 0;
  if (!is_ours) fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  is_polled_ = fd_ >= 0 && epoll_takes(fd_);
  if (is_polled_ && !is_ours && !is_socket_)
    ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

BytePipe::BytePipe(BytePipe&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      is_socket_(other.is_socket_),
      is_polled_(other.is_polled_) {
}

void BytePipe::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

ssize_t BytePipe::read(char* into, std::size_t most) {
  for (;;) {
    const ssize_t got =
        is_socket_ ? ::recv(fd_, into, most, MSG_DONTWAIT) : ::read(fd_, into, most);
    if (got >= 0) return got;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? kLater : 0;
  }
}

ssize_t BytePipe::write(std::string_view bytes) {
  for (;;) {
    const ssize_t put = is_socket_
                            ? ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                            : ::write(fd_, bytes.data(), bytes.size());
    if (put > 0) return put;
    if (put < 0 && errno == EINTR) continue;
    return put < 0 && errno == EAGAIN ? kLater : 0;
  }
}

}  // namespace devs
