#include "orchestrator/upstream/line_reader.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

std::vector<StdioLineReader::Line> cut(StdioLineReader& reader, std::string_view bytes,
                                       std::size_t step) {
  std::vector<StdioLineReader::Line> lines;
  for (std::size_t at = 0; at < bytes.size(); at += step)
    reader.feed(bytes.substr(at, step), lines);
  return lines;
}

TEST_CASE("StdioLineReader: the same lines wherever the stream is cut") {
  const std::string stream = "one\n\ntwo\r\n\r\nth\rree\nhalf";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    CAPTURE(step);
    StdioLineReader reader;
    const auto lines = cut(reader, stream, step);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].text == "one");
    CHECK(lines[1].text == "two");
    CHECK(lines[2].text == "th\rree");
    CHECK(reader.partial() == 4);
  }
}

TEST_CASE("StdioLineReader: a line of the bound passes, one byte more does not") {
  for (const std::string end : {"\n", "\r\n"}) {
    for (const std::size_t step : {1U, 7U, 4096U}) {
      StdioLineReader reader(1000);
      const auto lines =
          cut(reader, std::string(1000, 'a') + end + std::string(1001, 'b') + end + "after" + end,
              step);
      REQUIRE(lines.size() == 3);
      CHECK(lines[0].text == std::string(1000, 'a'));
      CHECK_FALSE(lines[0].too_long);
      CHECK(lines[1].too_long);
      CHECK(lines[2].text == "after");
    }
  }
}

TEST_CASE("StdioLineReader: of a line that is too long its two ends remain, however it came") {
  const std::string head(StdioLineReader::kEnds, 'h');
  const std::string tail(StdioLineReader::kEnds, 't');
  const std::string line = head + std::string(5000, 'm') + tail;
  for (const std::size_t step : {1U, 100U, 999U, 10'000U}) {
    CAPTURE(step);
    StdioLineReader reader(1000);
    const auto lines = cut(reader, line + "\r\n", step);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].too_long);
    CHECK(lines[0].text == head);
    // The last bytes that came include the CR, which is no part of the line.
    CHECK(tail.ends_with(lines[0].last));
    CHECK(lines[0].last.size() >= StdioLineReader::kEnds - 1);
  }
}

TEST_CASE("StdioLineReader: an endless line costs its bound and no more") {
  StdioLineReader reader(1000);
  std::vector<StdioLineReader::Line> lines;
  const std::string chunk(64 * 1024, 'x');
  for (int i = 0; i < 1000; ++i) reader.feed(chunk, lines);
  CHECK(lines.empty());
  CHECK(reader.partial() == 1000 * chunk.size());
  reader.feed("\nnext\n", lines);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text.size() + lines[0].last.size() <= 2 * StdioLineReader::kEnds);
  CHECK(lines[1].text == "next");
}

}  // namespace
}  // namespace devs
