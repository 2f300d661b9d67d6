#include "trace/rolled_segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "trace/log_scan.h"
#include "trace/patiently.h"
#include "trace/side_index.h"

namespace devs {
namespace {

constexpr std::size_t kBaseDigits = 20;

class RolledSegment final : public Segment {
 public:
  RolledSegment(FileSystem& files, std::filesystem::path segments, const SegmentInfo& info,
                std::shared_ptr<RolledTables> tables)
      : files_(files), segments_(std::move(segments)), info_(info), tables_(std::move(tables)) {}

  const SegmentInfo& info() const override { return info_; }
  bool sealed() const override { return false; }

  ReadOutcome read(Sequence from, ReadLimits limits,
                   const StoredLog::OnLine& on_line) const override {
    const auto table = patiently([this] { return this->table(); });
    const auto data =
        patiently([this] { return files_.open_read(rolled_data_path(segments_, info_.base)); });
    for (const Status& refused :
         {table.ok() ? Status() : table.status(), data.ok() ? Status() : data.status()})
      if (refused.code() == Code::unavailable) return refused_read(from, info_.last(), limits);
    if (!table.ok() || !data.ok() || from - info_.base >= (*table)->count())
      return {info_.last() + 1, Loss{from, info_.last(), LossReason::corrupt}};
    return read_run(**data, (*table)->run(from - info_.base, limits.entries, limits.bytes), from,
                    on_line);
  }

  Sequence first_since(std::int64_t ms) const override {
    const auto table = patiently([this] { return this->table(); });
    return table.ok() ? info_.base + (*table)->first_since(ms) : info_.base;
  }

 private:
  Result<std::shared_ptr<const LineTable>> table() const {
    if (auto kept = tables_->find(info_.base)) return kept;
    const auto data = files_.open_read(rolled_data_path(segments_, info_.base));
    if (!data.ok() && data.status().code() != Code::not_found) return data.status();
    const auto index = files_.open_read(rolled_index_path(segments_, info_.base));
    if (!index.ok() && (!data.ok() || index.status().code() != Code::not_found))
      return index.status();
    auto scan = scan_log(data.ok() ? data.value().get() : nullptr,
                         index.ok() ? index.value().get() : nullptr,
                         {.base = info_.base, .now_ms = info_.first_ms, .end = info_.last() + 1});
    if (!scan.ok()) return scan.status();
    if (scan->header.base != info_.base) return Status(Code::data_loss, "begins somewhere else");
    auto table = std::make_shared<const LineTable>(std::move(scan->table));
    tables_->keep(info_.base, table);
    return std::shared_ptr<const LineTable>(std::move(table));
  }

  FileSystem& files_;
  const std::filesystem::path segments_;
  const SegmentInfo info_;
  const std::shared_ptr<RolledTables> tables_;
};

}  // namespace

std::filesystem::path rolled_data_path(const std::filesystem::path& segments, Sequence base) {
  return segments / fmt::format("{:020}.ndjson", base);
}

std::filesystem::path rolled_index_path(const std::filesystem::path& segments, Sequence base) {
  return segments / fmt::format("{:020}.idx", base);
}

Sequence base_in_name(std::string_view name, std::string_view ending) {
  if (name.size() != kBaseDigits + ending.size() || name.substr(kBaseDigits) != ending) return 0;
  Sequence base = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kBaseDigits, base);
  return error == std::errc() && end == name.data() + kBaseDigits ? base : 0;
}

std::shared_ptr<const LineTable> RolledTables::find(Sequence base) {
  MutexLock lock(mutex_);
  const auto found = std::find_if(recent_.begin(), recent_.end(), [base](const Kept& each) {
    return each.table && each.base == base;
  });
  if (found == recent_.end()) return nullptr;
  std::rotate(recent_.begin(), found, found + 1);
  return recent_.front().table;
}

void RolledTables::keep(Sequence base, std::shared_ptr<const LineTable> table) {
  MutexLock lock(mutex_);
  recent_.back() = {base, std::move(table)};
  std::rotate(recent_.begin(), recent_.end() - 1, recent_.end());
}

SegmentPtr make_rolled(FileSystem& files, const std::filesystem::path& segments,
                       const SegmentInfo& info, std::shared_ptr<RolledTables> tables) {
  if (!tables) tables = std::make_shared<RolledTables>();
  return std::make_shared<RolledSegment>(files, segments, info, std::move(tables));
}

Result<SegmentPtr> open_rolled(FileSystem& files, const std::filesystem::path& segments,
                               Sequence base, const RolledHints& hints, Log& log,
                               std::shared_ptr<RolledTables> tables) {
  const auto data = files.open_read(rolled_data_path(segments, base));
  if (!data.ok() && data.status().code() != Code::not_found) return data.status();
  const auto index = files.open_read(rolled_index_path(segments, base));
  if (!index.ok() && index.status().code() != Code::not_found) return index.status();
  if (index.ok())
    if (Status known = check_index_version(**index, rolled_index_path(segments, base)); !known.ok())
      return known;
  auto scan =
      scan_log(data.ok() ? data.value().get() : nullptr, index.ok() ? index.value().get() : nullptr,
               {.epoch = hints.epoch, .base = base, .now_ms = hints.now_ms, .end = hints.end});
  if (!scan.ok()) return scan.status();
  if (scan->header.base != base)
    return Status(Code::data_loss,
                  fmt::format("{} says that it begins at {}",
                              rolled_index_path(segments, base).string(), scan->header.base));
  if (!scan->index_right && scan->table.count() > 0) {
    log.warn("sidecar_rebuilt", {{"file", rolled_index_path(segments, base).string()},
                                 {"adopted_lines", std::to_string(scan->adopted)}});
    if (hints.mend)
      if (Status wrote = write_side_index(files, rolled_index_path(segments, base), scan->header,
                                          scan->table, scan->carry);
          !wrote.ok())  // it can be read all the same
        log.warn("sidecar_not_written", {{"reason", wrote.message()}});
  }
  if (scan->table.count() == 0) return SegmentPtr();
  return make_rolled(files, segments,
                     {.base = base,
                      .count = scan->table.count(),
                      .raw_bytes = scan->table.bytes(),
                      .disk_bytes = scan->log_bytes + scan->index_bytes,
                      .first_ms = scan->table.first_ms(),
                      .last_ms = scan->table.last_ms(),
                      .previous_last = scan->header.previous_last,
                      .open_from = scan->carry.open_from,
                      .last_stamp_ns = scan->carry.last_stamp_ns,
                      .lost = scan->table.lost()},
                     std::move(tables));
}

Status remove_rolled(FileSystem& files, const std::filesystem::path& segments, Sequence base) {
  for (const auto& path : {rolled_data_path(segments, base), rolled_index_path(segments, base)})
    if (Status gone = files.remove(path); !gone.ok() && gone.code() != Code::not_found) return gone;
  return files.sync_directory(segments);
}

}  // namespace devs
