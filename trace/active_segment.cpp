#include "trace/active_segment.h"

#include <algorithm>
#include <utility>

#include "trace/crc32c.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

// Lines of a batch up to this size are written from one buffer: copying 200 bytes costs
// less than a piece of a writev.
constexpr std::uint64_t kJoinBytes = 1024 * 1024;

}  // namespace

Result<std::shared_ptr<ActiveSegment>> ActiveSegment::create(FileSystem& files,
                                                             const std::filesystem::path& dir,
                                                             const SideHeader& header) {
  if (Status made = write_whole_file(files, dir / "trace.idx", encode_side_header(header));
      !made.ok())
    return made;
  auto index = files.open_append(dir / "trace.idx");
  if (!index.ok()) return index.status();
  auto log = files.open_append(dir / "trace.log");
  if (!log.ok()) return log.status();
  if (Status named = files.sync_directory(dir); !named.ok()) return named;
  LogScan empty;
  empty.header = header;
  empty.carry = header.carry;
  empty.index_bytes = kSideHeaderBytes;
  return std::make_shared<ActiveSegment>(std::move(*log), std::move(*index), std::move(empty));
}

ActiveSegment::ActiveSegment(std::unique_ptr<File> log, std::unique_ptr<File> index, LogScan scan)
    : log_(std::move(log)),
      index_(std::move(index)),
      header_(std::move(scan.header)),
      log_bytes_(scan.table.bytes()),
      index_bytes_(scan.index_bytes),
      failed_(scan.log_bytes < scan.table.bytes()),
      carry_(scan.carry),
      disk_bytes_(log_bytes_ + index_bytes_) {
  MutexLock lock(mutex_);
  table_ = std::move(scan.table);
}

Sequence ActiveSegment::last() const {
  MutexLock lock(mutex_);
  return header_.base + table_.count() - 1;
}

SegmentInfo ActiveSegment::info() const {
  MutexLock lock(mutex_);
  return {.base = header_.base,
          .count = table_.count(),
          .raw_bytes = table_.bytes(),
          .disk_bytes = disk_bytes_,
          .first_ms = table_.first_ms(),
          .last_ms = table_.last_ms(),
          .previous_last = header_.previous_last,
          .open_from = carry_.open_from,
          .last_stamp_ns = carry_.last_stamp_ns,
          .lost = table_.lost()};
}

Status ActiveSegment::cut_back() {
  Status log = log_->truncate(log_bytes_);
  Status index = index_->truncate(index_bytes_);
  cut_needed_ = !log.ok() || !index.ok();
  return log.ok() ? index : log;
}

Status ActiveSegment::write_lines(std::span<const EntryPtr> batch, std::uint64_t bytes) {
  pieces_.clear();
  if (bytes <= kJoinBytes) {
    joined_.clear();
    for (const EntryPtr& entry : batch) joined_.append(entry->body).push_back('\n');
    pieces_.emplace_back(joined_);
  } else {
    for (const EntryPtr& entry : batch) {
      pieces_.emplace_back(entry->body);
      pieces_.emplace_back("\n");
    }
  }
  return log_->append(pieces_);
}

Status ActiveSegment::append(std::span<const EntryPtr> batch, LogCarry carry,
                             std::int64_t stored_ms, bool synced) {
  if (cut_needed_)
    if (Status cut = cut_back(); !cut.ok()) return cut;

  marks_.clear();
  record_.begin(batch.front()->sequence, log_bytes_, stored_ms, carry);
  std::uint64_t bytes = 0;
  for (const EntryPtr& entry : batch) {
    const LineMark mark{static_cast<std::uint32_t>(entry->body.size()), crc32c(entry->body), false};
    marks_.push_back(mark);
    record_.add(mark, entry->topics);
    bytes += std::uint64_t{mark.bytes} + 1;
  }
  const std::string_view record = record_.finish();

  Status wrote = write_lines(batch, bytes);
  if (wrote.ok()) wrote = index_->append({&record, 1});
  if (!wrote.ok()) {
    [[maybe_unused]] const Status cut = cut_back();  // else before the next append
    return wrote;
  }
  if (synced)
    if (Status safe = sync(); !safe.ok()) {
      [[maybe_unused]] const Status cut = cut_back();  // for those who look at the files
      return safe;
    }

  log_bytes_ += bytes;
  index_bytes_ += record.size();
  MutexLock lock(mutex_);
  for (std::size_t i = 0; i < batch.size(); ++i) table_.add(marks_[i], stored_ms, batch[i]->topics);
  carry_ = carry;
  disk_bytes_ = log_bytes_ + index_bytes_;
  return {};
}

Status ActiveSegment::sync() {
  if (!unsynced_.ok()) return unsynced_;
  Status log = log_->sync();
  // In any case: a second file may still be saved when the first is not.
  Status index = index_->sync();
  unsynced_ = log.ok() ? index : log;
  failed_ = failed_ || !unsynced_.ok();
  return unsynced_;
}

ReadOutcome ActiveSegment::read(Sequence from, Sequence through, ReadLimits limits,
                                const StoredLog::OnLine& on_line) const {
  LineTable::Run run;
  {
    MutexLock lock(mutex_);
    run = table_.run(from - header_.base,
                     std::min<std::uint64_t>(limits.entries, through - from + 1), limits.bytes);
  }
  return read_run(*log_, run, from, on_line);
}

Sequence ActiveSegment::first_since(std::int64_t ms) const {
  MutexLock lock(mutex_);
  return header_.base + table_.first_since(ms);
}

}  // namespace devs
