#include "trace/line_table.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/broken_file.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"
#include "trace/crc32c.h"

namespace devs {
namespace {

// Line n of a table has n % 50 bytes.
LineTable table_of(std::uint64_t lines) {
  LineTable table;
  for (std::uint64_t n = 0; n < lines; ++n)
    table.add({static_cast<std::uint32_t>(n % 50), static_cast<std::uint32_t>(n), n == 7},
              static_cast<std::int64_t>(n / 100), n % 3 == 0 && n > 2000 ? "owner:u1" : "");
  return table;
}

TEST_CASE("LineTable: finds each line's offset, length, time and topics") {
  const LineTable table = table_of(5000);
  CHECK(table.count() == 5000);
  CHECK(table.lost() == 1);
  std::uint64_t offset = 0;
  for (std::uint64_t n = 0; n < 5000; ++n) {
    const LineTable::Run run = table.run(n, 1, 0);
    REQUIRE(run.lines.size() == 1);
    REQUIRE(run.offset == offset);
    REQUIRE(run.lines[0].mark.bytes == n % 50);
    REQUIRE(run.lines[0].mark.crc == n);
    REQUIRE(run.lines[0].stored_ms == static_cast<std::int64_t>(n / 100));
    REQUIRE(run.lines[0].topics == (n % 3 == 0 && n > 2000 ? "owner:u1" : ""));
    offset += n % 50 + 1;
  }
  CHECK(table.bytes() == offset);
  CHECK(table.run(5000, 10, 1000).lines.empty());
}

TEST_CASE("LineTable: a run has so many lines, so many bytes of bodies, and one kind of line") {
  const LineTable table = table_of(5000);
  CHECK(table.run(1000, 30, 1u << 20).lines.size() == 30);
  CHECK(table.run(1040, 100, 49 + 48).lines.size() == 2);  // 40 + 41, not + 42
  CHECK(table.run(1040, 100, 40 + 41 + 42).lines.size() == 3);
  CHECK(table.run(1049, 100, 1).lines.size() == 1);      // one at least
  CHECK(table.run(0, 100, 1u << 20).lines.size() == 7);  // up to the lost one
  CHECK(table.run(7, 100, 1u << 20).lines.size() == 1);
  CHECK(table.run(8, ~std::uint64_t{0}, ~std::uint64_t{0}).lines.size() == 4992);
}

TEST_CASE("LineTable: cut back, it is as if the lines had never been") {
  LineTable table = table_of(3000);
  table.cut(1024);
  table.cut(5);
  CHECK(table.bytes() == 0 + 1 + 2 + 3 + 4 + 5);
  CHECK(table.lost() == 0);
  CHECK(table.last_ms() == 0);
  table.add({9, 99, false}, 77, "owner:u2");
  const LineTable::Run run = table.run(5, 10, 100);
  REQUIRE(run.lines.size() == 1);
  CHECK(run.offset == 15);
  CHECK(run.lines[0].topics == "owner:u2");
  CHECK(table.last_ms() == 77);
  table.cut(0);
  CHECK(table.bytes() == 0);
  CHECK(table.run(0, 1, 1).lines.empty());
}

TEST_CASE("LineTable: the first line since a time, also when the clock jumped back") {
  LineTable table;
  for (const std::int64_t ms : {100, 100, 200, 50, 60, 300}) table.add({}, ms, "");
  CHECK(table.first_since(0) == 0);
  CHECK(table.first_since(101) == 2);
  CHECK(table.first_since(201) == 5);
  CHECK(table.first_since(301) == 6);
  CHECK(LineTable().first_since(0) == 0);
}

TEST_CASE("read_run: hands out what its checksum proves, and says how far the rest is lost") {
  const TempDir dir;
  LineTable table;
  std::string bytes;
  for (int n = 0; n < 10; ++n) {
    const std::string body = body_of(std::to_string(n));
    table.add({static_cast<std::uint32_t>(body.size()), crc32c(body), false}, 0, "");
    bytes += body + "\n";
  }
  const auto read = [&](std::uint64_t from) {
    auto file = real_files().open_read(dir / "f");
    std::vector<std::string> got;
    const ReadOutcome outcome =
        read_run(**file, table.run(from, 100, 1000), 101 + from,
                 [&](const StoredLine& line) { got.emplace_back(line.body); });
    return std::pair(got.size(), outcome);
  };
  write_bytes(dir / "f", bytes);
  CHECK(read(0).first == 10);
  CHECK(read(0).second.next == 111);

  bytes[3 * 13 + 12] = ' ';  // a line end
  bytes[4 * 13 + 5] = '!';   // and a byte of the next line
  write_bytes(dir / "f", bytes);
  CHECK(read(0).first == 3);
  CHECK_FALSE(read(0).second.loss);
  const ReadOutcome hole = read(3).second;
  REQUIRE(hole.loss);
  CHECK(hole.loss->from == 104);
  CHECK(hole.loss->through == 105);
  CHECK(hole.next == 106);
  CHECK(read(5).first == 5);

  write_bytes(dir / "f", bytes.substr(0, 9 * 13 + 4));  // the last line is cut
  CHECK(read(5).first == 4);
  REQUIRE(read(9).second.loss);
  CHECK(read(9).second.loss->through == 110);
  auto file = real_files().open_read(dir / "f");
  CHECK(count_bad_lines(**file, table) == 3);
}

TEST_CASE("read_run: a sector that cannot be read costs the lines in it and no others") {
  const TempDir dir;
  LineTable table;
  std::string bytes;
  for (int n = 0; n < 4; ++n) {
    const std::string body = body_of(std::to_string(n));
    table.add({static_cast<std::uint32_t>(body.size()), crc32c(body), false}, 0, "");
    bytes += body + "\n";
  }
  write_bytes(dir / "f", bytes);
  BrokenDisk disk;
  auto file = disk.open_read(dir / "f");
  // The read of all four, as often as it is tried, then, one by one, that of the third.
  disk.refuse(BrokenDisk::Op::read, {.count = 4, .why = "Input/output error (EIO)"});
  std::vector<Sequence> got;
  const auto collect = [&](const StoredLine& line) {
    got.push_back(line.sequence);
    disk.refuse(BrokenDisk::Op::read, {.count = got.size() == 2 ? 4u : 0u});
  };
  CHECK(read_run(**file, table.run(0, 10, 1000), 1, collect).next == 3);
  CHECK(got == std::vector<Sequence>{1, 2});
}

}  // namespace
}  // namespace devs
