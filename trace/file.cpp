#include "trace/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <utility>

namespace devs {
namespace {

constexpr mode_t kOwnerOnly = 0600;  // what agents did is nobody else's business
constexpr mode_t kOwnerOnlyDirectory = 0700;

// How often an append looks whether its file is still the one at the path.  Two system
// calls per look are much beside 15 000 appends a second, and nothing at 20.
constexpr std::chrono::milliseconds kLookEvery{50};

Code code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case ENOSPC:
    case EDQUOT:
      return Code::resource_exhausted;
    default:
      return Code::unavailable;
  }
}

Status refused(std::string_view doing, const std::filesystem::path& path, int error) {
  const char* const name = ::strerrorname_np(error);
  const char* const words = ::strerrordesc_np(error);
  return {code_of(error),
          fmt::format("cannot {} {}: {} ({})", doing, path.string(),
                      words != nullptr ? words : "unknown error", name != nullptr ? name : "?")};
}

// What a person can do about a file or directory that is not to be had.
std::string_view way_out(int error) {
  switch (error) {
    case EISDIR:
      return "it is a directory: move it away";
    case EACCES:
    case EPERM:
      return "give this user the right to read and write it, or choose another "
             "directory";
    case EROFS:
      return "the file system is read-only: choose another directory";
    case ENOSPC:
    case EDQUOT:
      return "make room, or choose another directory";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files";
    default:
      return "mend it, or choose another directory";
  }
}

Status cannot(std::string_view doing, const std::filesystem::path& path, int error) {
  const Status status = refused(doing, path, error);
  return {status.code(), fmt::format("{}; {}", status.message(), way_out(error))};
}

// A later chdir must not move the log.
std::filesystem::path fixed(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::path where = std::filesystem::absolute(path, failed);
  return failed ? path : where;
}

class RealFile final : public File {
 public:
  RealFile(std::filesystem::path path, int fd, const struct stat& opened, bool writable)
      : path_(std::move(path)),
        fd_(fd),
        writable_(writable),
        device_(opened.st_dev),
        inode_(opened.st_ino),
        expected_(static_cast<std::uint64_t>(opened.st_size)) {}
  ~RealFile() override { ::close(fd_); }
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;

