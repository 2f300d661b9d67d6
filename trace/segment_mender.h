#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/file.h"
#include "trace/segment_exam.h"

namespace devs {

// What lies around a damaged segment: where neither its sidecar nor its footer can be
// read, its neighbours say what it must have been.
struct SegmentNeighbours {
  Epoch epoch;
  std::string sha256_before;  // of the sidecar before it
  Sequence open_from = 1;     // what the one before it carries
  std::int64_t last_stamp_ns = 0;
  Sequence last = 0;          // last one that can be in it; 0: nothing follows it
  std::string sha256_wanted;  // what the one after it takes its sidecar to be
};

// Moves a file the disk does not give to `quarantine`, in one sentence.
Result<std::string> set_aside(FileSystem& files, const std::filesystem::path& path,
                              const std::filesystem::path& quarantine);

// Mends one sealed segment without inventing anything: a sidecar is written again from
// its data; a damaged data file is made anew of the blocks that are good, what is in
// none of them is declared lost and its bytes are kept in `quarantine/`; a file of
// another segment goes there whole.  Says what it did, one sentence each.
// REQUIRES: the lock of the directory; exam.faults is not empty.
Result<std::vector<std::string>> mend_segment(FileSystem& files, const std::filesystem::path& dir,
                                              Sequence base, const SegmentExam& exam,
                                              const SegmentNeighbours& neighbours);

}  // namespace devs
