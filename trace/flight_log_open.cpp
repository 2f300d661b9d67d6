// FlightLog::open(): what a crash, or worse, may have left, and what is made of it.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "trace/active_segment.h"
#include "trace/flight_log.h"
#include "trace/log_meta.h"
#include "trace/log_scan.h"
#include "trace/plain_exam.h"
#include "trace/random.h"

namespace devs {
namespace {

constexpr std::size_t kCopyBlock = 1024 * 1024;

// Stands for a file that is not there, where nothing may be made.
class NoFile final : public File {
 public:
  Status append(std::span<const std::string_view>) override { return no_such_file(); }
  Status truncate(std::uint64_t) override { return no_such_file(); }
  Status sync() override { return no_such_file(); }
  Result<std::size_t> read_at(std::uint64_t, std::span<char>) const override {
    return std::size_t{0};
  }
  Result<std::uint64_t> size() const override { return std::uint64_t{0}; }

 private:
  static Status no_such_file() { return {Code::not_found, "no such file"}; }
};

}  // namespace

Result<std::unique_ptr<FlightLog>> FlightLog::open(Options options, Log& log) {
  std::unique_ptr<FlightLog> flight(new FlightLog(std::move(options)));
  flight->dir_ = flight->options_.dir;
  if (Status made = flight->prepare_directory(); !made.ok()) return made;
  if (Status locked = flight->take_lock(); !locked.ok()) return locked;
  // Before anything is touched: a newer program's log is not ours to mend.
  if (Status read = flight->read_meta(); !read.ok()) return read;
  if (Status mended = flight->finish_interrupted_roll(log); !mended.ok()) return mended;
  if (Status found = flight->find_segments(log); !found.ok()) return found;
  if (Status opened = flight->open_active(log); !opened.ok()) return opened;
  flight->pass_over_given(log);
  return flight;
}

Status FlightLog::prepare_directory() {
  std::error_code failed;
  dir_ = std::filesystem::absolute(dir_, failed).lexically_normal();
  if (failed)
    return {Code::unavailable,
            fmt::format("cannot find {}: {}", options_.dir.string(), failed.message())};
  if (!dir_.has_filename()) dir_ = dir_.parent_path();  // "x/" is "x"
  segments_dir_ = dir_ / "segments";
  if (options_.read_only) {
    const auto names = files_.list(dir_);
    return names.ok() ? Status() : names.status();
  }
  std::filesystem::path each;
  if (!files_.list(dir_).ok())
    for (const auto& part : dir_) {
      const std::filesystem::path above = each;
      each /= part;
      const auto there = files_.list(each);
      if (there.ok() || there.status().code() != Code::not_found) continue;
      if (Status made = files_.make_directory(each); !made.ok()) return made;
      if (Status named = files_.sync_directory(above); !named.ok()) return named;
    }
  return files_.make_directory(segments_dir_);
}

Status FlightLog::take_lock() {
  if (options_.read_only) return {};
  auto lock = DirectoryLock::take(at("trace.lock"));
  if (!lock.ok()) return lock.status();
  lock_ = std::move(*lock);
  return {};
}

Status FlightLog::read_meta() {
  if (const auto index = files_.open_read(at("trace.idx")); index.ok())
    if (Status known = check_index_version(**index, at("trace.idx")); !known.ok()) return known;
  const auto meta = read_log_meta(files_, at("trace.meta"));
  if (!meta.ok()) return meta.status();
  if (!*meta) return {};
  epoch_ = (*meta)->epoch;
  format_ = (*meta)->format;
  segments_.set_expired_through((*meta)->expired_through);
  MutexLock lock(meta_mutex_);
  meta_ = **meta;
  return {};
}

Status FlightLog::open_active(Log& log) {
  const auto open_one = [this](const char* name) {
    return options_.read_only ? files_.open_read(at(name)) : files_.open_append(at(name));
  };
  auto file = open_one("trace.log");
  if (!file.ok() && !(options_.read_only && file.status().code() == Code::not_found))
    return file.status();
  if (!file.ok()) file = std::unique_ptr<File>(new NoFile);
  auto index = files_.open_read(at("trace.idx"));
  if (!index.ok() && index.status().code() != Code::not_found) return index.status();

  ScanHints hints{.epoch = epoch_, .base = segments_.expired_through() + 1, .now_ms = now_ms()};
  const auto segments = segments_.list();
  if (!segments->empty()) {
    const SegmentInfo& newest = segments->back()->info();
    hints.base = std::max(hints.base, newest.last() + 1);
    hints.carry = {newest.open_from, newest.last_stamp_ns};
  }
  auto scan = scan_log(file.value().get(), index.ok() ? index.value().get() : nullptr, hints);
  if (!scan.ok()) {
    if (!index.ok() || try_index(files_, at("trace.idx")).ok()) return scan.status();
    return {scan.status().code(),
            fmt::format("{}; if it stays so, `mcp-orchestrator trace repair` sets trace.idx aside "
                        "and makes it again",
                        scan.status().message())};
  }

  const Sequence last = scan->header.base + scan->table.count() - 1;
  // Ids of a log that is no more must not fit a new one: clients would take the new
  // entries for those they have seen.
  const bool is_new =
      segments->empty() && (last == 0 || (scan->log_bytes == 0 && scan->header.base == 1));
  if (Status settled = settle_epoch(is_new, scan->header.epoch, log); !settled.ok()) return settled;
  if (is_new && !options_.read_only) {
    // An unfinished first line is the best witness there is, too.
    if (Status cut = cut_torn_tail(**file, at("trace.log"), 0, scan->log_bytes, log); !cut.ok())
      return cut;
    auto begun = ActiveSegment::create(files_, dir_, {.epoch = epoch_});
    if (!begun.ok()) return begun.status();
    take_active(std::move(*begun));
    found_.carry = {};
    return {};
  }

  found_.last = last;
  found_.carry = scan->carry;
  found_.corrupt_lines = static_cast<std::size_t>(count_bad_lines(**file, scan->table));
  if (found_.corrupt_lines > 0)
    log.error("corrupt_lines", {{"file", at("trace.log").string()},
                                {"count", std::to_string(found_.corrupt_lines)}});
  found_.sidecar_rebuilt = !scan->index_right;
  if (!options_.read_only) {
    if (Status cut =
            cut_torn_tail(**file, at("trace.log"), scan->table.bytes(), scan->log_bytes, log);
        !cut.ok())
      return cut;
    if (!scan->index_right || scan->header.epoch != epoch_) {
      scan->header.epoch = epoch_;
      if (Status wrote =
              write_side_index(files_, at("trace.idx"), scan->header, scan->table, scan->carry);
          !wrote.ok())
        return wrote;
      log.line(
          format_ == kLogFormat ? Log::Level::warn : Log::Level::info, "sidecar_rebuilt",
          {{"file", at("trace.idx").string()}, {"adopted_lines", std::to_string(scan->adopted)}});
    }
  }
  auto sidecar = open_one("trace.idx");
  if (!sidecar.ok() && options_.read_only) sidecar = std::unique_ptr<File>(new NoFile);
  if (!sidecar.ok()) return sidecar.status();
  if (const auto size = (*sidecar)->size(); size.ok()) scan->index_bytes = *size;

  const std::int64_t age_ms = std::max<std::int64_t>(now_ms() - scan->table.first_ms(), 0);
  active_since_ = clock_.steady() - std::chrono::milliseconds(age_ms);
  take_active(
      std::make_shared<ActiveSegment>(std::move(*file), std::move(*sidecar), std::move(*scan)));
  last_.store(last, std::memory_order_release);
  if (options_.read_only) return {};
  // What is shown from now on may still be in the page cache of a process that was
  // killed, and so may the names of trace.log and of what was rolled.
  for (const auto& directory : {segments_dir_, dir_})
    if (Status named = files_.sync_directory(directory); !named.ok()) return named;
  return sync();
}

// An unfinished line was never acknowledged to anybody, so it may go; it is kept
// because it is the best witness of what the crash interrupted.
Status FlightLog::cut_torn_tail(File& file, const std::filesystem::path& path, std::uint64_t from,
                                std::uint64_t size, Log& log) {
  if (size <= from) return {};
  const auto names = files_.list(dir_);
  if (!names.ok()) return names.status();
  std::string name;
  for (std::int64_t stamp = now_ms();
       name.empty() || std::find(names->begin(), names->end(), name) != names->end(); ++stamp)
    name = fmt::format("trace.log.torn-{}", stamp);
  auto kept = files_.open_append(at(name));
  if (!kept.ok()) return kept.status();

  const auto block = std::make_unique_for_overwrite<char[]>(kCopyBlock);
  for (std::uint64_t offset = from; offset < size;) {
    const auto got = file.read_at(offset, {block.get(), kCopyBlock});
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    const std::string_view part(block.get(), *got);
    if (Status wrote = (*kept)->append({&part, 1}); !wrote.ok()) return wrote;
    offset += *got;
  }
  if (Status synced = (*kept)->sync(); !synced.ok()) return synced;
  if (Status named = files_.sync_directory(dir_); !named.ok()) return named;
  if (Status cut = file.truncate(from); !cut.ok()) return cut;

  log.warn("torn_tail_cut", {{"file", path.string()},
                             {"bytes", std::to_string(size - from)},
                             {"kept_in", at(name).string()}});
  if (path != at("trace.log")) return {};
  found_.torn_bytes = static_cast<std::size_t>(size - from);
  found_.torn_file = at(name);
  return {};
}

Status FlightLog::settle_epoch(bool is_new, const Epoch& of_sidecar, Log& log) {
  const bool had_one = !epoch_.empty();
  if (is_new) {
    epoch_ = random_hex(5);
  } else if (!had_one && !of_sidecar.empty()) {
    epoch_ = of_sidecar;
  } else if (!had_one) {
    log.warn("epoch_renewed", {{"file", at("trace.meta").string()},
                               {"reason",
                                "the log has entries, but its epoch is missing or unreadable; "
                                "clients will start afresh"}});
    epoch_ = random_hex(5);
  }
  MutexLock lock(meta_mutex_);
  LogMeta meta{.epoch = epoch_,
               .expired_through = segments_.expired_through(),
               .given_through = is_new ? 0 : meta_.given_through};
  if (!options_.read_only && (is_new || !had_one || format_ != kLogFormat))
    return write_meta(std::move(meta));
  meta_ = std::move(meta);
  return {};
}

// The process before this one may have shown entries that no disk took.
void FlightLog::pass_over_given(Log& log) {
  Sequence given = 0;
  {
    MutexLock lock(meta_mutex_);
    given = meta_.given_through;
  }
  if (options_.read_only || given <= last()) return;
  log.warn("numbers_passed_over", {{"from", std::to_string(last() + 1)},
                                   {"through", std::to_string(given)},
                                   {"reason", "they may have been shown while the disk refused"}});
  found_.last = given;
  MutexLock lock(mutex_);
  last_.store(given, std::memory_order_release);
}

}  // namespace devs