  Status append(std::span<const std::string_view> pieces) override {
    if (!writable_) return refused("append to", path_, EBADF);
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ >= kLookEvery) {
      if (Status there = still_there(); !there.ok()) return there;
      looked_ = now;
    }
    if (!gone_.ok()) return gone_;
    std::uint64_t bytes = 0;
    for (const std::string_view piece : pieces) bytes += piece.size();
    while (!pieces.empty()) {
      const auto group = pieces.first(std::min<std::size_t>(pieces.size(), IOV_MAX));
      if (Status wrote = append_group(group); !wrote.ok()) return wrote;
      pieces = pieces.subspan(group.size());
    }
    expected_ += bytes;
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (!writable_) return refused("cut back", path_, EBADF);
    // In a file that somebody cut it would only make a hole.
    if (Status there = still_there(); !there.ok()) return there;
    expected_ = size;
    while (::ftruncate(fd_, static_cast<off_t>(size)) != 0)
      if (errno != EINTR) return refused("cut back", path_, errno);
    return {};
  }

  Status sync() override {
    while (::fdatasync(fd_) != 0)
      if (errno != EINTR) return refused("sync", path_, errno);
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const override {
    std::size_t got = 0;
    while (got < to.size()) {
      const ssize_t n =
          ::pread(fd_, to.data() + got, to.size() - got, static_cast<off_t>(offset + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return refused("read", path_, errno);
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }

  Result<std::uint64_t> size() const override {
    struct stat now {};
    if (::fstat(fd_, &now) != 0) return refused("look at", path_, errno);
    return static_cast<std::uint64_t>(now.st_size);
  }

 private:
  // A file that was deleted or moved away takes writes as before, and nobody
  // will ever read them.  The same file put back at its path is as good as before; one
  // that was cut short never is again.
  Status still_there() {
    if (gone_.code() != Code::data_loss) {
      gone_ = Status();
      struct stat at_path {};
      const bool found = ::stat(path_.c_str(), &at_path) == 0;
      const bool lost = found ? at_path.st_dev != device_ || at_path.st_ino != inode_
                              : errno == ENOENT || errno == ENOTDIR;
      if (lost)
        gone_ = Status(Code::not_found,
                       fmt::format("{} was deleted or replaced while in use; put it back, or "
                                   "restart to begin a new log",
                                   path_.string()));
      else if (found && static_cast<std::uint64_t>(at_path.st_size) < expected_)
        gone_ =
            Status(Code::data_loss,
                   fmt::format("{} was cut short while in use; restart to go on", path_.string()));
    }
    return gone_;
  }

  Status append_group(std::span<const std::string_view> group) {
    std::array<iovec, IOV_MAX> vectors;
    std::size_t count = 0;
    for (const std::string_view piece : group)
      if (!piece.empty()) vectors[count++] = {const_cast<char*>(piece.data()), piece.size()};
    for (iovec* next = vectors.data(); count > 0;) {
      const ssize_t n = ::writev(fd_, next, static_cast<int>(count));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return refused("append to", path_, errno);
      auto wrote = static_cast<std::size_t>(n);
      while (count > 0 && wrote >= next->iov_len) {
        wrote -= next->iov_len;
        ++next;
        --count;
      }
      if (wrote > 0) {
        next->iov_base = static_cast<char*>(next->iov_base) + wrote;
        next->iov_len -= wrote;
      }
    }
    return {};
  }

  const std::filesystem::path path_;
  const int fd_;
  const bool writable_;
  const dev_t device_;
  const ino_t inode_;
  std::uint64_t expected_;  // size; a smaller one means somebody else cut the file
  std::chrono::steady_clock::time_point looked_{};
  Status gone_;
};

class RealFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open_append(const std::filesystem::path& path) override {
    return open(path, O_RDWR | O_APPEND | O_CREAT);
  }
  Result<std::unique_ptr<File>> open_read(const std::filesystem::path& path) override {
    return open(path, O_RDONLY);
  }

  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    const Status status = refused("rename", from, errno);
    return {status.code(), fmt::format("{}; it was to become {}", status.message(), to.string())};
  }

  Status remove(const std::filesystem::path& path) override {
    return ::unlink(path.c_str()) == 0 ? Status() : refused("remove", path, errno);
  }

  Status make_directory(const std::filesystem::path& path) override {
    if (::mkdir(path.c_str(), kOwnerOnlyDirectory) == 0) return {};
    const int error = errno;
    if (error != EEXIST) return cannot("create", path, error);
    struct stat there {};
    if (::stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode)) return {};
    return cannot("create", path, ENOTDIR);
  }

  Status sync_directory(const std::filesystem::path& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return refused("open", path, errno);
    const int error = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    // EINVAL: a file system that has no notion of it.
    return error == 0 || error == EINVAL ? Status() : refused("sync", path, error);
  }

  Result<std::vector<std::string>> list(const std::filesystem::path& path) const override {
    std::error_code failed;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator each(path, failed), end; !failed && each != end;
         each.increment(failed))
      names.push_back(each->path().filename().string());
    if (failed) return refused("list", path, failed.value());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  static Result<std::unique_ptr<File>> open(const std::filesystem::path& path, int flags) {
    const std::filesystem::path where = fixed(path);
    // O_NONBLOCK: a FIFO at the path must not hold us; regular files ignore it.
    const int fd = ::open(where.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, kOwnerOnly);
    if (fd < 0) return cannot("open", where, errno);
    struct stat opened {};
    if (::fstat(fd, &opened) != 0 || !S_ISREG(opened.st_mode)) {
      ::close(fd);
      return Status(Code::unavailable,
                    fmt::format("cannot use {}: not a regular file; move it away", where.string()));
    }
    return std::unique_ptr<File>(new RealFile(where, fd, opened, (flags & O_RDWR) != 0));
  }
};

// The process that holds a lock file wrote its number into it.
std::string holder_of(int fd) {
  std::array<char, 16> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  std::string digits;
  for (ssize_t i = 0; i < n && text[static_cast<std::size_t>(i)] >= '0' &&
                      text[static_cast<std::size_t>(i)] <= '9';
       ++i)
    digits += text[static_cast<std::size_t>(i)];
  return digits.empty() ? "another process" : "process " + digits;
}

}  // namespace

FileSystem& real_files() {
  static RealFiles files;  // no state
  return files;
}

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (fd < 0) return cannot("open", path, errno);
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(fd));
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(fd, F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES) return refused("lock", path, errno);
    return Status(Code::unavailable,
                  fmt::format("{} is in use by {} (lock {}); stop it, or choose another "
                              "directory",
                              path.parent_path().string(), holder_of(fd), path.string()));
  }
  // Only for the message above: the lock holds without it, so a full disk is fine.
  const std::string number = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) == 0) {
    [[maybe_unused]] const ssize_t wrote = ::pwrite(fd, number.data(), number.size(), 0);
  }
  return lock;
}

bool DirectoryLock::in_place(const std::filesystem::path& path) const {
  struct stat held {
  }, there{};
  return ::fstat(fd_, &held) == 0 && ::stat(path.c_str(), &there) == 0 &&
         held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

DirectoryLock::~DirectoryLock() {
  ::close(fd_);
}

}  // namespace devs
