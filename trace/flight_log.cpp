#include "trace/flight_log.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "trace/clock.h"
#include "trace/line_reader.h"
#include "trace/log_meta.h"
#include "trace/random.h"

namespace devs {
namespace {

// 8 bytes of memory per this many lines; a read passes over half as many.
constexpr Sequence kIndexStride = 256;
constexpr std::size_t kOpenBlock = 1024 * 1024;
constexpr std::size_t kReadBlock = 64 * 1024;
constexpr std::size_t kReplayBlock = 256 * 1024;

// What a hole of zeros, a lost block or a foreign hand leaves is no object.
bool is_whole(const LineReader::Line& line) {
  return !line.too_long && line.text.size() >= 2 && line.text.front() == '{' &&
         line.text.back() == '}' && line.text.find('\0') == std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<FlightLog>> FlightLog::open(Options options, Log& log) {
  FileSystem& files = options.files != nullptr ? *options.files : real_files();
  std::unique_ptr<FlightLog> flight(new FlightLog);
  flight->dir_ = options.dir;
  if (Status made = flight->prepare_directory(); !made.ok()) return made;

  auto lock = DirectoryLock::take(flight->dir_ / "trace.lock");
  if (!lock.ok()) return lock.status();
  flight->lock_ = std::move(*lock);

  // Before anything is touched: a newer program's log is not ours to mend.
  const auto meta = read_log_meta(flight->dir_ / "trace.meta");
  if (!meta.ok()) return meta.status();
  if (*meta) flight->epoch_ = (*meta)->epoch;

  auto file = files.open_append(flight->dir_ / "trace.log");
  if (!file.ok()) return file.status();
  flight->file_ = std::move(*file);

  if (Status counted = flight->count_lines(options); !counted.ok()) return counted;
  if (Status cut = flight->cut_torn_tail(files, log); !cut.ok()) return cut;
  if (Status settled = flight->settle_epoch(log); !settled.ok()) return settled;
  return flight;
}

Status FlightLog::prepare_directory() {
  std::error_code failed;
  dir_ = std::filesystem::absolute(dir_, failed).lexically_normal();
  if (!dir_.has_filename()) dir_ = dir_.parent_path();  // "x/" is "x"
  if (!failed) std::filesystem::create_directories(dir_.parent_path(), failed);
  if (failed)
    return {Code::unavailable,
            fmt::format("cannot create {}: {}; choose another directory", dir_.string(),
                        failed.message())};
  if (::mkdir(dir_.c_str(), 0700) == 0) return {};
  const int error = errno;
  if (error == EEXIST && std::filesystem::is_directory(dir_, failed)) return {};
  const char* const words = ::strerrordesc_np(error == EEXIST ? ENOTDIR : error);
  return {Code::unavailable,
          fmt::format("cannot create {}: {}; choose another directory", dir_.string(),
                      words != nullptr ? words : "?")};
}

Status FlightLog::count_lines(const Options& options) {
  LineReader lines(*file_, 0, kOpenBlock);
  Sequence last = 0;
  std::vector<std::uint64_t> index;
  for (;;) {
    const std::uint64_t begin = lines.offset();
    const auto line = options.on_line ? lines.next() : lines.skip();
    if (!line.ok()) return line.status();
    if (!*line) break;
    if (last % kIndexStride == 0) index.push_back(begin);
    ++last;
    if (options.on_line) options.on_line(last, (*line)->text);
  }
  bytes_ = lines.offset();
  found_.last = last;
  last_.store(last, std::memory_order_release);
  MutexLock lock(mutex_);
  index_ = std::move(index);
  return {};
}

// An unfinished line was never acknowledged to anybody, so it may go; it is kept
// because it is the best witness of what the crash interrupted.
Status FlightLog::cut_torn_tail(FileSystem& files, Log& log) {
  const auto size = file_->size();
  if (!size.ok()) return size.status();
  if (*size <= bytes_) return {};

  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       system_clock().wall().time_since_epoch())
                       .count();
  std::error_code ignored;
  std::filesystem::path aside;
  for (auto stamp = now; aside.empty() || std::filesystem::exists(aside, ignored);
       ++stamp)
    aside = dir_ / fmt::format("trace.log.torn-{}", stamp);
  auto kept = files.open_append(aside);
  if (!kept.ok()) return kept.status();

  const auto block = std::make_unique_for_overwrite<char[]>(kOpenBlock);
  for (std::uint64_t at = bytes_; at < *size;) {
    const auto got = file_->read_at(at, {block.get(), kOpenBlock});
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    const std::string_view part(block.get(), *got);
    if (Status wrote = (*kept)->append({&part, 1}); !wrote.ok()) return wrote;
    at += *got;
  }
  if (Status synced = (*kept)->sync(); !synced.ok()) return synced;
  if (Status cut = file_->truncate(bytes_); !cut.ok()) return cut;

  found_.torn_bytes = static_cast<std::size_t>(*size - bytes_);
  found_.torn_file = aside;
  log.warn("torn_tail_cut", {{"file", (dir_ / "trace.log").string()},
                             {"bytes", std::to_string(found_.torn_bytes)},
                             {"last_sequence", std::to_string(found_.last)},
                             {"kept_in", aside.string()}});
  return {};
}

// Ids of a log that is no more must not fit a new one: clients would take the
// new entries for those they have seen.
Status FlightLog::settle_epoch(Log& log) {
  if (found_.last > 0 && !epoch_.empty()) return {};
  if (found_.last > 0)
    log.warn("epoch_renewed",
             {{"file", (dir_ / "trace.meta").string()},
              {"reason",
               "the log has entries, but its epoch is missing or unreadable; "
               "clients will start afresh"}});
  epoch_ = random_hex(5);
  return write_log_meta(dir_ / "trace.meta", {epoch_});
}

Status FlightLog::append(std::span<const EntryPtr> batch) {
  if (batch.empty()) return {};
  const Sequence last = this->last();
  if (batch.front()->sequence != last + 1)
    return {Code::internal, fmt::format("line {} of the log cannot be entry {}",
                                        last + 1, batch.front()->sequence)};
  if (cut_needed_) {
    if (Status cut = file_->truncate(bytes_); !cut.ok()) return cut;
    cut_needed_ = false;
  }

  pieces_.clear();
  for (const EntryPtr& entry : batch) {
    pieces_.emplace_back(entry->body);
    pieces_.emplace_back("\n");
  }
  if (Status wrote = file_->append(pieces_); !wrote.ok()) {
    cut_needed_ = !file_->truncate(bytes_).ok();
    return wrote;
  }

  {
    MutexLock lock(mutex_);
    for (const EntryPtr& entry : batch) {
      if ((entry->sequence - 1) % kIndexStride == 0) index_.push_back(bytes_);
      bytes_ += entry->body.size() + 1;
    }
  }
  last_.store(last + batch.size(), std::memory_order_release);
  return {};
}

std::uint64_t FlightLog::offset_before(Sequence wanted, Sequence& at) const {
  const Sequence slot = (wanted - 1) / kIndexStride;
  at = slot * kIndexStride + 1;
  MutexLock lock(mutex_);
  return index_[static_cast<std::size_t>(slot)];
}

ReadOutcome FlightLog::read(Sequence from, ReadLimits limits, const OnLine& on_line) const {
  const Sequence last = this->last();
  from = std::max<Sequence>(from, 1);
  if (from > last) return {from, {}};

  Sequence at = 0;
  const std::uint64_t offset = offset_before(from, at);
  LineReader lines(*file_, offset, limits.bytes > kReadBlock ? kReplayBlock : kReadBlock);
  for (; at < from; ++at)
    if (const auto passed = lines.skip(); !passed.ok() || !*passed) break;

  const auto begin = at;
  std::size_t bytes = 0;
  for (; at <= last; ++at) {
    if (at > begin && at - begin >= limits.entries) break;
    const auto line = lines.next();
    if (!line.ok() || !*line || !is_whole(**line)) {
      if (at > begin) break;
      return {from + 1, Loss{from, from, LossReason::corrupt}};
    }
    const std::string_view text = (*line)->text;
    bytes += text.size();
    if (at > begin && bytes > limits.bytes) break;
    on_line({.sequence = at, .body = text, .topics = {}, .stored_ms = 0});
  }
  return {at, {}};
}

// Times come with the sidecar: until then, from the beginning.
Sequence FlightLog::first_since(std::int64_t) const {
  return 1;
}

}  // namespace devs
