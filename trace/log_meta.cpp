#include "trace/log_meta.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

Status cannot(std::string_view doing, const std::filesystem::path& path, int error) {
  const char* const words = ::strerrordesc_np(error);
  return {Code::unavailable, fmt::format("cannot {} {}: {}", doing, path.string(),
                                         words != nullptr ? words : "unknown error")};
}

bool is_epoch(std::string_view text) {
  return text.size() == 10 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// A name is on disk when its directory is.
Status sync_directory(const std::filesystem::path& dir) {
  const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return cannot("open", dir, errno);
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  // EINVAL: a file system that has no notion of it.
  return error == 0 || error == EINVAL ? Status() : cannot("sync", dir, error);
}

}  // namespace

Result<std::optional<LogMeta>> read_log_meta(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return std::optional<LogMeta>();
  if (fd < 0) return cannot("open", path, errno);
  std::array<char, 4096> text{};  // ours has 38 bytes
  const ssize_t n = ::read(fd, text.data(), text.size());
  const int error = n < 0 ? errno : 0;
  ::close(fd);
  if (error != 0) return cannot("read", path, error);

  const auto checked =
      compact_json({text.data(), static_cast<std::size_t>(n)}, kConfigJson);
  if (!checked.ok()) return std::optional<LogMeta>();
  const JsonView meta(*checked);
  const auto format = meta["format"].integer();
  if (format && *format > kLogFormat)
    return Status(
        Code::invalid_argument,
        fmt::format("{} has format {}, and this program knows formats up to {}: "
                    "use the program that wrote it, or another directory",
                    path.string(), *format, kLogFormat));
  const auto epoch = meta["epoch"].string();
  if (!format || !epoch || !is_epoch(*epoch)) return std::optional<LogMeta>();
  return std::optional(LogMeta{*epoch});
}

Status write_log_meta(const std::filesystem::path& path, const LogMeta& meta) {
  std::filesystem::path beside = path;
  beside += ".new";
  const int fd =
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t{0600});
  if (fd < 0) return cannot("create", beside, errno);
  const bool written = write_all(fd, fmt::format("{{\"format\":{},\"epoch\":\"{}\"}}\n",
                                                 kLogFormat, meta.epoch)) &&
                       ::fsync(fd) == 0;
  const int error = written ? 0 : errno;
  ::close(fd);
  if (!written) return cannot("write", beside, error);
  if (::rename(beside.c_str(), path.c_str()) != 0)
    return cannot("rename a new file to", path, errno);
  return sync_directory(path.parent_path());
}

}  // namespace devs
