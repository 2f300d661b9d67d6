#include "orchestrator/terminal.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "tests/support/temp_dir.h"

namespace devs {
namespace {

std::string bytes_in(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("harmless: nothing is left that a terminal would obey, words and lines stay") {
  const std::string u = "\xEF\xBF\xBD";
  CHECK(harmless("plain\tand\nlines \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "plain\tand\nlines \xE2\x82\xAC \xF0\x9F\x98\x80");
  CHECK(harmless("\x1b[31mred") == u + "[31mred");
  CHECK(harmless("\x1b]8;;http://x\x07link") == u + "]8;;http://x" + u + "link");
  CHECK(harmless("\xC2\x9B"
                 "2J") == u + "2J");  // C1 CSI
  CHECK(harmless("a\rb\x7F"
                 "c\0d") == "a" + u + "b" + u + "c");  // ends at the NUL
  CHECK(harmless(std::string("c\0d", 3)) == "c" + u + "d");
  for (const char* bidi : {"\xE2\x80\xAE", "\xE2\x80\x8F", "\xE2\x81\xA6", "\xD8\x9C"})
    CHECK(harmless(std::string("x") + bidi + "y") == "x" + u + "y");
  CHECK(harmless("\xE2\x80").size() == 2);  // cut short: no code, no overrun
  CHECK(harmless("\xC2").size() == 1);
}

TEST_CASE("OutputFile: a path holds the old content or the new, whole") {
  const TempDir dir;
  const std::string path = dir / "out.json";
  std::ofstream(path) << "old";
  {
    auto file = OutputFile::open(path);
    REQUIRE(file.ok());
    CHECK(file->write("half"));
    CHECK(bytes_in(path) == "old");
  }
  CHECK(bytes_in(path) == "old");
  CHECK(!std::filesystem::exists(path + ".part"));
  auto file = OutputFile::open(path);
  REQUIRE(file.ok());
  CHECK(file->write("new"));
  CHECK(file->finish().ok());
  CHECK(bytes_in(path) == "new");
  struct stat seen {};
  REQUIRE(::stat(path.c_str(), &seen) == 0);
  CHECK((seen.st_mode & 0777u) == 0600u);
}

TEST_CASE("OutputFile: a full disk is said, and the old content stays") {
  auto file = OutputFile::open("/dev/full/x");
  CHECK(!file.ok());
  const TempDir dir;
  CHECK(!OutputFile::open((dir / "no/such/folder").string()).ok());
}

}  // namespace
}  // namespace devs
