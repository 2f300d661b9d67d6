#include "orchestrator/directory_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "trace/clock.h"
#include "trace/log.h"

namespace devs {
namespace {

// Sealing a segment takes a server a second at most: what is not found by then is lost.
constexpr std::chrono::seconds kPatience{5};

std::uint64_t inode_of(const std::filesystem::path& path) {
  struct stat seen {};
  return ::stat(path.c_str(), &seen) == 0 ? seen.st_ino : 0;
}

}  // namespace

Status find_log(const std::string& dir) {
  std::error_code ignored;
  for (const char* name : {"trace.meta", "trace.log", "segments"})
    if (std::filesystem::exists(std::filesystem::path(dir) / name, ignored)) return {};
  return {Code::not_found, fmt::format("no flight log in {}: give the --dir that "
                                       "`mcp-orchestrator serve` writes to",
                                       dir)};
}

Result<std::unique_ptr<DirectoryLog>> DirectoryLog::open(const std::string& dir) {
  if (Status found = find_log(dir); !found.ok()) return found;
  std::unique_ptr<DirectoryLog> log(new DirectoryLog(dir));
  if (Status looked = log->look(); !looked.ok()) return looked;
  return log;
}

ReadOutcome DirectoryLog::read(Sequence from, ReadLimits limits, const OnLine& on_line) const {
  for (std::optional<TimePoint> deadline;;) {
    const ReadOutcome outcome = current()->read(from, limits, on_line);
    if (!outcome.loss) return outcome;
    // Nothing was handed out: reading again repeats no line.
    const TimePoint now = std::chrono::steady_clock::now();
    if (!deadline) deadline = now + kPatience;
    if (now > *deadline || !looked_again()) return outcome;
  }
}

std::shared_ptr<FlightLog> DirectoryLog::current() const {
  MutexLock lock(mutex_);
  return log_;
}

std::string listing_of(const std::string& directory) {
  const std::filesystem::path dir(directory);
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& each : std::filesystem::directory_iterator(dir / "segments", ignored))
    names.push_back(each.path().filename().string());
  std::sort(names.begin(), names.end());
  names.push_back(std::to_string(inode_of(dir / "trace.log")));
  std::string text;
  for (const std::string& name : names) text += name + '/';
  return text;
}

Status DirectoryLog::look() const {
  const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
  const std::filesystem::path active = std::filesystem::path(dir_) / "trace.log";
  for (;;) {
    const std::string before = listing_of(dir_);
    const std::uint64_t file = inode_of(active);
    auto opened = FlightLog::open({.dir = dir_, .read_only = true, .files = nullptr},
                                  stderr_log(Log::Level::error));
    // Between the segments and a trace.log that was rolled meanwhile there is a hole.
    const bool whole = opened.ok() && file == inode_of(active);
    if (!whole && listing_of(dir_) != before && std::chrono::steady_clock::now() < deadline)
      continue;
    if (!opened.ok()) return opened.status();
    // Its entries would be given the ids of others.
    if (!epoch_.empty() && (*opened)->epoch() != epoch_)
      return {Code::unavailable, fmt::format("{} was begun anew meanwhile", dir_)};
    MutexLock lock(mutex_);
    if (epoch_.empty()) epoch_ = (*opened)->epoch();
    log_ = std::move(*opened);
    listed_ = before;
    return {};
  }
}

bool DirectoryLog::looked_again() const {
  {
    MutexLock lock(mutex_);
    if (listing_of(dir_) == listed_) return false;
  }
  return look().ok();
}

bool is_written_to(const std::string& dir) {
  const int fd = ::open((dir + "/trace.lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  const bool held = ::fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  ::close(fd);
  return held;
}

}  // namespace devs
