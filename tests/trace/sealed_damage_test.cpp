// What lies on a disk may be anything.  A sealed segment is read as it was written, or
// its entries are declared lost; nothing else.
#include <fmt/format.h>

#include "tests/support/temp_dir.h"
#include "tests/trace/segment_kit.h"
#include "trace/crc32c.h"
#include "trace/segment_format.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStep = 37;  // a sample: each byte is tried without sanitizers
#else
constexpr std::size_t kStep = 1;
#endif

struct Sealed {
  std::unique_ptr<SimulatedDisk> disk = log_disk();
  std::shared_ptr<const MemorySegment> rolled;
  std::filesystem::path data, sidecar;
  std::string data_bytes, sidecar_bytes;

  Sealed(std::uint64_t count, std::size_t body, std::size_t block_bytes)
      : rolled(rolled_of(1, count, body)),
        data(sealed_data_path(segments_path(), 1)),
        sidecar(sealed_sidecar_path(segments_path(), 1)) {
    const auto sealed =
        seal(*disk, segments_path(), *rolled, {.block_bytes = block_bytes, .epoch = "5f3a9c01d2"});
    REQUIRE(sealed.ok());
    data_bytes = *read_whole_file(*disk, data, 1 << 30);
    sidecar_bytes = *read_whole_file(*disk, sidecar, 1 << 30);
  }
  SegmentTable table() const {
    const auto lines = split_sidecar(sidecar_bytes);
    return *decode_table(lines->table, *decode_head(lines->head));
  }
  void put(const std::filesystem::path& path, std::string_view bytes) {
    auto file = create_file(*disk, path);
    REQUIRE((*file)->append({&bytes, 1}).ok());
  }
  // Each entry is delivered as it was, or declared lost; how many are lost.  All, when
  // the segment does not open: the log around it says so.
  std::uint64_t lost() const {
    const auto opened = open_sealed(*disk, segments_path(), 1, no_cache());
    if (!opened.ok()) return rolled->info().count;
    const Delivery got = read_all(**opened);
    std::uint64_t lost = 0;
    for (const Loss& loss : got.losses) lost += loss.through - loss.from + 1;
    for (const KeptLine& line : got.lines) REQUIRE(line == rolled->lines()[line.sequence - 1]);
    REQUIRE(got.lines.size() + lost == rolled->info().count);
    return lost;
  }
};

TEST_CASE(
    "SealedSegment: of 64 KB of data each byte flipped is a declared gap of its block, "
    "and nothing else") {
  const Sealed sealed(80, 1100, 4096);
  REQUIRE(sealed.data_bytes.size() > 64 * 1024);
  const SegmentTable table = sealed.table();
  REQUIRE(table.blocks.size() > 20);
  const auto segment = *open_sealed(
      *sealed.disk, segments_path(), 1,
      std::make_shared<SegmentCache>(SegmentCache::Options{.segments = 1, .block_bytes = 0}));
  const auto& lines = sealed.rolled->lines();
  std::size_t wrong = 0, block = 0;
  for (std::size_t at = 0; at < sealed.data_bytes.size(); at += kStep) {
    while (block < table.blocks.size() &&
           at >= table.blocks[block].offset + table.blocks[block].bytes)
      ++block;
    const char before = sealed.data_bytes[at];
    const char flipped = static_cast<char>(before ^ (1 << (at % 8)));
    sealed.disk->write_behind(sealed.data, at, flipped);
    if (block < table.blocks.size()) {
      const SegmentBlock& row = table.blocks[block];
      const auto outcome = segment->read(row.first, {}, [&](const StoredLine&) { ++wrong; });
      const bool declared = outcome.loss && outcome.loss->from == row.first &&
                            outcome.loss->through == row.last() && outcome.next == row.last() + 1;
      if (!declared) ++wrong;
    } else if (sealed.lost() != 0) {
      ++wrong;  // the footer repeats what the sidecar says: no entry is in it
    }
    if (at % 64 == 0 && block > 0 && block < table.blocks.size()) {
      // The neighbours do not notice.
      const SegmentBlock& row = table.blocks[block - 1];
      Sequence next = row.first;
      const auto outcome = segment->read(next, {.entries = row.lines}, [&](const StoredLine& line) {
        if (kept(line) != lines[line.sequence - 1]) ++wrong;
        ++next;
      });
      if (outcome.loss || next != row.last() + 1) ++wrong;
    }
    sealed.disk->write_behind(sealed.data, at, before);
  }
  CHECK(wrong == 0);
  CHECK(sealed.lost() == 0);
}

