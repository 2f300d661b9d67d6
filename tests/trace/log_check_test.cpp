#include "trace/log_check.h"

#include <random>

#include "tests/support/broken_file.h"
#include "tests/trace/log_check_kit.h"
#include "trace/rolled_segment.h"
#include "trace/segment_writer.h"
#include "trace/side_index.h"

namespace devs {
namespace {

TEST_CASE(
    "check_log: proves a log of sealed, rolled and active files, and counts what it "
    "read") {
  const TempDir dir;
  make_log(dir.path());
  std::uint64_t done = 0, total = 0;
  const auto report = check_log(real_files(), dir.path(), [&](const CheckProgress& progress) {
    CHECK(progress.done_bytes >= done);
    done = progress.done_bytes;
    total = progress.total_bytes;
  });
  REQUIRE(report.ok());
  CHECK(say(*report) == "");
  CHECK(report->segments == 4);
  CHECK(report->entries == kEntries);
  CHECK(report->first == 1);
  CHECK(report->last == kEntries);
  CHECK(report->lost == 0);
  CHECK(report->repaired == 0);
  CHECK(done == total);
  CHECK(done == report->bytes);
  CHECK(files_of(dir.path()).size() == 11);
}

TEST_CASE("check_log: an empty directory has no log, and an empty log no fault") {
  const TempDir dir;
  const auto none = check_log(real_files(), dir.path(), {});
  REQUIRE(!none.ok());
  CHECK(none.status().code() == Code::not_found);
  MemoryLog lines;
  const auto unmended = repair_log(real_files(), dir.path(), lines, {});
  REQUIRE(!unmended.ok());
  CHECK(unmended.status().code() == Code::not_found);
  CHECK(std::filesystem::is_empty(dir.path()));
  REQUIRE(FlightLog::open({.dir = dir.path()}, lines).ok());
  CHECK(say(check(dir.path())) == "");
  CHECK(repair(dir.path()).empty());
}

// Where what encloses byte `at` of a file begins: a line, a record, a block; of what is
// known byte by byte, that byte.
std::uint64_t place_of(const std::filesystem::path& dir, const std::filesystem::path& path,
                       std::uint64_t at) {
  const std::string ending = path.extension();
  const std::string bytes = bytes_of(dir / path);
  if (ending == ".meta") return 0;
  if (ending == ".log" || ending == ".ndjson") return at == 0 ? 0 : bytes.rfind('\n', at - 1) + 1;
  if (ending == ".idx") {
    const auto file = real_files().open_read(dir / path);
    SideIndexReader reader(**file);
    std::uint64_t begin = 0;
    for (SideRecord record; reader.offset() <= at;) {
      begin = reader.offset();
      if (!reader.next(record)) break;
    }
    return begin;
  }
  if (ending == ".zst") {
    const Sequence base = std::stoull(path.filename().string());
    for (const SegmentBlock& block : table_of(dir, base).blocks)
      if (at < block.offset + block.bytes) return block.offset;
  }
  return at;
}

TEST_CASE(
    "check_log: finds each of 100 random corruptions, names file and place, and repair mends "
    "it") {
  const TempDir dir;
  make_all_kinds(dir / "right");
  const auto paths = files_of(dir / "right");
  std::mt19937 random(20'261'123);
  for (int round = 0; round < 100; ++round) {
    const auto& path = paths[random() % paths.size()];
    std::filesystem::remove_all(dir / "log");
    std::filesystem::copy(dir / "right", dir / "log", std::filesystem::copy_options::recursive);
    const std::string right = bytes_of(dir / "log" / path);
    std::string bytes = right;
    std::size_t at = random() % bytes.size();
    std::string how;
    switch (random() % 5) {
      case 0:
        how = "flip";
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        how = "cut";
        bytes.resize(at);
        break;
      case 2:
        how = "zeros";
        for (std::size_t i = at; i < std::min(bytes.size(), at + 16); ++i) bytes[i] = '\0';
        if (bytes == right) bytes[at] = 'x';
        break;
      case 3:
        how = "put in";
        bytes.insert(at, "intruder");
        break;
      default:
        how = "delete";
    }
    CAPTURE(path);
    CAPTURE(at);
    CAPTURE(how);
    std::uint64_t place = 0;
    if (how == "delete") {
      std::filesystem::remove(dir / "log" / path);
    } else {
      write_bytes(dir / "log" / path, bytes);
      at = static_cast<std::size_t>(
          std::mismatch(right.begin(), right.end(), bytes.begin(), bytes.end()).first -
          right.begin());
      place = place_of(dir / "right", path, at);
    }
    const CheckReport report = check(dir / "log");
    CAPTURE(say(report));
    CHECK_FALSE(report.faults.empty());
    CHECK(names(report, path));
    std::uint64_t first_bad = ~std::uint64_t{0};
    for (const LogFault& each : report.faults)
      if (each.file == path) first_bad = std::min(first_bad, each.offset);
    CHECK(first_bad == place);
    lost_on_reading(dir / "log");

    const auto did = repair(dir / "log");
    CHECK_FALSE(did.empty());
    CHECK(say(check(dir / "log")) == "");
    lost_on_reading(dir / "log");
  }
}

TEST_CASE(
    "check_log: a segment that is missing, there twice or another's is named; repair "
    "invents nothing") {
  const TempDir dir;
  make_sealed(dir / "log");
  const auto segments = dir / "log/segments";
  SUBCASE("missing") {
    std::filesystem::remove(sealed_data_path(segments, 41));
    std::filesystem::remove(sealed_sidecar_path(segments, 41));
    const CheckReport report = check(dir / "log");
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].what == "entries 41 to 80 before it are missing");
    CHECK(report.faults[0].from == 41);
    CHECK(report.faults[0].through == 80);
    CHECK_FALSE(report.faults[0].repairable);
    CHECK(repair(dir / "log").empty());
    CHECK(check(dir / "log").faults.size() == 1);
  }
  SUBCASE("twice") {
    for (const Sequence as : {21u, 200u}) {
      std::filesystem::copy_file(sealed_data_path(segments, 41), sealed_data_path(segments, as));
      std::filesystem::copy_file(sealed_sidecar_path(segments, 41),
                                 sealed_sidecar_path(segments, as));
    }
    CHECK_FALSE(check(dir / "log").faults.empty());
    const auto did = repair(dir / "log");
    CHECK(contains(did.at(0), "segment 21: its files are no segment of that name"));
    CHECK(say(check(dir / "log")) == "");
    CHECK(check(dir / "log").entries == 120);
  }
  SUBCASE("changed by somebody who knows the format") {
    const auto forged = seal(real_files(), segments, *rolled_of(41, 40, 50),
                             {.block_bytes = 700,
                              .epoch = "5f3a9c01d2",
                              .previous_sha256 = *sidecar_sha256(real_files(), segments, 1)});
    REQUIRE(forged.ok());
    const CheckReport report = check(dir / "log");
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].file == "segments/00000000000000000081.json");
    CHECK(contains(report.faults[0].what, "the chain is broken"));
    CHECK_FALSE(report.faults[0].repairable);
  }
  SUBCASE("changed, and said to be a repair") {
    const auto head =
        *decode_head(split_sidecar(bytes_of(sealed_sidecar_path(segments, 41)))->head);
    auto writer = SegmentWriter::create(real_files(), segments, 41, {});
    REQUIRE(writer.ok());
    REQUIRE((*writer)->lose({41, 80, LossReason::corrupt}).ok());
    SegmentHead forged = head;
    forged.replaces = *sidecar_sha256(real_files(), segments, 41);
    REQUIRE((*writer)->finish(forged).ok());
    const CheckReport report = check(dir / "log");
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].file == "segments/00000000000000000041.json");
    CHECK(contains(report.faults[0].what, "is not in quarantine: the chain is broken"));
    CHECK_FALSE(report.faults[0].repairable);
  }
}

