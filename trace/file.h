#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocol/result.h"

namespace devs {

// One open file of the log, behind an interface tests can break.
// Not thread-safe, but read_at() may run beside append().
class File {
 public:
  virtual ~File() = default;
  // All of `pieces`, or a Status saying the errno; a short write is followed up
  // until it fails, and the caller restores the boundary with truncate().
  virtual Status append(std::span<const std::string_view> pieces) = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Status sync() = 0;  // fdatasync
  // Fewer bytes than asked only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset,
                                      std::span<char> to) const = 0;
  virtual Result<std::uint64_t> size() const = 0;
};

// Opens files.  Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open_append(
      const std::filesystem::path& path) = 0;
};

FileSystem& real_files();

// An OFD lock on `path` (created 0600), held until destruction; unavailable when
// another process holds it.
class DirectoryLock {
 public:
  static Result<std::unique_ptr<DirectoryLock>> take(const std::filesystem::path& path);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace devs
