#include "trace/sealed_segment.h"

#include <fmt/format.h>

#include "tests/support/temp_dir.h"
#include "tests/trace/segment_kit.h"
#include "trace/segment_format.h"
#include "trace/sha256.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

SegmentPtr sealed_of(FileSystem& files, const std::filesystem::path& segments,
                     const Segment& rolled, std::size_t block_bytes = 1024) {
  auto sealed = seal(files, segments, rolled, {.block_bytes = block_bytes, .epoch = "5f3a9c01d2"});
  REQUIRE_MESSAGE(sealed.ok(), sealed.status().message());
  return *sealed;
}

TEST_CASE("[T2] SealedSegment: reads exactly as the rolled one it was made from") {
  auto disk = log_disk();
  const auto rolled = rolled_of(41, 500, 60);
  const SegmentPtr sealed = sealed_of(*disk, segments_path(), *rolled);
  const auto reopened = open_sealed(*disk, segments_path(), 41);
  REQUIRE(reopened.ok());
  for (const SegmentPtr& segment : {sealed, *reopened}) {
    CHECK(segment->sealed());
    CHECK(segment->info().base == 41);
    CHECK(segment->info().last() == 540);
    CHECK(segment->info().first_ms == rolled->info().first_ms);
    CHECK(segment->info().last_ms == rolled->info().last_ms);
    CHECK(segment->info().previous_last == 40);
    CHECK(segment->info().open_from == 41);
    CHECK(segment->info().last_stamp_ns == rolled->info().last_stamp_ns);
    CHECK(segment->info().lost == 0);
    for (const std::size_t at_once : {1u, 7u, 1024u}) {
      const Delivery got = read_all(*segment, at_once);
      CHECK(got.lines == rolled->lines());
      CHECK(got.losses.empty());
    }
  }
}

TEST_CASE("SealedSegment: a read begins anywhere and stops at its limits") {
  auto disk = log_disk();
  const auto rolled = rolled_of(1, 100, 40);
  const SegmentPtr sealed = sealed_of(*disk, segments_path(), *rolled, 200);
  for (Sequence from = 1; from <= 100; ++from) {
    std::vector<Sequence> got;
    const auto note = [&](const StoredLine& line) { got.push_back(line.sequence); };
    CHECK(sealed->read(from, {.entries = 0, .bytes = 0}, note).next == from + 1);
    REQUIRE(got.size() == 1);
    CHECK(got[0] == from);
    const std::size_t body = rolled->lines()[from - 1].body.size();
    got.clear();
    CHECK(sealed->read(from, {.bytes = 2 * body + 5}, note).next ==
          std::min<Sequence>(from + 2, 101));
  }
}

