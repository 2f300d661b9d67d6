// The bytes that docs/flight_log_format.md shows are those of the program: people write
// readers of their own from that page.
#include <fmt/format.h>

#include <map>

#include "tests/support/temp_dir.h"
#include "tests/trace/segment_kit.h"
#include "trace/crc32c.h"
#include "trace/log_meta.h"
#include "trace/segment_format.h"
#include "trace/side_index.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

constexpr std::string_view kEpoch = "5f3a9c01d2";
constexpr std::int64_t kMs = 1'795'224'245'120;

std::vector<KeptLine> example_lines() {
  return {{1, R"({"type":"action","n":1})", "owner:u1", kMs},
          {2, R"({"type":"observation","n":1})", "owner:u1", kMs},
          {3, R"({"type":"thought","text":"so?"})", "", kMs + 10}};
}

// offset, 16 bytes in hex, the same as text.
std::string dump(std::string_view bytes) {
  std::string page;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view row = bytes.substr(at, 16);
    std::string codes, text;
    for (const char c : row) {
      codes += fmt::format("{:02x} ", static_cast<unsigned char>(c));
      text += c >= 0x20 && c < 0x7f ? c : '.';
    }
    page += fmt::format("{:08x}  {:<48} |{}|\n", at, codes, text);
  }
  return page;
}
std::string undump(std::string_view page) {
  std::string bytes;
  for (std::size_t at = 0; at < page.size(); at = page.find('\n', at) + 1) {
    const std::string codes(page.substr(at + 10, 48));
    for (std::size_t i = 0; i + 1 < codes.size() && codes[i] != ' '; i += 3)
      bytes += static_cast<char>(std::stoul(codes.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// What stands in the page between "```hex <name>" and "```".
std::string shown(std::string_view name) {
  static const std::string page = bytes_of(DEVS_FORMAT_PAGE);
  const std::string begin = fmt::format("\n```{}\n", name);
  const std::size_t at = page.find(begin);
  REQUIRE_MESSAGE(at != page.npos, name);
  const std::size_t from = at + begin.size();
  return page.substr(from, page.find("```", from) - from);
}

std::string log_bytes() {
  std::string text;
  for (const KeptLine& line : example_lines()) text += line.body + "\n";
  return text;
}
std::string index_bytes() {
  std::string bytes = encode_side_header({.epoch = std::string(kEpoch)});
  SideRecordWriter record;
  const auto add = [&](const KeptLine& line) {
    record.add({static_cast<std::uint32_t>(line.body.size()), crc32c(line.body)}, line.topics);
  };
  const auto lines = example_lines();
  record.begin(1, 0, kMs, {.open_from = 2, .last_stamp_ns = kMs * 1'000'000});
  add(lines[0]);
  add(lines[1]);
  bytes += record.finish();
  record.begin(3, lines[0].body.size() + lines[1].body.size() + 2, kMs + 10,
               {.open_from = 2, .last_stamp_ns = (kMs + 10) * 1'000'000});
  add(lines[2]);
  return bytes += record.finish();
}
struct Sealed {
  std::string data, sidecar;
};
Sealed sealed_bytes() {
  auto disk = log_disk();
  const MemorySegment rolled({.base = 1,
                              .count = 3,
                              .first_ms = kMs,
                              .last_ms = kMs + 10,
                              .open_from = 2,
                              .last_stamp_ns = (kMs + 10) * 1'000'000},
                             example_lines());
  REQUIRE(seal(*disk, segments_path(), rolled, {.epoch = std::string(kEpoch)}).ok());
  return {*read_whole_file(*disk, sealed_data_path(segments_path(), 1), 1 << 20),
          *read_whole_file(*disk, sealed_sidecar_path(segments_path(), 1), 1 << 20)};
}

TEST_CASE("flight_log_format: the page shows trace.log and trace.idx as they are written") {
  CHECK(shown("json trace.log") == log_bytes());
  const TempDir dir;
  REQUIRE(write_log_meta(real_files(), dir / "trace.meta", {.epoch = "5f3a9c01d2"}).ok());
  CHECK(shown("json trace.meta") == bytes_of(dir / "trace.meta"));
  CHECK(shown("hex trace.idx") == dump(index_bytes()));
}

TEST_CASE("flight_log_format: the sealed bytes of the page are read as the lines they were") {
  auto disk = log_disk();
  const std::string data = undump(shown("hex 00000000000000000001.ndjson.zst"));
  const std::string sidecar = shown("json 00000000000000000001.json");
  for (const auto& [path, bytes] : std::map<std::filesystem::path, std::string_view>{
           {sealed_data_path(segments_path(), 1), data},
           {sealed_sidecar_path(segments_path(), 1), sidecar}})
    REQUIRE((*create_file(*disk, path))->append({&bytes, 1}).ok());
  const auto segment = open_sealed(*disk, segments_path(), 1);
  REQUIRE_MESSAGE(segment.ok(), segment.status().message());
  CHECK(read_all(**segment).lines == example_lines());
}

TEST_CASE("[T18] flight_log_format: sidecar and footer of the page are golden, to the byte") {
  const std::string sidecar = shown("json 00000000000000000001.json");
  const auto lines = split_sidecar(sidecar);
  REQUIRE(lines);
  auto head = decode_head(lines->head);
  REQUIRE(head.ok());
  const auto table = decode_table(lines->table, *head);
  REQUIRE(table.ok());
  CHECK(encode_sidecar(*head, *table) == sidecar);
  CHECK(undump(shown("hex 00000000000000000001.ndjson.zst"))
            .ends_with(encode_footer(*head, table->losses)));
}

TEST_CASE("flight_log_format: sealing the lines of the page gives the bytes of the page") {
  const Sealed now = sealed_bytes();
  const std::string data = undump(shown("hex 00000000000000000001.ndjson.zst"));
  if (now.data.size() != data.size())
    MESSAGE("another version of zstd compresses differently: only reading is compared");
  else
    CHECK(now.data == data);
  if (now.data == data) {
    CHECK(dump(now.data) == shown("hex 00000000000000000001.ndjson.zst"));
    CHECK(now.sidecar == shown("json 00000000000000000001.json"));
  }
}

}  // namespace
}  // namespace devs
