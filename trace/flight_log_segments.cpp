// FlightLog::open(): which segments there are, and what a roll or a deletion that was
// interrupted left of them.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "trace/flight_log.h"
#include "trace/log_listing.h"
#include "trace/patiently.h"
#include "trace/rolled_segment.h"
#include "trace/sealed_segment.h"
#include "trace/segment_cache.h"
#include "trace/segment_exam.h"
#include "trace/side_index.h"
#include "trace/unopened_segment.h"

namespace devs {
namespace {

// What trace.idx says of itself; nullopt: it is missing or damaged.
std::optional<SideHeader> header_at(FileSystem& files, const std::filesystem::path& path) {
  const auto index = files.open_read(path);
  if (!index.ok()) return std::nullopt;
  return SideIndexReader(**index).header();
}

// Of a segment whose sidecar cannot be read, as its neighbours have it.
SegmentInfo guess(Sequence base, Sequence last, std::int64_t last_ms) {
  return {.base = base, .count = last - base + 1, .last_ms = last_ms, .previous_last = base - 1};
}

// Where such a segment ends when nothing follows it; 0: it does not say.
Sequence last_of(FileSystem& files, const std::filesystem::path& segments, Sequence base) {
  const auto exam = examine_segment(files, segments, base, [](std::uint64_t) {});
  if (!exam.ok()) return 0;
  if (exam->head) return exam->head->info.last();
  return exam->blocks.empty() ? 0 : exam->blocks.back().last();
}

}  // namespace

// begin_new() moves trace.log, then trace.idx.  After a kill -9 the first may have moved
// and the second not, after a power cut also the other way round.
Status FlightLog::finish_interrupted_roll(Log& log) {
  if (options_.read_only) return {};
  const auto names = files_.list(dir_);
  if (!names.ok()) return names.status();
  const auto there = [&](std::string_view name) {
    return std::find(names->begin(), names->end(), name) != names->end();
  };
  const bool log_there = there("trace.log"), index_there = there("trace.idx");
  if (log_there == index_there) return {};
  const auto found = list_segments(files_, segments_dir_);
  if (!found.ok()) return found.status();
  if (found->empty()) return {};

  const auto& [base, files] = *found->rbegin();
  Status moved;
  if (index_there && files.rolled_data && !files.rolled_index && !files.sidecar) {
    const auto header = header_at(files_, at("trace.idx"));
    if (!header || header->base != base) return {};
    moved = files_.rename(at("trace.idx"), rolled_index_path(segments_dir_, base));
  } else if (log_there && files.rolled_index && !files.rolled_data && !files.sidecar) {
    moved = files_.rename(rolled_index_path(segments_dir_, base), at("trace.idx"));
  } else {
    return {};
  }
  if (!moved.ok()) return moved;
  if (Status synced = files_.sync_directory(segments_dir_); !synced.ok()) return synced;
  if (Status synced = files_.sync_directory(dir_); !synced.ok()) return synced;
  log.info("interrupted_roll_mended", {{"base", std::to_string(base)}});
  return {};
}

Status FlightLog::find_segments(Log& log) {
  const auto found = list_segments(files_, segments_dir_);
  if (!found.ok()) return found.status();
  const auto active = header_at(files_, at("trace.idx"));
  SegmentSet::List list;
  std::set<Sequence> unopened;
  for (auto each = found->begin(); each != found->end(); ++each) {
    const auto& [base, files] = *each;
    const Sequence expired = segments_.expired_through();
    SegmentPtr segment;
    bool opened_empty = false;
    // Without its data it may be the rest of an interrupted deletion.
    if (files.sidecar && (files.data || base > expired)) {
      auto sealed =
          patiently([&, base = base] { return open_sealed(files_, segments_dir_, base, cache_); });
      if (sealed.ok())
        segment = std::move(*sealed);
      else if (sealed.status().code() == Code::invalid_argument)
        return sealed.status();
      else
        log.error("segment_damaged", {{"reason", sealed.status().message()}});
    }
    const bool rolled = files.rolled();
    Sequence end = ~Sequence{0};  // where the next one begins
    if (const auto next = std::next(each); next != found->end())
      end = next->first;
    else if (active)
      end = active->base;
    if (segment && rolled && !options_.read_only) {
      // The sealed form may be there only since a process that was killed.
      if (Status named = files_.sync_directory(segments_dir_); !named.ok()) return named;
      if (Status gone = remove_rolled(files_, segments_dir_, base); !gone.ok()) return gone;
    }
    if (!segment && rolled) {
      // A file that failed a sync may hold more than was ever acknowledged: the same
      // entries stand again in the next one.
      const RolledHints hints{
          .end = end, .mend = !options_.read_only, .epoch = epoch_, .now_ms = now_ms()};
      auto opened = patiently([&, base = base] {
        return open_rolled(files_, segments_dir_, base, hints, log, tables_);
      });
      opened_empty = opened.ok() && *opened == nullptr;
      if (opened.ok())
        segment = std::move(*opened);
      else if (opened.status().code() == Code::invalid_argument)
        return opened.status();
      else
        log.error("segment_damaged", {{"reason", opened.status().message()}});
    }
    // One of the two alone is what an interrupted deletion left; both are good data of
    // which the sidecar cannot be read, now or ever.
    const bool half = files.data != files.sidecar;
    if (!segment && !rolled && half && base <= expired && !options_.read_only) {
      const auto left = files.sidecar ? sealed_sidecar_path(segments_dir_, base)
                                      : sealed_data_path(segments_dir_, base);
      if (Status gone = files_.remove(left); !gone.ok() && gone.code() != Code::not_found)
        return gone;
      if (Status named = files_.sync_directory(segments_dir_); !named.ok()) return named;
    }
    if (!segment && !rolled && !half && end == ~Sequence{0})
      end = last_of(files_, segments_dir_, base) + 1;
    if (!segment && !rolled && !half && end > base) {
      segment = make_unopened(files_, segments_dir_, guess(base, end - 1, now_ms()), cache_);
      unopened.insert(base);
    }
    if (!segment && files.rolled_data && opened_empty && !options_.read_only)
      if (Status cleared = clear_empty_roll(base, log); !cleared.ok()) return cleared;
    if (!segment) continue;
    if (!segment->sealed()) unsynced_.push_back(base);
    if (!list.empty() && list.back()->info().last() >= base) {
      log.error("segment_overlaps", {{"base", std::to_string(base)},
                                     {"previous", std::to_string(list.back()->info().base)}});
      continue;
    }
    list.push_back(std::move(segment));
  }
  // What follows says where it ended, and that it is not older, so that no retention by
  // age takes it too early.
  Sequence last = active ? active->previous_last : ~Sequence{0};
  std::int64_t later = now_ms();
  for (auto each = list.rbegin(); each != list.rend(); ++each) {
    const SegmentInfo info = (*each)->info();
    if (unopened.contains(info.base)) {
      last = std::clamp(last, info.base, info.last());
      *each = make_unopened(files_, segments_dir_, guess(info.base, last, later), cache_);
    } else if (info.first_ms > 0) {
      later = info.first_ms;
    }
    last = info.previous_last;
  }
  segments_.assign(std::move(list));
  return {};
}

// Rolled away before any of it was on disk: then the power failed.
Status FlightLog::clear_empty_roll(Sequence base, Log& log) {
  auto data = files_.open_append(rolled_data_path(segments_dir_, base));
  if (!data.ok()) return data.status();
  const auto size = (*data)->size();
  if (!size.ok()) return size.status();
  if (Status kept = cut_torn_tail(**data, rolled_data_path(segments_dir_, base), 0, *size, log);
      !kept.ok())
    return kept;
  return remove_rolled(files_, segments_dir_, base);
}

}  // namespace devs