TEST_CASE("[T26] SealedSegment: a time finds its entry") {
  auto disk = log_disk();
  const auto rolled = rolled_of(1, 90, 40);
  const SegmentPtr sealed = sealed_of(*disk, segments_path(), *rolled, 4096);
  CHECK(sealed->first_since(0) == 1);
  CHECK(sealed->first_since(kSomeMs + 100'000) == 91);
  for (const KeptLine& line : rolled->lines()) {
    CHECK(sealed->first_since(line.stored_ms) == rolled->first_since(line.stored_ms));
    CHECK(sealed->first_since(line.stored_ms + 1) == rolled->first_since(line.stored_ms + 1));
  }
}

TEST_CASE("seal: what is lost in the rolled form is a declared loss of the sealed one") {
  auto disk = log_disk();
  const auto rolled = rolled_of(1, 50, 30, {1, 2, 20, 21, 22, 40, 50});
  const SegmentPtr sealed = sealed_of(*disk, segments_path(), *rolled);
  const Delivery got = read_all(*sealed);
  CHECK(got.lines.size() == 43);
  CHECK(sealed->info().lost == 7);
  REQUIRE(got.losses.size() == 4);
  CHECK(got.losses[0].through == 2);
  CHECK(got.losses[1].from == 20);
  CHECK(got.losses[1].through == 22);
  CHECK(got.losses[3].from == 50);
}

TEST_CASE("seal: a segment of which nothing is left is one loss") {
  auto disk = log_disk();
  const SegmentPtr sealed = sealed_of(*disk, segments_path(), *rolled_of(7, 3, 0, {7, 8, 9}));
  const Delivery got = read_all(*sealed);
  CHECK(got.lines.empty());
  REQUIRE(got.losses.size() == 1);
  CHECK(got.losses[0].through == 9);
}

TEST_CASE("seal: a line over the block size gets a block of its own") {
  auto disk = log_disk();
  std::vector<KeptLine> lines;
  for (Sequence sequence = 1; sequence <= 5; ++sequence)
    lines.push_back({sequence, body_of(std::string(sequence == 3 ? 5000 : 10, 'x')), "", kSomeMs});
  const MemorySegment rolled({.base = 1, .count = 5}, lines);
  const SegmentPtr sealed = sealed_of(*disk, segments_path(), rolled, 1024);
  CHECK(read_all(*sealed).lines == lines);
  const auto text =
      read_whole_file(*disk, sealed_sidecar_path(segments_path(), 1), kMaxSidecarBytes);
  const auto parts = split_sidecar(*text);
  const auto table = decode_table(parts->table, *decode_head(parts->head));
  REQUIRE(table.ok());
  REQUIRE(table->blocks.size() == 3);
  CHECK(table->blocks[1].first == 3);
  CHECK(table->blocks[1].lines == 1);
}

TEST_CASE("[T2] seal: zstdcat gives back the NDJSON") {
  const TempDir dir;
  const auto rolled = rolled_of(1, 300, 50);
  sealed_of(real_files(), dir.path(), *rolled);
  std::string expected;
  for (const KeptLine& line : rolled->lines()) expected += line.body + "\n";
  const auto out = dir / "out";
  const auto command =
      fmt::format("zstd -dcq {} > {}", sealed_data_path(dir.path(), 1).string(), out.string());
  if (std::system("zstd --version > /dev/null 2>&1") != 0) {
    MESSAGE("no zstd program here: not tried");
    return;
  }
  CHECK(std::system(command.c_str()) == 0);
  CHECK(bytes_of(out) == expected);
}

TEST_CASE("seal: gives up when told, and leaves nothing behind") {
  auto disk = log_disk();
  std::stop_source stop;
  stop.request_stop();
  const auto sealed = seal(*disk, segments_path(), *rolled_of(1, 10),
                           {.epoch = "5f3a9c01d2", .stop = stop.get_token()});
  REQUIRE(!sealed.ok());
  CHECK(sealed.status().code() == Code::cancelled);
  CHECK(disk->list(segments_path())->empty());
}

TEST_CASE("seal: whatever the disk refuses, no name of ours is there half") {
  const auto rolled = rolled_of(1, 40, 60);
  for (std::size_t good = 0;; ++good) {
    CAPTURE(good);
    auto disk = log_disk();
    disk->refuse({.call = std::nullopt, .good = good, .torn_bytes = 5});
    const auto sealed =
        seal(*disk, segments_path(), *rolled, {.block_bytes = 512, .epoch = "5f3a9c01d2"});
    if (disk->refused() == 0) break;
    disk->mend();
    const auto names = *disk->list(segments_path());
    if (std::find(names.begin(), names.end(), "00000000000000000001.json") != names.end()) {
      const auto opened = open_sealed(*disk, segments_path(), 1);
      REQUIRE(opened.ok());
      CHECK(read_all(**opened).lines == rolled->lines());
    }
    const auto again =
        seal(*disk, segments_path(), *rolled, {.block_bytes = 512, .epoch = "5f3a9c01d2"});
    REQUIRE_MESSAGE(again.ok(), again.status().message());
    CHECK(read_all(**again).lines == rolled->lines());
    CHECK(disk->list(segments_path())->size() == 2);
  }
}

TEST_CASE(
    "seal: after a power cut anywhere, a sidecar that is there is whole, and so is its "
    "data") {
  const auto rolled = rolled_of(1, 40, 60);
  auto disk = log_disk();
  sealed_of(*disk, segments_path(), *rolled, 512);
  const DiskHistory history = disk->history();
  std::size_t there = 0;
  for (std::size_t begun = 1; begun <= history.operations.size() + 1; ++begun)
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Random random(seed);
      SimulatedDisk after({after_power_cut(history, begun, random), {}});
      const auto opened = open_sealed(after, segments_path(), 1);
      if (!opened.ok()) {
        CHECK(opened.status().code() == Code::not_found);
        CHECK(begun <= history.operations.size());
        continue;
      }
      ++there;
      CHECK(read_all(**opened).lines == rolled->lines());
    }
  CHECK(there >= 20);
}

TEST_CASE("remove_sealed: readers keep reading a segment that retention unlinks") {
  const TempDir dir;
  const auto rolled = rolled_of(1, 200, 60);
  sealed_of(real_files(), dir.path(), *rolled);
  const auto never_read = open_sealed(real_files(), dir.path(), 1, no_cache());
  const auto being_read = open_sealed(real_files(), dir.path(), 1);
  REQUIRE((*being_read)->read(5, {.entries = 3}, [](const StoredLine&) {}).next == 8);
  REQUIRE(remove_sealed(real_files(), dir.path(), **never_read).ok());
  CHECK(std::filesystem::is_empty(dir.path()));
  CHECK(read_all(**never_read).lines == rolled->lines());
  CHECK(read_all(**being_read).lines == rolled->lines());
}

TEST_CASE("SealedSegment: what many read in one place is opened and expanded once") {
  auto disk = log_disk();
  sealed_of(*disk, segments_path(), *rolled_of(1, 200, 60), 256);
  const auto cache = std::make_shared<SegmentCache>();
  const auto segment = open_sealed(*disk, segments_path(), 1, cache);
  const std::size_t before = disk->calls(DiskCall::read);
  read_all(**segment);
  const std::size_t cold = disk->calls(DiskCall::read);
  CHECK(cold > before);
  for (int reader = 0; reader < 100; ++reader) read_all(**segment);
  CHECK(disk->calls(DiskCall::read) == cold);
}

TEST_CASE("SegmentCache: is bounded in segments and in bytes") {
  auto disk = log_disk();
  const auto cache =
      std::make_shared<SegmentCache>(SegmentCache::Options{.segments = 2, .block_bytes = 4096});
  std::vector<SegmentPtr> segments;
  for (Sequence base = 1; base < 100; base += 10) {
    sealed_of(*disk, segments_path(), *rolled_of(base, 10, 300), 900);
    segments.push_back(*open_sealed(*disk, segments_path(), base, cache));
  }
  for (const SegmentPtr& segment : segments) CHECK(read_all(*segment).lines.size() == 10);
  // Ids are given in the order of opening.
  std::size_t opened = 0, bytes = 0;
  for (std::uint64_t id = 1; id <= 20; ++id) {
    opened += cache->segment(id) ? 1u : 0u;
    for (std::size_t index = 0; index < 10; ++index)
      if (const auto block = cache->block(id, index)) bytes += block->text().size();
  }
  CHECK(opened == 2);
  CHECK(bytes > 2048);
  CHECK(bytes <= 4096);
  segments.clear();
  for (std::uint64_t id = 1; id <= 20; ++id) CHECK(!cache->segment(id));
}

}  // namespace
}  // namespace devs
