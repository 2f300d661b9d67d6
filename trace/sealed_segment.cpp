#include "trace/sealed_segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "trace/mutex.h"
#include "trace/patiently.h"
#include "trace/segment_block.h"
#include "trace/segment_cache.h"
#include "trace/segment_format.h"
#include "trace/segment_writer.h"
#include "trace/sha256.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

std::filesystem::path named(const std::filesystem::path& segments, Sequence base,
                            std::string_view ending) {
  return segments / fmt::format("{:020}.{}", base, ending);
}

Status about(const std::filesystem::path& path, std::uint64_t byte, const Status& why) {
  return {why.code(), fmt::format("{}, byte {}: {}", path.string(), byte, why.message())};
}

// The row whose first entry is the last one at or before `sequence`; null: none.
const SegmentBlock* block_at(const SegmentTable& table, Sequence sequence) {
  const auto after =
      std::upper_bound(table.blocks.begin(), table.blocks.end(), sequence,
                       [](Sequence wanted, const SegmentBlock& row) { return wanted < row.first; });
  if (after == table.blocks.begin() || std::prev(after)->last() < sequence) return nullptr;
  return &*std::prev(after);
}

// REQUIRES: no block has it.
Loss loss_at(const SegmentTable& table, Sequence sequence, Sequence last) {
  for (const Loss& loss : table.losses)
    if (loss.from <= sequence && sequence <= loss.through)
      return {sequence, loss.through, loss.reason};
  return {sequence, last, LossReason::corrupt};
}

// Immutable, but for what it has opened.  Thread-safe.
class SealedSegment final : public Segment {
 public:
  SealedSegment(FileSystem& files, std::filesystem::path segments, SegmentInfo info,
                std::shared_ptr<SegmentCache> cache)
      : files_(files),
        segments_(std::move(segments)),
        info_(info),
        cache_(std::move(cache)),
        id_(cache_->new_id()) {}
  ~SealedSegment() override { cache_->forget(id_); }
  SealedSegment(const SealedSegment&) = delete;
  SealedSegment& operator=(const SealedSegment&) = delete;

  const SegmentInfo& info() const override { return info_; }
  bool sealed() const override { return true; }
  ReadOutcome read(Sequence from, ReadLimits limits,
                   const StoredLog::OnLine& on_line) const override;
  Sequence first_since(std::int64_t ms) const override;

  // The files are about to be unlinked.
  void hold() const DEVS_EXCLUDES(mutex_) {
    auto opened = this->opened();
    MutexLock lock(mutex_);
    if (opened.ok()) held_ = *opened;
  }

 private:
  // Whole and proved, or why not.
  Result<std::shared_ptr<const OpenedSegment>> opened() const DEVS_EXCLUDES(mutex_);
  Result<std::shared_ptr<const OpenedSegment>> open() const;
  Result<std::shared_ptr<const ExpandedBlock>> expanded(const OpenedSegment& opened,
                                                        const SegmentBlock& row) const;

  FileSystem& files_;
  const std::filesystem::path segments_;
  const SegmentInfo info_;
  const std::shared_ptr<SegmentCache> cache_;
  const std::uint64_t id_;
  mutable Mutex mutex_;
  mutable std::shared_ptr<const OpenedSegment> held_ DEVS_GUARDED_BY(mutex_);
};

Result<std::shared_ptr<const OpenedSegment>> SealedSegment::opened() const {
  {
    MutexLock lock(mutex_);
    if (held_) return held_;
  }
  if (auto kept = cache_->segment(id_)) return kept;
  auto fresh = patiently([this] { return open(); });
  if (fresh.ok()) cache_->keep(id_, *fresh);
  return fresh;
}

Result<std::shared_ptr<const OpenedSegment>> SealedSegment::open() const {
  const auto text =
      read_whole_file(files_, sealed_sidecar_path(segments_, info_.base), kMaxSidecarBytes);
  if (!text.ok()) return text.status();
  const Status damaged(Code::data_loss, "its sidecar is not what it was");
  const auto parts = split_sidecar(*text);
  if (!parts) return damaged;
  const auto head = decode_head(parts->head);
  if (!head.ok() || head->info.base != info_.base || head->info.count != info_.count)
    return damaged;
  auto table = decode_table(parts->table, *head);
  if (!table.ok()) return table.status();
  auto data = files_.open_read(sealed_data_path(segments_, info_.base));
  if (!data.ok()) return data.status();
  return std::shared_ptr<const OpenedSegment>(
      std::make_shared<const OpenedSegment>(OpenedSegment{std::move(*data), std::move(*table)}));
}

Result<std::shared_ptr<const ExpandedBlock>> SealedSegment::expanded(
    const OpenedSegment& opened, const SegmentBlock& row) const {
  const auto index = static_cast<std::size_t>(&row - opened.table.blocks.data());
  if (auto kept = cache_->block(id_, index)) return kept;
  const auto bytes = std::make_unique_for_overwrite<char[]>(row.bytes);
  const auto got = patiently([&] {
    return opened.data->read_at(row.offset, {bytes.get(), row.bytes});
  });
  if (!got.ok()) return got.status();
  auto fresh = expand_block({bytes.get(), *got}, row);
  if (fresh.ok()) cache_->keep(id_, index, *fresh);
  return fresh;
}

