// Logs to start on and to replay: `--events N` payloads through the recorder, or
// `--segments N` sealed segments of `--per-segment` entries, made without one.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "tools/bench/flags.h"
#include "tools/bench/payload_book.h"
#include "tools/bench/recording.h"
#include "trace/file.h"
#include "trace/log.h"
#include "trace/sealed_segment.h"

namespace devs {
namespace {

constexpr std::int64_t kFirstMs = 1'700'000'000'000;

// The real files but for syncing: what is made here is made again, not mourned.
class Unsynced final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open_append(const std::filesystem::path& path) override {
    auto file = real_files().open_append(path);
    if (!file.ok()) return file.status();
    return std::unique_ptr<File>(std::make_unique<Open>(std::move(*file)));
  }
  Result<std::unique_ptr<File>> open_read(const std::filesystem::path& path) override {
    return real_files().open_read(path);
  }
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return real_files().rename(from, to);
  }
  Status remove(const std::filesystem::path& path) override { return real_files().remove(path); }
  Status make_directory(const std::filesystem::path& path) override {
    return real_files().make_directory(path);
  }
  Status sync_directory(const std::filesystem::path&) override { return {}; }
  Result<std::vector<std::string>> list(const std::filesystem::path& path) const override {
    return real_files().list(path);
  }

 private:
  class Open final : public File {
   public:
    explicit Open(std::unique_ptr<File> file) : file_(std::move(file)) {}
    Status append(std::span<const std::string_view> pieces) override {
      return file_->append(pieces);
    }
    Status truncate(std::uint64_t size) override { return file_->truncate(size); }
    Status sync() override { return {}; }
    Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const override {
      return file_->read_at(offset, to);
    }
    Result<std::uint64_t> size() const override { return file_->size(); }

   private:
    const std::unique_ptr<File> file_;
  };
};

// A stretch of the log that is on no disk yet.
class Imagined final : public Segment {
 public:
  Imagined(const PayloadBook& book, Sequence base) : book_(book) {
    info_.base = base;
    info_.count = book.size();
    info_.raw_bytes = book.size() * (book.bytes() + 1);
    info_.first_ms = info_.last_ms = kFirstMs + static_cast<std::int64_t>(base);
    info_.previous_last = base - 1;
    info_.open_from = base + info_.count;
  }
  const SegmentInfo& info() const override { return info_; }
  bool sealed() const override { return false; }
  Sequence first_since(std::int64_t) const override { return info_.base; }
  ReadOutcome read(Sequence from, ReadLimits limits,
                   const StoredLog::OnLine& on_line) const override {
    const Sequence end = std::min(from + limits.entries, info_.last() + 1);
    for (Sequence at = from; at < end; ++at)
      on_line({.sequence = at,
               .body = book_.at(static_cast<std::size_t>(at - info_.base)),
               .topics = {},
               .stored_ms = info_.first_ms});
    return {end, {}};
  }

 private:
  const PayloadBook& book_;
  SegmentInfo info_;
};

Status record(const std::filesystem::path& dir, const PayloadBook& book) {
  auto recording = Recording::open({.dir = dir});
  if (!recording.ok()) return recording.status();
  std::size_t waits = 0;
  for (std::size_t number = 0; number < book.size(); ++number) {
    const auto given =
        (*recording)->publish(draft_of_published(std::string(book.at(number))), waits);
    if (!given.ok()) return given.status();
  }
  return (*recording)->close();
}

Status seal_all(const std::filesystem::path& dir, const PayloadBook& book, std::size_t segments) {
  std::string epoch;
  {  // the directory, its epoch
    auto log = FlightLog::open({.dir = dir}, stderr_log(Log::Level::warn));
    if (!log.ok()) return log.status();
    epoch = (*log)->epoch();
  }
  // Its empty active file begins at 1; the next start makes one behind the last segment.
  for (const char* name : {"trace.log", "trace.idx"}) std::filesystem::remove(dir / name);
  Unsynced files;
  std::string previous;
  for (std::size_t at = 0; at < segments; ++at) {
    const Sequence base = 1 + at * book.size();
    const auto sealed = seal(files, dir / "segments", Imagined(book, base),
                             {.zstd_level = 1, .epoch = epoch, .previous_sha256 = previous});
    if (!sealed.ok()) return sealed.status();
    auto chained = sidecar_sha256(files, dir / "segments", base);
    if (!chained.ok()) return chained.status();
    previous = std::move(*chained);
  }
  return {};
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv, {"dir", "events", "bytes", "segments", "per-segment"});
  const std::filesystem::path dir = flags.text("dir");
  const auto events = static_cast<std::size_t>(flags.whole("events", 0));
  const auto segments = static_cast<std::size_t>(flags.whole("segments", 0));
  const auto per_segment = static_cast<std::size_t>(flags.whole("per-segment", 10'000, 1));
  const auto bytes = static_cast<std::size_t>(
      flags.whole("bytes", 200, static_cast<int>(PayloadBook::kLeastBytes)));
  Status made = flags.status();
  if (made.ok() && (dir.empty() || (events == 0) == (segments == 0)))
    made = Status(Code::invalid_argument, "--dir, and one of --events and --segments, are needed");
  if (made.ok()) {
    std::filesystem::create_directories(dir);
    const PayloadBook book(PayloadBook::of_past(events > 0 ? events : per_segment, bytes));
    made = events > 0 ? record(dir, book) : seal_all(dir, book, segments);
  }
  if (made.ok()) return 0;
  std::fprintf(stderr, "log_maker: %s\n", made.message().c_str());
  return 2;
}