TEST_CASE("check_log: what the disk does not give is a fault like others, and the rest is read") {
  for (const BrokenDisk::Op op : {BrokenDisk::Op::open, BrokenDisk::Op::read})
    for (const std::string name :
         {"00000000000000000041.json", "00000000000000000041.ndjson.zst",
          "00000000000000000121.idx", "00000000000000000121.ndjson", "trace.idx", "trace.log"}) {
      CAPTURE(name);
      const TempDir dir;
      make_all_kinds(dir / "log");
      BrokenDisk disk;
      disk.refuse(op, {.why = "Input/output error (EIO)", .file = name});
      const auto report = check_log(disk, dir / "log", {});
      REQUIRE_MESSAGE(report.ok(), report.status().message());
      CHECK(names(*report, name.starts_with("trace") ? name : "segments/" + name));
      CHECK(report->last >= 130);
      CHECK(report->entries >= 80);
    }
}

TEST_CASE(
    "check_log: what retention dropped is no fault, and a log of another epoch is "
    "one") {
  const TempDir dir;
  make_sealed(dir / "log");
  const auto segments = dir / "log/segments";
  for (const Sequence base : {1u, 41u}) {
    std::filesystem::remove(sealed_data_path(segments, base));
    std::filesystem::remove(sealed_sidecar_path(segments, base));
  }
  REQUIRE(write_log_meta(real_files(), dir / "log/trace.meta",
                         {.epoch = "5f3a9c01d2", .expired_through = 80})
              .ok());
  const CheckReport report = check(dir / "log");
  CHECK(say(report) == "");
  CHECK(report.first == 81);
  REQUIRE(write_log_meta(real_files(), dir / "log/trace.meta",
                         {.epoch = "0123456789", .expired_through = 80})
              .ok());
  CHECK(contains(say(check(dir / "log")), "is of epoch 5f3a9c01d2"));
}

