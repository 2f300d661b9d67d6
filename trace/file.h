#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.h"

namespace devs {

// One open file of the log, behind an interface tests can break.
// Not thread-safe, but read_at() may run beside append().
class File {
 public:
  virtual ~File() = default;
  // All of `pieces`, or a Status saying the errno; a short write is followed up
  // until it fails, and the caller restores the boundary with truncate().
  //
  // Both also look whether the file is still the one at its path (append() each 50 ms):
  // not_found while it is deleted or replaced, data_loss when somebody cut it, and so
  // for good.
  virtual Status append(std::span<const std::string_view> pieces) = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Status sync() = 0;  // fdatasync
  // Fewer bytes than asked only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const = 0;
  virtual Result<std::uint64_t> size() const = 0;
};

// What the log does to its directory: every effect on the disk goes through here, so
// that a test can fail, forget or record each one.  Thread-safe.
//
// Codes: not_found (no such file), resource_exhausted (ENOSPC, EDQUOT), unavailable
// (whatever else the system says); the message names path and errno.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // For the log's own files: created 0600 when missing, refused when not regular.
  virtual Result<std::unique_ptr<File>> open_append(const std::filesystem::path& path) = 0;
  // Reads only; append() and truncate() refuse.
  virtual Result<std::unique_ptr<File>> open_read(const std::filesystem::path& path) = 0;
  // Atomic; replaces `to`.
  virtual Status rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Status remove(const std::filesystem::path& path) = 0;
  virtual Status make_directory(const std::filesystem::path& path) = 0;  // 0700; there: ok
  // A name is on disk when its directory is: after create, rename and remove.
  virtual Status sync_directory(const std::filesystem::path& path) = 0;
  // Names of what is in there, sorted.  not_found when it does not exist.
  virtual Result<std::vector<std::string>> list(const std::filesystem::path& path) const = 0;
};

FileSystem& real_files();

// An OFD lock on `path` (created 0600), held until destruction; unavailable when
// another process holds it.
class DirectoryLock {
 public:
  static Result<std::unique_ptr<DirectoryLock>> take(const std::filesystem::path& path);
  // False when the lock file was deleted or replaced: it keeps nobody out any more.
  bool in_place(const std::filesystem::path& path) const;
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace devs
