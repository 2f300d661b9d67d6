#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "protocol/result.h"
#include "trace/file.h"
#include "trace/segment.h"

namespace devs {

class SegmentCache;

// `segments/<base, 20 digits>.ndjson.zst` and `.json`: a stretch of the log that is
// done with.  The data file is a row of blocks of some hundred KB of whole lines, each
// with a zstd frame of its own (`zstdcat` gives back the NDJSON); the sidecar holds
// what is known without expanding: SegmentInfo, per block its first sequence, offset,
// sizes, time range and CRC-32C, the SHA-256 of the data file, and that of the previous
// segment's sidecar, so that nothing can be changed, taken out or put in between
// unnoticed.  Sealing changes nothing a reader sees: bodies, sequences, times, topics
// and losses are those of the rolled form.
//
// The format is docs/flight_log_format.md.

// Data and sidecar names of the segment that begins at `base`.
std::filesystem::path sealed_data_path(const std::filesystem::path& segments, Sequence base);
std::filesystem::path sealed_sidecar_path(const std::filesystem::path& segments, Sequence base);

struct SealOptions {
  int zstd_level = 3;
  std::size_t block_bytes = 256 * 1024;  // raw bytes per block
  std::string epoch = {};
  std::string previous_sha256 = {};               // of the previous sidecar; empty: the first
  std::shared_ptr<SegmentCache> cache = nullptr;  // as open_sealed()
  std::stop_token stop = {};  // gives up with `cancelled`, leaving nothing behind
};

// Writes the sealed form of `rolled` beside it: data, sidecar, each written whole under
// another name, synced and renamed, then the directory is synced.  Lines that are lost
// in `rolled` end up as a declared loss of the sealed one.  Slow: not on the recorder.
Result<SegmentPtr> seal(FileSystem& files, const std::filesystem::path& segments,
                        const Segment& rolled, const SealOptions& options);

// Opens a sealed segment by its sidecar.  Reads the first line of the sidecar only; the
// table of blocks when it is first needed.  data_loss, naming the byte: the sidecar
// fails its checksum.  invalid_argument: written by a newer program.
//
// `cache` is what all segments of a log share, and bounds the descriptors and the
// memory of those that are read; null: this one has a small one of its own. REQUIRES:
// `files` outlives it.
Result<SegmentPtr> open_sealed(FileSystem& files, const std::filesystem::path& segments,
                               Sequence base, std::shared_ptr<SegmentCache> cache = nullptr);

// Removes both files from the disk.  Whoever still holds the segment goes on reading:
// they are opened first, and closed with the last holder.  Sidecar first, so that what
// a crash leaves behind is a data file that nobody takes for a segment.
Status remove_sealed(FileSystem& files, const std::filesystem::path& segments,
                     const Segment& segment);

// SHA-256 of the sidecar as it lies on disk, 64 hex digits.
Result<std::string> sidecar_sha256(FileSystem& files, const std::filesystem::path& segments,
                                   Sequence base);

}  // namespace devs