TEST_CASE("check_log: trace.meta has a checksum; one of before it had is believed") {
  const TempDir dir;
  make_sealed(dir / "log");
  for (const Sequence base : {1u, 41u}) {
    std::filesystem::remove(sealed_data_path(dir / "log/segments", base));
    std::filesystem::remove(sealed_sidecar_path(dir / "log/segments", base));
  }
  const LogMeta meta{.epoch = "5f3a9c01d2", .expired_through = 40};
  REQUIRE(write_log_meta(real_files(), dir / "log/trace.meta", meta).ok());
  std::string text = bytes_of(dir / "log/trace.meta");
  text[text.find("40,")] = '8';  // 80: then nothing would be missing
  write_bytes(dir / "log/trace.meta", text);
  CHECK(contains(say(check(dir / "log")), "trace.meta@0 "));
  CHECK(contains(say(check(dir / "log")), "entries 1 to 80 before it are missing"));
  const auto did = repair(dir / "log");
  REQUIRE(did.size() == 1);
  CHECK(contains(did[0], "trace.meta: written again"));
  CHECK_FALSE(contains(say(check(dir / "log")), "trace.meta"));

  write_bytes(dir / "log/trace.meta",
              "{\"format\":2,\"epoch\":\"5f3a9c01d2\",\"expired_through\":80}\n");
  CHECK(say(check(dir / "log")) == "");
}

TEST_CASE("check_log: a terabyte behind the data is one fault, not an hour of reading") {
  const TempDir dir;
  make_sealed(dir / "log");
  const auto data = sealed_data_path(dir / "log/segments", 81);
  const std::uint64_t size = std::filesystem::file_size(data);
  std::filesystem::resize_file(data, std::uintmax_t{1} << 40);
  const CheckReport report = check(dir / "log");
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].offset == size);
  CHECK(contains(report.faults[0].what, "longer than its sidecar says"));
}

TEST_CASE(
    "check_log: a log of a newer program is refused by number, by verify and by "
    "repair") {
  const TempDir dir;
  make_sealed(dir / "log");
  write_bytes(dir / "log/trace.meta", R"({"format":99,"epoch":"5f3a9c01d2"})");
  MemoryLog lines;
  CHECK(check_log(real_files(), dir / "log", {}).status().code() == Code::invalid_argument);
  CHECK(repair_log(real_files(), dir / "log", lines, {}).status().code() == Code::invalid_argument);
}

}  // namespace
}  // namespace devs
