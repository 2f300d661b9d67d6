#include "trace/log_listing.h"

#include <string_view>

#include "trace/rolled_segment.h"

namespace devs {

Result<std::map<Sequence, SegmentFiles>> list_segments(FileSystem& files,
                                                       const std::filesystem::path& segments) {
  std::map<Sequence, SegmentFiles> found;
  const auto names = files.list(segments);
  if (!names.ok() && names.status().code() == Code::not_found) return found;
  if (!names.ok()) return names.status();
  struct Ending {
    std::string_view text;
    bool SegmentFiles::*there;
  };
  for (const std::string& name : *names)
    for (const Ending& ending :
         {Ending{".ndjson.zst", &SegmentFiles::data}, Ending{".json", &SegmentFiles::sidecar},
          Ending{".ndjson", &SegmentFiles::rolled_data},
          Ending{".idx", &SegmentFiles::rolled_index}})
      if (const Sequence base = base_in_name(name, ending.text); base > 0)
        found[base].*ending.there = true;
  return found;
}

}  // namespace devs
