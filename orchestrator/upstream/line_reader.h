#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/limits.h"

namespace devs {

// Cuts a byte stream into lines: the framing of MCP over stdio, and nothing else,
// so that another framing can take its place.
//
// A line ends with LF; one CR before it is dropped, empty lines are no lines.  A
// line over the bound is dropped as it arrives: of it remain its first and last
// bytes, for finding out whom it was for.
//
// Confined to whoever reads the stream.
class StdioLineReader {
 public:
  struct Line {
    std::string text;  // too_long: the first kEnds bytes
    std::string last;  // too_long: the last kEnds bytes
    bool too_long = false;
  };
  static constexpr std::size_t kEnds = 256;

  explicit StdioLineReader(std::size_t max_line = kMaxStdioLine) : max_line_(max_line) {}

  // Appends every line that `bytes` completes.
  void feed(std::string_view bytes, std::vector<Line>& lines);

  // Bytes of a line that has not ended.
  std::size_t partial() const { return too_long_ > 0 ? too_long_ : text_.size(); }

 private:
  void take(std::string_view bytes);
  void end_line(std::vector<Line>& lines);

  const std::size_t max_line_;
  std::string text_;
  std::string last_;
  std::size_t too_long_ = 0;  // bytes so far of a line over the bound
};

}  // namespace devs
