#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "orchestrator/upstream/line_reader.h"
#include "tests/fuzz/law.h"

// Input: a byte that picks a bound, then what a pipe brings.  Laws: the lines are those that a
// reader with the whole text in its hands sees, at every split; a line over the bound is said to
// be one and costs its two ends; what has not ended is counted and no line.
namespace devs {
namespace {

using Reader = StdioLineReader;
using Lines = std::vector<Reader::Line>;

struct Read {
  Lines lines;
  std::size_t partial = 0;
};

Read read(std::string_view text, std::size_t max_line, std::size_t step) {
  Reader reader(max_line);
  Read read;
  for (std::size_t at = 0; at < text.size(); at += step)
    reader.feed(text.substr(at, step), read.lines);
  read.partial = reader.partial();
  return read;
}

// The same by the sentence of the header; `partial` is what follows the last LF.
std::vector<std::string_view> plain_lines(std::string_view text, std::size_t& partial) {
  std::vector<std::string_view> lines;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
  }
  partial = text.size();
  return lines;
}

void check_line(const Reader::Line& line, std::string_view expected, std::size_t max_line) {
  law(line.too_long == (expected.size() > max_line), "a line over the bound is too long");
  if (!line.too_long) {
    law(line.text == expected && line.last.empty(), "a line is whole");
    return;
  }
  const std::size_t ends = std::min(expected.size(), Reader::kEnds);
  law(line.text == expected.substr(0, ends), "the beginning of what is too long");
  // The last bytes that came may include the CR, which is no part of the line.
  law(expected.ends_with(line.last) && line.last.size() + 1 >= ends && line.last.size() <= ends,
      "the end of what is too long");
}

void check(std::string_view input) {
  if (input.empty()) return;
  constexpr std::array<std::size_t, 3> kBounds{Reader::kEnds, Reader::kEnds + 44, 1'000};
  const std::size_t max_line = kBounds[static_cast<unsigned char>(input.front()) % kBounds.size()];
  const std::string_view text = input.substr(1);
  std::size_t partial = 0;
  const std::vector<std::string_view> expected = plain_lines(text, partial);
  for (const std::size_t step : {std::max<std::size_t>(text.size(), 1), std::size_t{1},
                                 std::size_t{2}, std::size_t{7}, std::size_t{257}}) {
    const Read got = read(text, max_line, step);
    law(got.partial == partial, "what has not ended is counted");
    law(got.lines.size() == expected.size(), "as many lines");
    for (std::size_t at = 0; at < expected.size(); ++at)
      check_line(got.lines[at], expected[at], max_line);
  }
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  devs::check(devs::bytes_of(data, size));
  return 0;
}
