#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/result.h"
#include "trace/file.h"

namespace devs {

// A line longer than this was not written by this house: it is passed over, so
// that a log that lost its line ends cannot fill the memory.
inline constexpr std::size_t kMaxLineBytes = 64u * 1024u * 1024u;

// Walks the lines of a file from an offset on, a block at a time.
//
// Confined to whoever walks.  Memory: one block, and one line when it crosses
// the end of a block.  REQUIRES: `file` outlives it.
class LineReader {
 public:
  LineReader(const File& file, std::uint64_t offset, std::size_t block_bytes);

  struct Line {
    std::string_view text;  // without its LF; valid until the next call
    bool too_long = false;  // over kMaxLineBytes: text is empty
  };
  // The next whole line; nullopt at the end of the file, where bytes without a
  // line end may remain (from offset() on).
  Result<std::optional<Line>> next() { return advance(true); }
  // The same without gathering the text (which may then be a part of it).
  Result<std::optional<Line>> skip() { return advance(false); }

  std::uint64_t offset() const { return line_end_; }  // just behind the last line

 private:
  Result<std::optional<Line>> advance(bool gather);

  const File& file_;
  const std::size_t block_bytes_;
  const std::unique_ptr<char[]> block_;
  std::string_view unread_;   // of the block
  std::uint64_t next_block_;  // offset
  std::uint64_t line_end_;
  std::string across_;  // a line that began in an earlier block
};

}  // namespace devs
