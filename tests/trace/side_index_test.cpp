#include "trace/side_index.h"

#include <doctest/doctest.h>

#include <string>

#include "protocol/ids.h"
#include "tests/support/temp_dir.h"
#include "tests/trace/trace_kit.h"
#include "trace/crc32c.h"
#include "trace/flight_log.h"

namespace devs {
namespace {

bool same(const SideRecord& a, const SideRecord& b) {
  if (a.first != b.first || a.offset != b.offset || a.stored_ms != b.stored_ms ||
      a.carry.open_from != b.carry.open_from || a.carry.last_stamp_ns != b.carry.last_stamp_ns ||
      a.topics != b.topics || a.lines.size() != b.lines.size())
    return false;
  for (std::size_t i = 0; i < a.lines.size(); ++i)
    if (a.lines[i].bytes != b.lines[i].bytes || a.lines[i].crc != b.lines[i].crc ||
        a.lines[i].lost != b.lines[i].lost)
      return false;
  return true;
}

std::string record_of(Sequence first, std::uint64_t offset, int lines,
                      std::string_view topics = {}) {
  SideRecordWriter writer;
  writer.begin(first, offset, 1000 + static_cast<std::int64_t>(first), {first, 7});
  for (int i = 0; i < lines; ++i)
    writer.add(
        {static_cast<std::uint32_t>(10 + i), 0xabcd0000u + static_cast<std::uint32_t>(i), i == 2},
        i == 1 ? topics : "");
  return std::string(writer.finish());
}

std::vector<SideRecord> read_all(const std::filesystem::path& path, bool& damaged,
                                 std::optional<SideHeader>* header = nullptr) {
  auto file = real_files().open_read(path);
  REQUIRE(file.ok());
  SideIndexReader reader(**file);
  if (header != nullptr) *header = reader.header();
  std::vector<SideRecord> records;
  for (SideRecord record; reader.next(record);) records.push_back(record);
  damaged = reader.damaged();
  return records;
}

// A pin: the format page shows these bytes.
TEST_CASE("trace.idx: the exact bytes of a log of two entries in two groups") {
  CHECK(crc32c(R"({"n":1})") == 0xa2e6d0bfu);
  const std::string header = encode_side_header(
      {.epoch = "5f3a9c01d2", .base = 41, .previous_last = 40, .carry = {39, 0x0102030405060708}});
  CHECK(hex(header) ==
        "444556534944580a"                      // "DEVSIDX\n"
        "01000000"                              // version
            + hex(header.substr(12, 4)) +       // CRC, proved below
            "35663361396330316432000000000000"  // epoch
            "2900000000000000"                  // base
            "2800000000000000"                  // previous_last
            "2700000000000000"                  // open_from
            "0807060504030201");                // last_stamp_ns
  CHECK(hex(header.substr(12, 4)) == "8db10461");

  SideRecordWriter writer;
  writer.begin(41, 0, 1'795'224'245'120, {41, 0x0102030405060708});
  writer.add({7, crc32c(R"({"n":1})"), false}, "owner:u1");
  CHECK(hex(writer.finish()) ==
        "52454331"          // "REC1"
        "2e3e58f3"          // CRC-32C
        "54000000"          // size: 84
        "01000000"          // lines
        "2900000000000000"  // first
        "0000000000000000"  // offset
        "8013b4fba1010000"  // stored at
        "2900000000000000"  // open_from
        "0807060504030201"  // last_stamp_ns
        "01000000"          // flags: topics follow
        "00000000"
        "07000000"
        "bfd0e6a2"  // the line: 7 bytes, CRC-32C
        "08000000"
        "6f776e65723a7531");  // topics: 8 bytes, "owner:u1"
  writer.begin(42, 8, 1'795'224'245'121, {43, 0x0102030405060709});
  writer.add({7, crc32c(R"({"n":2})"), false}, "");
  CHECK(hex(writer.finish()) ==
        "52454331"
        "1e0fac50"
        "48000000"
        "01000000"
        "2a00000000000000"
        "0800000000000000"
        "8113b4fba1010000"
        "2b00000000000000"
        "0907060504030201"
        "00000000"
        "00000000"
        "07000000"
        "26780196");
}

TEST_CASE("trace.idx: what is written is read, with topics where there are any") {
  const TempDir dir;
  const std::string with = record_of(1, 0, 4, "owner:u1,graph"), without = record_of(5, 60, 3);
  write_bytes(dir / "i", encode_side_header({.epoch = "0123456789", .base = 1}) + with + without);
  CHECK(without.size() == kSideRecordBytes + 3 * 8);
  bool damaged = true;
  std::optional<SideHeader> header;
  const auto records = read_all(dir / "i", damaged, &header);
  CHECK_FALSE(damaged);
  REQUIRE(header);
  CHECK(header->epoch == "0123456789");
  REQUIRE(records.size() == 2);
  CHECK(records[0].first == 1);
  CHECK(records[0].topics == std::vector<std::string>{"", "owner:u1,graph", "", ""});
  CHECK(records[0].lines[2].lost);
  CHECK_FALSE(records[0].lines[1].lost);
  CHECK(records[0].log_bytes() == 10 + 11 + 12 + 13 + 4);
  CHECK(records[1].topics.empty());
  CHECK(records[1].stored_ms == 1005);
  CHECK(records[1].carry.open_from == 5);
  CHECK(records[1].offset == 60);
}

TEST_CASE("trace.idx: any byte flipped costs its record at most, and nothing wrong is read") {
  const TempDir dir;
  std::string bytes = encode_side_header({.epoch = "0123456789", .base = 1});
  for (Sequence first = 1; first <= 5; ++first)
    bytes += record_of(first, first * 20, 1 + static_cast<int>(first) % 3, "owner:u1");
  write_bytes(dir / "i", bytes);
  bool damaged = false;
  const auto whole = read_all(dir / "i", damaged);
  REQUIRE(whole.size() == 5);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    CAPTURE(at);
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    write_bytes(dir / "i", flipped);
    std::optional<SideHeader> header;
    const auto read = read_all(dir / "i", damaged, &header);
    CHECK(damaged);
    CHECK(header.has_value() == (at >= kSideHeaderBytes));
    REQUIRE(read.size() >= 4);
    std::size_t next = 0;
    for (const SideRecord& each : read) {
      while (next < whole.size() && !same(whole[next], each)) ++next;
      REQUIRE(next < whole.size());  // one of those that were written
    }
  }
}

TEST_CASE("trace.idx: cut at any byte it yields the records before the cut") {
  const TempDir dir;
  std::string bytes = encode_side_header({.epoch = "0123456789", .base = 1});
  std::vector<std::size_t> ends;
  for (Sequence first = 1; first <= 3; ++first) {
    bytes += record_of(first, first * 20, 2, "owner:u1");
    ends.push_back(bytes.size());
  }
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    CAPTURE(cut);
    write_bytes(dir / "i", std::string_view(bytes).substr(0, cut));
    bool damaged = false;
    std::size_t expected = 0;
    for (const std::size_t end : ends) expected += end <= cut ? 1 : 0;
    CHECK(read_all(dir / "i", damaged).size() == expected);
    const bool at_a_border =
        cut == kSideHeaderBytes || std::count(ends.begin(), ends.end(), cut) > 0;
    CHECK(damaged == !at_a_border);
  }
}

TEST_CASE("trace.idx: a record larger than what is read at a time is one record") {
  const TempDir dir;
  SideRecordWriter writer;
  writer.begin(1, 0, 5, {});
  for (std::uint32_t i = 0; i < 30'000; ++i) writer.add({i, i * 7, false}, "");
  write_bytes(dir / "i",
              encode_side_header({}) + std::string(writer.finish()) + record_of(30'001, 30'000, 1));
  bool damaged = true;
  const auto records = read_all(dir / "i", damaged);
  CHECK_FALSE(damaged);
  REQUIRE(records.size() == 2);
  REQUIRE(records[0].lines.size() == 30'000);
  CHECK(records[0].lines[29'999].crc == 29'999 * 7);
}

}  // namespace
}  // namespace devs
