#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/result.h"
#include "trace/file.h"
#include "trace/segment_block.h"
#include "trace/segment_format.h"
#include "trace/sha256.h"
#include "trace/stored_log.h"

namespace devs {

// Writes one sealed segment: blocks as they fill, then the footer, then the sidecar.
// Nothing of it is there under its own name before finish(); what is not finished is
// removed with the writer.
//
// Confined to whoever writes.  REQUIRES: `files` outlives it.
class SegmentWriter {
 public:
  struct Options {
    int zstd_level = 3;
    std::size_t block_bytes = 256 * 1024;  // raw bytes per block
  };

  static Result<std::unique_ptr<SegmentWriter>> create(FileSystem& files,
                                                       const std::filesystem::path& segments,
                                                       Sequence base, Options options);
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Lines, blocks and losses come in the order of the log, and leave nothing out.
  Status add(const StoredLine& line);
  Status copy(std::string_view bytes, const SegmentBlock& row);  // a block as it lies
  Status lose(Loss loss);

  // Data and sidecar get their names, data first, each on disk before the next step.
  // `head` brings info.base to last_stamp_ns, epoch and hashes; the rest is filled in.
  Result<SegmentHead> finish(SegmentHead head);

 private:
  SegmentWriter(FileSystem& files, const std::filesystem::path& segments, Sequence base,
                Options options);
  Status end_block();
  Status append(std::string_view bytes);

  FileSystem& files_;
  const std::filesystem::path segments_;
  const Sequence base_;
  const Options options_;
  std::unique_ptr<File> data_;
  bool finished_ = false;

  Sequence next_;  // what must come now
  BlockWriter block_;
  std::string packed_;  // the block just ended
  SegmentTable table_;
  std::uint64_t offset_ = 0;
  Sha256 sum_;
};

}  // namespace devs
