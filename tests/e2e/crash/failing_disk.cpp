// LD_PRELOAD library: a disk that refuses when the test says so, under a real program.
//
// Calls that would change something below $DEVS_FAILING_DIR fail while the file
// $DEVS_FAILING_ORDER holds an errno name, alone ("EROFS": all of them) or followed by
// the calls meant ("EIO fdatasync").  "HANG fdatasync": they do not come back before the
// order is another.  Stands in for what cannot be done to a mounted
// file system in use, such as a remount read-only.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

struct Orders {
  std::string_view dir, file;
};
Orders orders() {
  const char* dir = std::getenv("DEVS_FAILING_DIR");
  const char* file = std::getenv("DEVS_FAILING_ORDER");
  return {dir != nullptr ? dir : "", file != nullptr ? file : ""};
}

int errno_called(std::string_view name) {
  for (int each = 1; each < 134; ++each)
    if (const char* known = ::strerrorname_np(each); known != nullptr && known == name) return each;
  return EIO;
}

// The word of the order that `call` on `path` is meant by; empty: none.
std::string order_for(std::string_view call, std::string_view path) {
  const auto [dir, file] = orders();
  if (dir.empty() || file.empty() || !path.starts_with(dir)) return {};
  using Open = int(const char*, int, ...);
  const int fd = real<Open>("open")(file.data(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 256> text{};
  const ssize_t n = ::read(fd, text.data(), text.size());
  ::close(fd);
  std::string_view order(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  const std::string_view name = order.substr(0, order.find(' '));
  order.remove_prefix(name.size());
  const bool meant = order.empty() || order.find(call) != std::string_view::npos;
  return meant ? std::string(name) : std::string();
}

// 0, or what `call` on `path` is to fail with.
int verdict(std::string_view call, std::string_view path) {
  std::string order = order_for(call, path);
  // The process sleeps in its call as it would on a disk that hangs; the order is a file.
  for (; order == "HANG"; order = order_for(call, path)) ::usleep(10'000);
  return order.empty() ? 0 : errno_called(order);
}
int verdict(std::string_view call, int fd) {
  if (orders().dir.empty()) return 0;
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t n = ::readlink(link.c_str(), path.data(), path.size());
  return n > 0 ? verdict(call, std::string_view(path.data(), static_cast<std::size_t>(n))) : 0;
}

// -1 with errno, or what the real call says.
template <class Function, class What, class... Arguments>
auto judged(const char* call, const What& what, Arguments... arguments)
    -> decltype(real<Function>(call)(arguments...)) {
  if (const int refused = verdict(call, what); refused != 0) {
    errno = refused;
    return -1;
  }
  return real<Function>(call)(arguments...);
}

int open_judged(const char* call, const char* path, int flags, mode_t mode) {
  using Open = int(const char*, int, ...);
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) == 0)
    return real<Open>(call)(path, flags, mode);
  return judged<Open>(call, std::string_view(path), path, flags, mode);
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t count) {
  return judged<ssize_t(int, const void*, size_t)>("write", fd, fd, bytes, count);
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t at) {
  return judged<ssize_t(int, const void*, size_t, off_t)>("pwrite", fd, fd, bytes, count, at);
}
ssize_t writev(int fd, const struct iovec* pieces, int count) {
  return judged<ssize_t(int, const struct iovec*, int)>("writev", fd, fd, pieces, count);
}
int ftruncate(int fd, off_t size) noexcept {
  return judged<int(int, off_t)>("ftruncate", fd, fd, size);
}
int fsync(int fd) {
  return judged<int(int)>("fsync", fd, fd);
}
int fdatasync(int fd) {
  return judged<int(int)>("fdatasync", fd, fd);
}
int rename(const char* from, const char* to) noexcept {
  return judged<int(const char*, const char*)>("rename", std::string_view(from), from, to);
}
int unlink(const char* path) noexcept {
  return judged<int(const char*)>("unlink", std::string_view(path), path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  return judged<int(const char*, mode_t)>("mkdir", std::string_view(path), path, mode);
}
int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return open_judged("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return open_judged("open64", path, flags, mode);
}

}  // extern "C"