TEST_CASE("[T3] SealedSegment: each byte of the sidecar flipped is a declared gap") {
  const Sealed sealed(80, 1100, 4096);
  for (std::size_t at = 0; at < sealed.sidecar_bytes.size(); at += kStep)
    for (const int bit : {0, 5, 7}) {
      CAPTURE(at);
      const char before = sealed.sidecar_bytes[at];
      sealed.disk->write_behind(sealed.sidecar, at, static_cast<char>(before ^ (1 << bit)));
      CHECK(sealed.lost() == 80);
      sealed.disk->write_behind(sealed.sidecar, at, before);
    }
  CHECK(sealed.lost() == 0);
}

TEST_CASE("[T3] SealedSegment: data cut at each offset keeps the blocks that are whole") {
  Sealed sealed(20, 60, 256);
  const SegmentTable table = sealed.table();
  for (std::size_t size = 0; size < sealed.data_bytes.size(); ++size) {
    CAPTURE(size);
    sealed.put(sealed.data, sealed.data_bytes.substr(0, size));
    std::uint64_t expected = 0;
    for (const SegmentBlock& row : table.blocks)
      expected += row.offset + row.bytes > size ? row.lines : 0;
    CHECK(sealed.lost() == expected);
  }
}

TEST_CASE("SealedSegment: a sidecar cut at each offset is no sidecar") {
  Sealed sealed(20, 60, 256);
  for (std::size_t size = 0; size < sealed.sidecar_bytes.size(); ++size) {
    CAPTURE(size);
    sealed.put(sealed.sidecar, sealed.sidecar_bytes.substr(0, size));
    CHECK(sealed.lost() == 20);
  }
  sealed.put(sealed.sidecar, sealed.sidecar_bytes + "x");
  CHECK(sealed.lost() == 20);
}

TEST_CASE(
    "SealedSegment: data of zero length, missing, foreign or of another segment is a "
    "declared gap") {
  Sealed sealed(20, 60, 256);
  sealed.put(sealed.data, "");
  CHECK(sealed.lost() == 20);
  sealed.put(sealed.data, std::string(sealed.data_bytes.size(), 'x'));
  CHECK(sealed.lost() == 20);
  const Sealed other(20, 61, 256);
  sealed.put(sealed.data, other.data_bytes);
  CHECK(sealed.lost() == 20);
  REQUIRE(sealed.disk->remove(sealed.data).ok());
  CHECK(sealed.lost() == 20);
}

// A sidecar whose checksums are right, whatever it says.
std::string sidecar_saying(std::string_view table, SegmentHead head) {
  SegmentTable none;
  std::string text = encode_sidecar(head, none);
  head.table_bytes = table.size();
  // encode_sidecar() sums the table it is given; ours is put in its place.
  const auto lines = split_sidecar(text);
  REQUIRE(lines);
  std::string first(lines->head);
  const auto replace = [&](const std::string& from, const std::string& to) {
    const std::size_t at = first.find(from);
    REQUIRE(at != first.npos);
    first.replace(at, from.size(), to);
  };
  replace(fmt::format("\"table_bytes\":{}", lines->table.size()),
          fmt::format("\"table_bytes\":{}", table.size()));
  replace(fmt::format("\"table_crc32c\":\"{:08x}\"", crc32c(lines->table)),
          fmt::format("\"table_crc32c\":\"{:08x}\"", crc32c(table)));
  const std::size_t summed = first.find(",\"format\"") + 1;
  replace(first.substr(11, 8),
          fmt::format("{:08x}", crc32c(std::string_view(first).substr(summed))));
  return fmt::format("{}\n{}\n", first, table);
}

TEST_CASE(
    "SealedSegment: a table with right checksums that cannot be true is a declared "
    "gap") {
  Sealed sealed(20, 60, 256);
  const SegmentHead head = *decode_head(split_sidecar(sealed.sidecar_bytes)->head);
  const auto row = [&](std::string_view bytes, std::string_view raw) {
    return fmt::format(R"({{"blocks":[[1,20,0,{},{},7,0,0]],"losses":[]}})", bytes, raw);
  };
  const std::string raw = std::to_string(head.info.raw_bytes);
  for (const std::string& table :
       {row("0", raw), row("4294967295", raw), row("9223372036854775807", raw), row("100", "0"),
        row("100", "4294967295"), row("-1", raw), row("1e3", raw),
        std::string(R"({"blocks":[],"losses":[]})"),
        std::string(R"({"blocks":[],"losses":[[1,21,"corrupt"]]})"),
        std::string(R"({"blocks":[],"losses":[[2,20,"corrupt"]]})"),
        std::string(R"({"blocks":[],"losses":[[1,20,"stolen"]]})"),
        std::string(R"({"blocks":7,"losses":[]})"), std::string("{}"), std::string("[]"),
        std::string(""), std::string(60 * 1024, '['),
        fmt::format(R"({{"blocks":[[1,20,0,100,{},7,0,0],[1,20,0,100,{},7,0,0]],"losses":[]}})",
                    raw, raw)}) {
    CAPTURE(table.substr(0, 80));
    sealed.put(sealed.sidecar, sidecar_saying(table, head));
    CHECK(sealed.lost() == 20);
  }
}

