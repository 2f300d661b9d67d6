#include "trace/file.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <array>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"

namespace devs {
namespace {

TEST_CASE("File: any number of pieces of any size arrive in order") {
  const TempDir dir;
  auto file = real_files().open_append(dir / "f");
  REQUIRE(file.ok());
  std::vector<std::string> texts;
  std::string all;
  for (std::size_t i = 0; i < 5000; ++i) {  // more than one writev takes
    texts.push_back(
        std::string(i % 7 * (i % 500 == 3 ? 10'000 : 1), static_cast<char>('a' + i % 26)));
    all += texts.back();
  }
  const std::vector<std::string_view> pieces(texts.begin(), texts.end());
  REQUIRE((*file)->append(pieces).ok());
  CHECK(bytes_of(dir / "f") == all);
  CHECK((*file)->append({}).ok());
  CHECK(*(*file)->size() == all.size());
  CHECK((*file)->sync().ok());
}

TEST_CASE("File: fewer bytes than asked only at the end") {
  const TempDir dir;
  write_bytes(dir / "f", "0123456789");
  auto file = real_files().open_append(dir / "f");
  REQUIRE(file.ok());
  std::array<char, 6> block{};
  CHECK(*(*file)->read_at(2, block) == 6);
  CHECK(std::string_view(block.data(), 6) == "234567");
  CHECK(*(*file)->read_at(8, block) == 2);
  CHECK(*(*file)->read_at(100, block) == 0);
  REQUIRE((*file)->truncate(3).ok());
  CHECK(bytes_of(dir / "f") == "012");
}

// A real short write, as a full disk makes it: the kernel takes what fits under
// the size limit of the process, then refuses.
TEST_CASE(
    "File: a short write is followed up until the refusal, which names file and "
    "errno") {
  const TempDir dir;
  auto file = real_files().open_append(dir / "f");
  REQUIRE(file.ok());
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  struct rlimit small = before;
  small.rlim_cur = 1000;
  auto* const heard = ::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string text(600, 'x');
  const std::vector<std::string_view> pieces{text, text};
  const Status refused = (*file)->append(pieces);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, heard);
  CHECK(refused.code() == Code::unavailable);
  CHECK(refused.message().find((dir / "f").string()) != std::string::npos);
  CHECK(refused.message().find("EFBIG") != std::string::npos);
  CHECK(bytes_of(dir / "f").size() == 1000);
  REQUIRE((*file)->truncate(0).ok());
  CHECK((*file)->append(pieces).ok());
  CHECK(bytes_of(dir / "f").size() == 1200);
}

TEST_CASE("File: opened for reading it refuses to change, and a missing one is not made") {
  const TempDir dir;
  write_bytes(dir / "f", "0123");
  auto file = real_files().open_read(dir / "f");
  REQUIRE(file.ok());
  const std::string_view piece = "4";
  CHECK_FALSE((*file)->append({&piece, 1}).ok());
  CHECK_FALSE((*file)->truncate(0).ok());
  CHECK(*(*file)->size() == 4);
  CHECK(bytes_of(dir / "f") == "0123");
  CHECK(real_files().open_read(dir / "none").status().code() == Code::not_found);
  CHECK_FALSE(std::filesystem::exists(dir / "none"));
}

TEST_CASE("FileSystem: makes, lists, renames and removes, and says what is not there") {
  const TempDir dir;
  FileSystem& files = real_files();
  REQUIRE(files.make_directory(dir / "d").ok());
  REQUIRE(files.make_directory(dir / "d").ok());  // there already
  CHECK(std::filesystem::status(dir / "d").permissions() == std::filesystem::perms::owner_all);
  write_bytes(dir / "d/b", "b");
  write_bytes(dir / "d/a", "a");
  REQUIRE(files.list(dir / "d").ok());
  CHECK(*files.list(dir / "d") == std::vector<std::string>{"a", "b"});
  REQUIRE(files.rename(dir / "d/b", dir / "d/a").ok());  // replaces
  CHECK(bytes_of(dir / "d/a") == "b");
  CHECK(files.sync_directory(dir / "d").ok());
  REQUIRE(files.remove(dir / "d/a").ok());
  CHECK(files.list(dir / "d")->empty());

  CHECK(files.remove(dir / "d/a").code() == Code::not_found);
  CHECK(files.rename(dir / "d/a", dir / "d/b").code() == Code::not_found);
  CHECK(files.list(dir / "none").status().code() == Code::not_found);
  CHECK(files.sync_directory(dir / "none").code() == Code::not_found);
  write_bytes(dir / "file", "");
  CHECK(contains(files.make_directory(dir / "file").message(), "Not a directory"));
}

TEST_CASE("File: when no descriptor is left it says which limit to raise") {
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  struct rlimit none = before;
  none.rlim_cur = 0;
  const TempDir dir;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto refused = real_files().open_append(dir / "f");
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().code() == Code::unavailable);
  CHECK(contains(refused.status().message(), "EMFILE"));
  CHECK(contains(refused.status().message(), "raise the limit"));
}

TEST_CASE("DirectoryLock: held until it dies, also against this process") {
  const TempDir dir;
  {
    auto first = DirectoryLock::take(dir / "lock");
    REQUIRE(first.ok());
    CHECK(DirectoryLock::take(dir / "lock").status().code() == Code::unavailable);
    CHECK(DirectoryLock::take(dir / "other").ok());
  }
  CHECK(DirectoryLock::take(dir / "lock").ok());
}

TEST_CASE("DirectoryLock: a lock that cannot be made says where and why") {
  const TempDir dir;
  const auto lock = DirectoryLock::take(dir / "missing/lock");
  REQUIRE_FALSE(lock.ok());
  CHECK(lock.status().message().find("missing/lock") != std::string::npos);
  CHECK(lock.status().message().find("ENOENT") != std::string::npos);
}

}  // namespace
}  // namespace devs
