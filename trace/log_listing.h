#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"

namespace devs {

// What files `segments/` has of one segment.
struct SegmentFiles {
  bool data = false, sidecar = false;              // sealed: .ndjson.zst, .json
  bool rolled_data = false, rolled_index = false;  // plain: .ndjson, .idx

  bool sealed() const { return data || sidecar; }
  // Not what a seal that was interrupted left beside the plain files.
  bool sealed_whole() const { return sidecar || !rolled_data; }
  bool rolled() const { return rolled_data || rolled_index; }
};

// By the base their names say.  No such directory: none.
Result<std::map<Sequence, SegmentFiles>> list_segments(FileSystem& files,
                                                       const std::filesystem::path& segments);

}  // namespace devs
