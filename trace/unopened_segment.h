#pragma once

#include <filesystem>
#include <memory>

#include "trace/file.h"
#include "trace/segment.h"

namespace devs {

class SegmentCache;

// A sealed segment whose sidecar could not be read at the start: damaged, or refused by
// the disk.  Its files are there, so it has its place in the log: each read tries again
// to open it, and is told `corrupt` of what it asked for while that fails.  `guessed` is
// what its neighbours say of it, so it may claim entries that retention dropped behind it.
// REQUIRES: `files` outlives it.
SegmentPtr make_unopened(FileSystem& files, const std::filesystem::path& segments,
                         const SegmentInfo& guessed, std::shared_ptr<SegmentCache> cache);

}  // namespace devs