TEST_CASE(
    "SealedSegment: a block with a right CRC that expands to something else is a "
    "declared gap") {
  Sealed sealed(20, 60, 100'000);
  SegmentHead head = *decode_head(split_sidecar(sealed.sidecar_bytes)->head);
  SegmentTable table = sealed.table();
  REQUIRE(table.blocks.size() == 1);
  const auto with = [&](auto change) {
    SegmentTable changed = table;
    SegmentHead changed_head = head;
    change(changed.blocks[0], changed_head);
    sealed.put(sealed.sidecar, encode_sidecar(changed_head, changed));
  };
  with([](SegmentBlock&, SegmentHead&) {});
  CHECK(sealed.lost() == 0);
  with([](SegmentBlock& row, SegmentHead& first) { first.info.raw_bytes = --row.raw_bytes; });
  CHECK(sealed.lost() == 20);
  with([](SegmentBlock& row, SegmentHead& first) { first.info.raw_bytes = ++row.raw_bytes; });
  CHECK(sealed.lost() == 20);
  with([](SegmentBlock& row, SegmentHead& first) {
    row.lines = 19;
    first.info.count = 19;
  });
  const auto opened = open_sealed(*sealed.disk, segments_path(), 1);
  REQUIRE(opened.ok());
  CHECK(read_all(**opened).lines.empty());
}

TEST_CASE(
    "open_sealed: a newer format is refused by its number, a foreign base by its "
    "name") {
  Sealed sealed(5, 10, 256);
  std::string first(split_sidecar(sealed.sidecar_bytes)->head);
  first.replace(first.find("\"format\":1"), 10, "\"format\":2");
  first.replace(
      11, 8,
      fmt::format("{:08x}", crc32c(std::string_view(first).substr(first.find(",\"format\"") + 1))));
  sealed.put(sealed.sidecar, first + "\nwhatever it is then\n");
  const auto newer = open_sealed(*sealed.disk, segments_path(), 1);
  REQUIRE(!newer.ok());
  CHECK(newer.status().code() == Code::invalid_argument);
  CHECK(contains(newer.status().message(), "has format 2"));

  sealed.put(sealed_sidecar_path(segments_path(), 9), sealed.sidecar_bytes);
  const auto foreign = open_sealed(*sealed.disk, segments_path(), 9);
  REQUIRE(!foreign.ok());
  CHECK(foreign.status().code() == Code::data_loss);
  CHECK(contains(foreign.status().message(), "another segment"));
}

TEST_CASE("open_sealed: damage is named with the byte it begins at") {
  Sealed sealed(5, 10, 256);
  sealed.disk->write_behind(sealed.sidecar, 100, '\0');
  const auto opened = open_sealed(*sealed.disk, segments_path(), 1);
  REQUIRE(!opened.ok());
  CHECK(opened.status().code() == Code::data_loss);
  CHECK(contains(opened.status().message(), "00000000000000000001.json, byte 0: fails its CRC32C"));
}

TEST_CASE("SealedSegment: a terabyte of nothing costs nothing to look at") {
  const TempDir dir;
  const auto rolled = rolled_of(1, 20, 60);
  REQUIRE(seal(real_files(), dir.path(), *rolled, {.epoch = "5f3a9c01d2"}).ok());
  const auto data = sealed_data_path(dir.path(), 1);
  std::filesystem::resize_file(data, std::uintmax_t{1} << 40);
  CHECK(read_all(**open_sealed(real_files(), dir.path(), 1)).lines == rolled->lines());
  // And a sidecar that grew is none of ours.
  std::filesystem::resize_file(sealed_sidecar_path(dir.path(), 1), std::uintmax_t{1} << 40);
  CHECK(read_all(**open_sealed(real_files(), dir.path(), 1)).lines.empty());
}

TEST_CASE("SealedSegment: a symlink to somebody's file is a declared gap, not its bytes") {
  const TempDir dir;
  const auto rolled = rolled_of(1, 20, 60);
  REQUIRE(seal(real_files(), dir.path(), *rolled, {.epoch = "5f3a9c01d2"}).ok());
  const auto data = sealed_data_path(dir.path(), 1);
  std::filesystem::remove(data);
  std::filesystem::create_symlink("/etc/passwd", data);
  const Delivery got = read_all(**open_sealed(real_files(), dir.path(), 1));
  CHECK(got.lines.empty());
  REQUIRE(got.losses.size() == 1);
  CHECK(got.losses[0].through == 20);
}

}  // namespace
}  // namespace devs
