#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "protocol/result.h"
#include "trace/file.h"
#include "trace/segment.h"

namespace devs {

// `segments/<base, 20 digits>.ndjson.zst` and `.json`: a stretch of the log that is
// done with.  The data file is a row of independent zstd frames of some hundred KB of
// whole lines each (`zstdcat` gives back the NDJSON); the sidecar holds what is known
// without decompressing: SegmentInfo, per frame its first sequence, offset, sizes, time
// range and CRC32C, the SHA-256 of the data file, and that of the previous segment's
// sidecar, so that nothing can be changed, taken out or put in between unnoticed.
//
// The format is docs/flight_log_format.md.

// Data and sidecar names of the segment that begins at `base`.
std::filesystem::path sealed_data_path(const std::filesystem::path& segments, Sequence base);
std::filesystem::path sealed_sidecar_path(const std::filesystem::path& segments, Sequence base);

struct SealOptions {
  int zstd_level = 3;
  std::size_t block_bytes = 256 * 1024;  // raw bytes per frame
  std::string epoch;
  std::string previous_sha256;  // of the previous sidecar, 64 hex digits; empty: the first
};

// Writes the sealed form of `rolled` beside it: data, sidecar, each written whole under
// another name, synced and renamed, then the directory is synced.  Lines that are lost
// in `rolled` end up as a declared loss of the sealed one.  Slow: not on the recorder.
Result<SegmentPtr> seal(FileSystem& files, const std::filesystem::path& segments,
                        const Segment& rolled, const SealOptions& options);

// Opens a sealed segment by its sidecar.  Reads the first line of the sidecar only; the
// table of frames when it is first needed.  data_loss, naming the byte: the sidecar
// fails its checksum.  invalid_argument: written by a newer program.
Result<SegmentPtr> open_sealed(FileSystem& files, const std::filesystem::path& segments,
                               Sequence base);

// SHA-256 of the sidecar as it lies on disk, 64 hex digits.
Result<std::string> sidecar_sha256(FileSystem& files, const std::filesystem::path& segments,
                                   Sequence base);

}  // namespace devs
