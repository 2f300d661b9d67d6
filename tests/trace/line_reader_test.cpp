#include "trace/line_reader.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"

namespace devs {
namespace {

std::unique_ptr<File> file_with(const TempDir& dir, std::string_view bytes) {
  write_bytes(dir / "f", bytes);
  return std::move(real_files().open_append(dir / "f")).value();
}

TEST_CASE("LineReader: the same lines whatever the block") {
  const TempDir dir;
  const std::string bytes = "one\n\nthree is longer\n\n\nx\nrest";
  const auto file = file_with(dir, bytes);
  for (std::size_t block = 1; block <= bytes.size() + 1; ++block) {
    CAPTURE(block);
    LineReader lines(*file, 0, block);
    std::vector<std::string> seen;
    for (;;) {
      auto line = lines.next();
      REQUIRE(line.ok());
      if (!*line) break;
      seen.emplace_back((*line)->text);
    }
    CHECK(seen == std::vector<std::string>{"one", "", "three is longer", "", "", "x"});
    CHECK(lines.offset() == bytes.size() - 4);
  }
}

TEST_CASE("LineReader: skipping and reading may alternate") {
  const TempDir dir;
  const std::string bytes = "aaaa\nbbbb\ncccc\ndddd\n";
  const auto file = file_with(dir, bytes);
  for (std::size_t block = 1; block <= 8; ++block) {
    CAPTURE(block);
    LineReader lines(*file, 5, block);
    REQUIRE(lines.skip().ok());
    CHECK(lines.offset() == 10);
    auto line = lines.next();
    REQUIRE(line.ok());
    REQUIRE(line->has_value());
    CHECK((*line)->text == "cccc");
    CHECK(lines.offset() == 15);
  }
}

TEST_CASE("LineReader: a line nobody here wrote is passed over, not gathered") {
  const TempDir dir;
  auto file = file_with(dir, "before\n");
  const std::string chunk(1024 * 1024, 'x');
  const std::vector<std::string_view> huge(kMaxLineBytes / chunk.size(), chunk);
  REQUIRE(file->append(huge).ok());
  const std::vector<std::string_view> one_more{"y\n", "after\n"};
  REQUIRE(file->append(one_more).ok());
  LineReader lines(*file, 0, 1024 * 1024);
  CHECK((*lines.next())->text == "before");
  const auto line = lines.next();
  REQUIRE(line.ok());
  CHECK((*line)->too_long);
  CHECK((*line)->text.empty());
  const auto after = lines.next();
  CHECK((*after)->text == "after");
  CHECK_FALSE((*after)->too_long);
}

}  // namespace
}  // namespace devs
