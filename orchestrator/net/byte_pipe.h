#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>

namespace devs {

// A peer that reads no more is an answer of the write; the signal for it would end this
// process unless somebody thought of it.  For the calling thread, once.
void block_sigpipe_here();

// One direction of a standard stream, whatever it is: a pipe, a socket, a terminal, a file,
// a device.  Bytes go in or out without waiting where the system can do that; `is_polled()`
// says whether it can (epoll refuses files, which may make a caller wait for a disk).
//
// The descriptor is a copy of ours alone: that it does not block is nothing to whoever else
// has the stream (a shell its terminal, stderr its pipe).  Owns it; confined to one thread at
// a time.
class BytePipe {
 public:
  enum class Way { in, out };
  // Of an open descriptor, which stays as it is.
  BytePipe(int fd, Way way);
  BytePipe(BytePipe&& other) noexcept;
  BytePipe& operator=(BytePipe&&) = delete;
  ~BytePipe() { close(); }

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  bool is_polled() const { return is_polled_; }
  void close();

  static constexpr ssize_t kLater = -1;  // nothing now; epoll will tell
  // Bytes read, 0 at the end (or what cannot be read any more), kLater.
  ssize_t read(char* into, std::size_t most);
  // Bytes written, 0 when nobody will ever read them, kLater.
  ssize_t write(std::string_view bytes);

 private:
  int fd_ = -1;
  bool is_socket_ = false;
  bool is_polled_ = false;
};

}  // namespace devs
