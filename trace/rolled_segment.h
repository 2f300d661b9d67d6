#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string_view>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"
#include "trace/line_table.h"
#include "trace/log.h"
#include "trace/mutex.h"
#include "trace/segment.h"

namespace devs {

// `segments/<base, 20 digits>.ndjson` and `.idx`: what trace.log and trace.idx were, byte
// for byte, until they had their size or age.  Waits to be sealed.

std::filesystem::path rolled_data_path(const std::filesystem::path& segments, Sequence base);
std::filesystem::path rolled_index_path(const std::filesystem::path& segments, Sequence base);
// The base of a file in `segments/`; 0: the name is not of this form.  `ending` is what
// follows the digits: ".ndjson".
Sequence base_in_name(std::string_view name, std::string_view ending);

// The tables of the rolled segments that were read last: what all of one log share, so
// that those that wait long cost no memory.  Thread-safe.
class RolledTables {
 public:
  std::shared_ptr<const LineTable> find(Sequence base) DEVS_EXCLUDES(mutex_);
  void keep(Sequence base, std::shared_ptr<const LineTable> table) DEVS_EXCLUDES(mutex_);

 private:
  // Some MB each: a reader or two, and the keeper.
  static constexpr std::size_t kTables = 4;
  struct Kept {
    Sequence base = 0;
    std::shared_ptr<const LineTable> table;
  };

  Mutex mutex_;
  std::array<Kept, kTables> recent_ DEVS_GUARDED_BY(mutex_);  // the last used in front
};

// One whose facts are known, because it was active until now.  Its sidecar is read when
// it is needed, its files are opened for each read.  `tables` null: it has its own.
// REQUIRES: `files` outlives it.
SegmentPtr make_rolled(FileSystem& files, const std::filesystem::path& segments,
                       const SegmentInfo& info, std::shared_ptr<RolledTables> tables = nullptr);

struct RolledHints {
  Sequence end = ~Sequence{0};  // entries from here on are in the next segment
  bool mend = false;            // write a damaged or missing sidecar anew
  Epoch epoch = {};             // for that
  std::int64_t now_ms = 0;      // stored_ms of entries that have no other
};
// One that was found.  Null when there is no entry in it.
Result<SegmentPtr> open_rolled(FileSystem& files, const std::filesystem::path& segments,
                               Sequence base, const RolledHints& hints, Log& log,
                               std::shared_ptr<RolledTables> tables = nullptr);

// Both files, from the disk.
Status remove_rolled(FileSystem& files, const std::filesystem::path& segments, Sequence base);

}  // namespace devs
