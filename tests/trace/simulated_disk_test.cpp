// The adversary must be right before it may accuse anybody.
#include "tests/support/simulated_disk.h"

#include <doctest/doctest.h>

#include <set>

namespace devs {
namespace {

constexpr std::size_t kTries = 300;

DiskHistory empty_disk() {
  return {{{}, {"/d"}}, {}};
}
Status put(File& file, std::string_view text) {
  return file.append({&text, 1});
}
// All that power cuts after the whole history can leave.
template <class What>
auto outcomes(const SimulatedDisk& disk, What what) {
  std::set<decltype(what(DiskImage()))> seen;
  const DiskHistory history = disk.history();
  for (std::size_t seed = 0; seed < kTries; ++seed) {
    Random random(seed);
    seen.insert(what(after_power_cut(history, history.operations.size() + 1, random)));
  }
  return seen;
}
std::string names_in(const DiskImage& image) {
  std::string names;
  for (const auto& file : image.files) names += file.first.substr(3) + " ";
  return names;
}

TEST_CASE("SimulatedDisk: what was synced survives a power cut, the rest in any prefix") {
  SimulatedDisk disk(empty_disk());
  auto file = disk.open_append("/d/f");
  REQUIRE(put(**file, "safe").ok());
  REQUIRE((*file)->sync().ok());
  REQUIRE(disk.sync_directory("/d").ok());
  REQUIRE(put(**file, "AB").ok());
  REQUIRE(put(**file, "C").ok());
  using Set = std::set<std::string>;
  const std::string zero(1, '\0');
  const auto seen = outcomes(disk, [](const DiskImage& image) { return image.files.at("/d/f"); });
  CHECK(seen.contains("safe"));
  CHECK(seen.contains("safeA"));  // torn
  CHECK(seen.contains("safeABC"));
  CHECK(seen.contains("safe" + zero + zero + zero));
  for (const std::string& each : seen) {
    CHECK(each.starts_with("safe"));
    CHECK(Set{"", "A", "AB", "ABC", zero + zero, zero + zero + zero, "AB" + zero}.contains(
        each.substr(4)));
  }
}

TEST_CASE("SimulatedDisk: a truncate that was not synced may be undone") {
  SimulatedDisk disk({{{{"/d/f", "12345"}}, {"/d"}}, {}});
  auto file = disk.open_append("/d/f");
  REQUIRE((*file)->truncate(2).ok());
  const auto bytes = [](const DiskImage& image) { return image.files.at("/d/f"); };
  CHECK(outcomes(disk, bytes) == std::set<std::string>{"12", "12345"});
  REQUIRE((*file)->sync().ok());
  CHECK(outcomes(disk, bytes) == std::set<std::string>{"12"});
}

TEST_CASE("SimulatedDisk: names not synced come and go, but in an order that can be") {
  SimulatedDisk disk({{{{"/d/old", "1"}}, {"/d"}}, {}});
  REQUIRE(disk.open_append("/d/new").ok());
  REQUIRE(disk.rename("/d/new", "/d/old").ok());
  REQUIRE(disk.open_append("/d/other").ok());
  CHECK(outcomes(disk, names_in) ==
        std::set<std::string>{"old ", "new old ", "old other ", "new old other "});
  REQUIRE(disk.sync_directory("/d").ok());
  CHECK(outcomes(disk, names_in) == std::set<std::string>{"old other "});
}

TEST_CASE("SimulatedDisk: a rename between directories is whole, and safe after both syncs") {
  SimulatedDisk disk({{{{"/d/a", "1"}}, {"/d", "/d/s"}}, {}});
  REQUIRE(disk.rename("/d/a", "/d/s/b").ok());
  REQUIRE(disk.sync_directory("/d/s").ok());
  CHECK(outcomes(disk, names_in) == std::set<std::string>{"a ", "s/b "});
  REQUIRE(disk.open_append("/d/a").ok());  // in its old place
  REQUIRE(disk.sync_directory("/d").ok());
  CHECK(outcomes(disk, names_in) == std::set<std::string>{"a s/b "});
}

TEST_CASE("SimulatedDisk: what a refused sync dropped is gone, also after the next one") {
  SimulatedDisk disk(empty_disk());
  auto file = disk.open_append("/d/f");
  REQUIRE(disk.sync_directory("/d").ok());
  REQUIRE(put(**file, "lost").ok());
  disk.refuse({.call = DiskCall::sync});
  CHECK((*file)->sync().message() == "cannot sync /d/f: Input/output error (EIO)");
  REQUIRE(put(**file, "kept").ok());
  REQUIRE((*file)->sync().ok());
  CHECK(disk.image().files.at("/d/f") == "lostkept");  // the page cache has it still
  CHECK(outcomes(disk, [](const DiskImage& image) { return image.files.at("/d/f"); }) ==
        std::set<std::string>{std::string(4, '\0') + "kept"});
}

TEST_CASE("SimulatedDisk: a kill leaves all but the end of an append, and a disk goes on there") {
  SimulatedDisk disk(empty_disk());
  auto file = disk.open_append("/d/f");
  REQUIRE(put(**file, "first").ok());
  REQUIRE(put(**file, "second").ok());
  std::set<std::string> seen;
  for (std::size_t seed = 0; seed < kTries; ++seed) {
    Random random(seed);
    SimulatedDisk after(after_kill(disk.history(), disk.operations(), random));
    auto again = after.open_append("/d/f");
    REQUIRE(put(**again, "!").ok());
    seen.insert(after.image().files.at("/d/f"));
  }
  CHECK(seen.size() == 7);  // 0 to 6 bytes of the second
  CHECK(seen.contains("first!"));
  CHECK(seen.contains("firstsec!"));
}

TEST_CASE("SimulatedDisk: a full disk takes what fits, and refuses until there is room") {
  SimulatedDisk disk(empty_disk());
  auto file = disk.open_append("/d/f");
  disk.set_capacity(5);
  REQUIRE(put(**file, "123").ok());
  CHECK(put(**file, "456").code() == Code::resource_exhausted);
  CHECK(disk.image().files.at("/d/f") == "12345");
  REQUIRE((*file)->truncate(3).ok());
  disk.mend();
  CHECK(put(**file, "456").ok());
}

}  // namespace
}  // namespace devs