ReadOutcome SealedSegment::read(Sequence from, ReadLimits limits,
                                const StoredLog::OnLine& on_line) const {
  const auto lost = [](Loss loss) { return ReadOutcome{loss.through + 1, loss}; };
  const Sequence last = info_.last();
  from = std::max(from, info_.base);
  if (from > last) return {from, {}};
  const auto opened = this->opened();
  if (!opened.ok())
    return opened.status().code() == Code::unavailable ? refused_read(from, last, limits)
                                                       : lost({from, last, LossReason::corrupt});
  const SegmentTable& table = (*opened)->table;

  Sequence at = from;
  for (std::size_t bytes = 0; at <= last;) {
    const SegmentBlock* const row = block_at(table, at);
    if (row == nullptr) return at > from ? ReadOutcome{at, {}} : lost(loss_at(table, at, last));
    const auto block = expanded(**opened, *row);
    if (!block.ok())
      return at > from ? ReadOutcome{at, {}} : lost({at, row->last(), LossReason::corrupt});
    bool full = false;
    (*block)->each_line(at, [&](const StoredLine& line) {
      bytes += line.body.size();
      full = at > from && (at - from >= limits.entries || bytes > limits.bytes);
      if (full) return false;
      on_line(line);
      ++at;
      return true;
    });
    if (full) break;
  }
  return {at, {}};
}

Sequence SealedSegment::first_since(std::int64_t ms) const {
  const auto opened = this->opened();
  if (!opened.ok()) return info_.last_ms >= ms ? info_.base : info_.last() + 1;
  for (const SegmentBlock& row : (*opened)->table.blocks) {
    if (row.last_ms < ms) continue;
    const auto block = expanded(**opened, row);
    return row.first + (block.ok() ? (*block)->lines_before(ms) : 0);
  }
  return info_.last() + 1;
}

}  // namespace

std::filesystem::path sealed_data_path(const std::filesystem::path& segments, Sequence base) {
  return named(segments, base, "ndjson.zst");
}

std::filesystem::path sealed_sidecar_path(const std::filesystem::path& segments, Sequence base) {
  return named(segments, base, "json");
}

Result<SegmentPtr> seal(FileSystem& files, const std::filesystem::path& segments,
                        const Segment& rolled, const SealOptions& options) {
  const SegmentInfo& info = rolled.info();
  auto writer =
      SegmentWriter::create(files, segments, info.base,
                            {.zstd_level = options.zstd_level, .block_bytes = options.block_bytes});
  if (!writer.ok()) return writer.status();

  for (Sequence next = info.base; next <= info.last();) {
    if (options.stop.stop_requested()) return Status(Code::cancelled, "told to stop");
    Status wrote;
    const ReadOutcome outcome = rolled.read(next, {}, [&](const StoredLine& line) {
      if (wrote.ok()) wrote = (*writer)->add(line);
    });
    if (wrote.ok() && outcome.loss) wrote = (*writer)->lose(*outcome.loss);
    if (!wrote.ok()) return wrote;
    if (outcome.next <= next)
      return Status(Code::internal, fmt::format("entry {} cannot be read", next));
    next = outcome.next;
  }
  const auto head = (*writer)->finish(
      {.info = info, .epoch = options.epoch, .previous_sha256 = options.previous_sha256});
  if (!head.ok()) return head.status();
  return open_sealed(files, segments, info.base, options.cache);
}

Result<SegmentPtr> open_sealed(FileSystem& files, const std::filesystem::path& segments,
                               Sequence base, std::shared_ptr<SegmentCache> cache) {
  const auto path = sealed_sidecar_path(segments, base);
  const auto file = files.open_read(path);
  if (!file.ok()) return file.status();
  const auto text = read_part(**file, 0, kMaxHeadBytes);
  if (!text.ok()) return text.status();
  const std::size_t end = text->find('\n');
  if (end == text->npos)
    return about(path, 0, Status(Code::data_loss, "has no first line of ours"));
  const auto head = decode_head(std::string_view(*text).substr(0, end));
  if (!head.ok()) return about(path, 0, head.status());
  if (head->info.base != base)
    return about(path, 0, Status(Code::data_loss, "is the sidecar of another segment"));
  if (!cache) cache = std::make_shared<SegmentCache>();
  return SegmentPtr(std::make_shared<SealedSegment>(files, segments, head->info, std::move(cache)));
}

Status remove_sealed(FileSystem& files, const std::filesystem::path& segments,
                     const Segment& segment) {
  if (const auto* const sealed = dynamic_cast<const SealedSegment*>(&segment)) sealed->hold();
  const Sequence base = segment.info().base;
  for (const auto& path : {sealed_sidecar_path(segments, base), sealed_data_path(segments, base)}) {
    const Status gone = files.remove(path);
    if (!gone.ok() && gone.code() != Code::not_found) return gone;
  }
  return files.sync_directory(segments);
}

Result<std::string> sidecar_sha256(FileSystem& files, const std::filesystem::path& segments,
                                   Sequence base) {
  const auto text = read_whole_file(files, sealed_sidecar_path(segments, base), kMaxSidecarBytes);
  if (!text.ok()) return text.status();
  return sha256_hex(*text);
}

}  // namespace devs
