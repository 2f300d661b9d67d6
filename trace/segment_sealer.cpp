#include "trace/segment_sealer.h"

#include <fmt/format.h>

#include <algorithm>

#include "trace/line_table.h"
#include "trace/log_listing.h"
#include "trace/log_scan.h"
#include "trace/rolled_segment.h"
#include "trace/sealed_segment.h"

namespace devs {

Result<SegmentPtr> SegmentSealer::seal_oldest(const std::stop_token& stop) {
  if (Status tidied = tidy_up(); !tidied.ok()) return tidied;
  const auto list = flight_.segments().list();
  const auto oldest = std::find_if(list->begin(), list->end(),
                                   [](const SegmentPtr& segment) { return !segment->sealed(); });
  if (oldest == list->end()) return SegmentPtr();
  const auto before = sidecar_before(*list, static_cast<std::size_t>(oldest - list->begin()));
  if (!before.ok()) return before.status();

  FileSystem& files = flight_.files();
  const auto& segments = flight_.segments_directory();
  auto sealed = seal(files, segments, **oldest,
                     {.zstd_level = zstd_level_,
                      .epoch = flight_.epoch(),
                      .previous_sha256 = *before,
                      .cache = flight_.segment_cache(),
                      .stop = stop});
  if (!sealed.ok()) return sealed;
  const SegmentInfo& info = (*sealed)->info();
  if (Status proved = prove_losses(info); !proved.ok()) {
    const Status gone = remove_sealed(files, segments, **sealed);
    return gone.ok() ? proved : gone;
  }
  if (auto sum = sidecar_sha256(files, segments, info.base); sum.ok()) last_sha256_ = *sum;
  flight_.segments().replace(*sealed);
  tidy_ = false;
  if (Status gone = put_plain_files_away(info); !gone.ok()) return gone;
  tidy_ = true;
  return sealed;
}

Status SegmentSealer::tidy_up() {
  if (tidy_) return {};
  const auto found = list_segments(flight_.files(), flight_.segments_directory());
  if (!found.ok()) return found.status();
  const auto list = flight_.segments().list();
  for (const SegmentPtr& segment : *list) {
    const auto there = found->find(segment->info().base);
    if (!segment->sealed() || there == found->end() || !there->second.rolled()) continue;
    if (Status gone = put_plain_files_away(segment->info()); !gone.ok()) return gone;
  }
  tidy_ = true;
  return {};
}

Result<std::string> SegmentSealer::sidecar_before(const SegmentSet::List& list,
                                                  std::size_t index) const {
  if (index == 0) return last_sha256_;
  return sidecar_sha256(flight_.files(), flight_.segments_directory(),
                        list[index - 1]->info().base);
}

// A file that could not be opened for a moment reads like one that is lost.  Only what
// is there and is wrong, or is not there any more, is sealed as a loss.
Status SegmentSealer::prove_losses(const SegmentInfo& sealed) const {
  if (sealed.lost == 0) return {};
  const auto& segments = flight_.segments_directory();
  const auto data = flight_.files().open_read(rolled_data_path(segments, sealed.base));
  if (!data.ok() && data.status().code() == Code::not_found) return {};
  if (!data.ok()) return data.status();
  const auto index = flight_.files().open_read(rolled_index_path(segments, sealed.base));
  if (!index.ok() && index.status().code() != Code::not_found) return index.status();
  const auto scan = scan_log(data->get(), index.ok() ? index.value().get() : nullptr,
                             {.base = sealed.base, .end = sealed.last() + 1});
  if (!scan.ok()) return scan.status();
  const std::uint64_t bad = count_bad_lines(**data, scan->table);
  if (bad == sealed.lost) return {};
  return {Code::unavailable,
          fmt::format("of segment {} {} lines could not be read, and now {} cannot", sealed.base,
                      sealed.lost, bad)};
}

Status SegmentSealer::put_plain_files_away(const SegmentInfo& sealed) const {
  FileSystem& files = flight_.files();
  const auto& segments = flight_.segments_directory();
  if (sealed.lost == 0) return remove_rolled(files, segments, sealed.base);
  const auto quarantine = flight_.directory() / "quarantine";
  if (Status made = files.make_directory(quarantine); !made.ok()) return made;
  for (const auto& path :
       {rolled_data_path(segments, sealed.base), rolled_index_path(segments, sealed.base)}) {
    const Status moved = files.rename(path, quarantine / path.filename());
    if (!moved.ok() && moved.code() != Code::not_found) return moved;
  }
  if (Status synced = files.sync_directory(quarantine); !synced.ok()) return synced;
  return files.sync_directory(segments);
}

}  // namespace devs
