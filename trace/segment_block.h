#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/segment_format.h"
#include "trace/stored_log.h"

namespace devs {

// One block of a sealed segment: a skippable frame with what NDJSON does not carry
// (sequences, times, topics, in runs), and the zstd frame of the lines themselves.

// Neighbours that were stored at the same time and have the same topics.
struct LineRun {
  std::uint64_t lines = 0;
  std::int64_t stored_ms = 0;
  std::size_t topics = 0;  // index; 0 is always ""
};

// A block that is being filled.
class BlockWriter {
 public:
  // REQUIRES: follows the line before it, if any; within kMaxLineBytes.
  void add(const StoredLine& line);
  bool empty() const { return row_.lines == 0; }
  std::uint64_t raw_bytes() const { return text_.size(); }
  // About what the runs take, before they are compressed.
  std::size_t side_bytes() const { return topic_bytes_ + runs_.size() * 8; }

  // Appends the block to `out` and begins the next one.  The row lacks its offset.
  Result<SegmentBlock> take(std::string& out, int zstd_level);

 private:
  std::size_t index_of(std::string_view topics);

  SegmentBlock row_;
  std::string text_;
  std::vector<LineRun> runs_;
  std::vector<std::string> topics_ = {""};
  std::map<std::string, std::size_t, std::less<>> indexes_;  // into topics_
  std::size_t topic_bytes_ = 0;
};

// A block as readers have it.  Immutable.
struct ExpandedBlock {
  SegmentBlock row;
  std::unique_ptr<const char[]> bytes;
  std::vector<LineRun> runs;
  std::vector<std::string> topics;

  std::string_view text() const { return {bytes.get(), row.raw_bytes}; }
  // Lines ahead of the first one stored at or after `ms`.
  std::uint64_t lines_before(std::int64_t ms) const;

  // Hands out its lines from `from` on while `on_line` says true; how many it took.
  // REQUIRES: `from` is one of them.
  template <class F>
  void each_line(Sequence from, F&& on_line) const;
};

// Proves and expands a block that `row` describes.  data_loss, saying which proof
// failed: CRC-32C before anything is expanded, zstd's own checksum, sizes, sequences,
// the number of lines.
Result<std::shared_ptr<const ExpandedBlock>> expand_block(std::string_view bytes,
                                                          const SegmentBlock& row);

// Bytes of the block that begins with `bytes`, as far as its head tells; 0: none does.
// For walking a data file without its sidecar: the row (offset left at 0) comes from
// read_block_row() once that many bytes are there.
std::size_t block_bytes_of(std::string_view bytes);
Result<SegmentBlock> read_block_row(std::string_view bytes);

template <class F>
void ExpandedBlock::each_line(Sequence from, F&& on_line) const {
  std::string_view rest = text();
  Sequence at = row.first;
  auto run = runs.begin();
  std::uint64_t left = run->lines;  // of this run
  for (; at < from; ++at) {
    rest.remove_prefix(rest.find('\n') + 1);
    if (--left == 0 && ++run != runs.end()) left = run->lines;
  }
  for (; !rest.empty(); ++at) {
    const std::size_t end = rest.find('\n');
    if (!on_line(StoredLine{.sequence = at,
                            .body = rest.substr(0, end),
                            .topics = topics[run->topics],
                            .stored_ms = run->stored_ms}))
      return;
    rest.remove_prefix(end + 1);
    if (--left == 0 && ++run != runs.end()) left = run->lines;
  }
}

}  // namespace devs
