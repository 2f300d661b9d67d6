#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "trace/flight_log.h"
#include "trace/log_check.h"
#include "trace/log_listing.h"
#include "trace/log_meta.h"
#include "trace/patiently.h"
#include "trace/plain_exam.h"
#include "trace/rolled_segment.h"
#include "trace/sealed_segment.h"
#include "trace/segment_mender.h"
#include "trace/segment_sealer.h"
#include "trace/side_index.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

class Repairer {
 public:
  Repairer(FileSystem& files, const std::filesystem::path& dir, Log& log,
           const OnProgress& on_progress)
      : files_(files),
        dir_(dir),
        segments_(dir / "segments"),
        log_(log),
        on_progress_(on_progress) {}

  Result<std::vector<std::string>> run() {
    if (Status mended = mend_sealed(); !mended.ok()) return mended;
    if (Status mended = mend_plain(); !mended.ok()) return mended;
    for (const std::string& each : did_) log_.info("log_repaired", {{"what", each}});
    return std::move(did_);
  }

 private:
  Status mend_sealed() {
    const auto names = files_.list(dir_);
    if (!names.ok()) return names.status();
    const auto is_ours = [](std::string_view name) {
      return name == "trace.log" || name == "trace.meta" || name == "segments";
    };
    if (std::none_of(names->begin(), names->end(), is_ours))
      return {Code::not_found, fmt::format("there is no log in {}", dir_.string())};
    // Nobody may write meanwhile.  Let go before FlightLog takes it for itself.
    const auto lock = DirectoryLock::take(dir_ / "trace.lock");
    if (!lock.ok()) return lock.status();
    const auto meta = read_log_meta(files_, dir_ / "trace.meta");
    if (!meta.ok()) return meta.status();
    if (*meta) around_.epoch = (*meta)->epoch;
    if (const auto index = files_.open_read(dir_ / "trace.idx"); index.ok())
      if (Status known = check_index_version(**index, dir_ / "trace.idx"); !known.ok())
        return known;
    const auto found = list_segments(files_, segments_);
    if (!found.ok()) return found.status();
    for (const auto& [base, which] : *found)
      for (const auto& path :
           {sealed_data_path(segments_, base), sealed_sidecar_path(segments_, base)})
        if (const auto file = files_.open_read(path); which.sealed() && file.ok())
          progress_.total_bytes += (*file)->size().ok() ? (*file)->size().value() : 0;
    for (auto each = found->begin(); each != found->end(); ++each) {
      const auto next = std::next(each);
      if (!each->second.sealed()) continue;
      Status mended = mend_one(each->first, each->second, next == found->end() ? 0 : next->first);
      if (!mended.ok()) return mended;
    }
    return {};
  }

  Status mend_one(Sequence base, const SegmentFiles& which, Sequence next) {
    progress_.file = sealed_data_path("segments", base).string();
    auto exam = examine_segment(files_, segments_, base, [this](std::uint64_t bytes) {
      progress_.done_bytes += bytes;
      if (on_progress_) on_progress_(progress_);
    });
    if (!exam.ok()) return exam.status();
    // The plain files are still there: what a crash left of sealing them goes.
    if (!exam->faults.empty() && which.rolled_data) return drop_half_sealed(base);
    if (!exam->faults.empty()) {
      look_ahead(next);
      auto did = mend_segment(files_, dir_, base, *exam, around_);
      if (!did.ok()) return did.status();
      std::move(did->begin(), did->end(), std::back_inserter(did_));
    }
    const auto sealed = open_sealed(files_, segments_, base);
    if (!sealed.ok()) return {};  // moved away
    around_.open_from = (*sealed)->info().open_from;
    around_.last_stamp_ns = (*sealed)->info().last_stamp_ns;
    if (const auto sum = sidecar_sha256(files_, segments_, base); sum.ok())
      around_.sha256_before = *sum;
    return {};
  }

  Status drop_half_sealed(Sequence base) {
    for (const auto& path :
         {sealed_sidecar_path(segments_, base), sealed_data_path(segments_, base)}) {
      const Status gone = files_.remove(path);
      if (!gone.ok() && gone.code() != Code::not_found) return gone;
    }
    did_.push_back(
        fmt::format("segment {}: removed a sealed form that is not whole; its plain "
                    "files are there",
                    base));
    return files_.sync_directory(segments_);
  }

  // What the segment that begins at `next` (0: the active one) says of the one before
  // it.
  void look_ahead(Sequence next) {
    around_.last = 0;
    around_.sha256_wanted.clear();
    if (next > 0) {
      const auto text =
          read_whole_file(files_, sealed_sidecar_path(segments_, next), kMaxSidecarBytes);
      const auto lines = text.ok() ? split_sidecar(*text) : std::nullopt;
      const auto head =
          lines ? decode_head(lines->head) : Result<SegmentHead>(Status(Code::data_loss, "none"));
      if (head.ok() && head->info.base == next) {
        around_.last = head->info.previous_last;
        around_.sha256_wanted = head->previous_sha256;
        return;
      }
      around_.last = next - 1;
    }
    const auto index =
        files_.open_read(next > 0 ? rolled_index_path(segments_, next) : dir_ / "trace.idx");
    if (!index.ok()) return;
    if (const auto header = SideIndexReader(**index).header(); header)
      around_.last = header->previous_last;
  }

  // The log mends its own plain files when it is opened; lines that are lost for good
  // are declared so in a sealed segment.
  Status mend_plain() {
    if (Status aside = set_unreadable_indexes_aside(); !aside.ok()) return aside;
    const auto damaged = damaged_indexes();
    if (!damaged.ok()) return damaged.status();
    const auto meta = read_log_meta(files_, dir_ / "trace.meta");
    if (!meta.ok()) return meta.status();
    auto flight = FlightLog::open({.dir = dir_, .files = &files_}, log_);
    if (!flight.ok()) return flight.status();
    const FlightLog::Found& found = (*flight)->found();
    if (found.torn_bytes > 0)
      did_.push_back(fmt::format("trace.log: cut {} torn bytes off its end, kept in {}",
                                 found.torn_bytes, found.torn_file.filename().string()));
    if (!*meta)
      did_.push_back(
          "trace.meta: written again; what retention dropped on purpose is not known any more");
    for (const std::string& name : *damaged)
      did_.push_back(fmt::format("{}: made again from its log", name));
    if (found.sidecar_rebuilt) did_.push_back("trace.idx: made again from trace.log");
    if (found.corrupt_lines > 0)
      if (Status rolled = (*flight)->roll(); !rolled.ok()) return rolled;
    if (found.corrupt_lines == 0 && !rolled_has_losses(**flight)) return {};
    return seal_rolled(**flight);
  }

  // They follow from their logs; where the disk does not give one, nothing would start.
  Status set_unreadable_indexes_aside() {
    const auto found = list_segments(files_, segments_);
    if (!found.ok()) return found.status();
    std::vector<std::filesystem::path> paths{dir_ / "trace.idx"};
    for (const auto& [base, which] : *found)
      if (which.rolled_index) paths.push_back(rolled_index_path(segments_, base));
    for (const auto& path : paths) {
      const Status given = patiently([&] { return try_index(files_, path); });
      if (given.ok() || given.code() == Code::not_found) continue;
      auto said = set_aside(files_, path, dir_ / "quarantine");
      if (!said.ok()) return said.status();
      did_.push_back(std::move(*said));
    }
    return {};
  }

  Result<PlainExam> examine_rolled(Sequence base) const {
    return examine_plain(files_,
                         {.log = rolled_data_path(segments_, base),
                          .index = rolled_index_path(segments_, base),
                          .log_name = "log",
                          .index_name = "index",
                          .base = base},
                         [](std::uint64_t) {});
  }
  Result<std::vector<std::string>> damaged_indexes() const {
    const auto found = list_segments(files_, segments_);
    if (!found.ok()) return found.status();
    std::vector<std::string> names;
    for (const auto& [base, which] : *found) {
      if (!which.rolled() || which.sealed()) continue;
      const auto exam = examine_rolled(base);
      if (!exam.ok()) return exam.status();
      const auto is_damaged = [](const LogFault& each) { return each.file == "index"; };
      if (std::any_of(exam->faults.begin(), exam->faults.end(), is_damaged))
        names.push_back(rolled_index_path("segments", base).string());
    }
    return names;
  }
  bool rolled_has_losses(const FlightLog& flight) const {
    const auto list = flight.segments().list();
    for (const SegmentPtr& each : *list) {
      if (each->sealed()) continue;
      const auto exam = examine_rolled(each->info().base);
      if (exam.ok() && !exam->faults.empty()) return true;
    }
    return false;
  }

  Status seal_rolled(FlightLog& flight) {
    SegmentSealer sealer(flight, SealOptions().zstd_level);
    for (;;) {
      const auto sealed = sealer.seal_oldest({});
      if (!sealed.ok()) return sealed.status();
      if (*sealed == nullptr) return {};
      const SegmentInfo& info = (*sealed)->info();
      did_.push_back(
          info.lost == 0
              ? fmt::format("segment {}: sealed", info.base)
              : fmt::format("segment {}: sealed, {} lost entries are declared, the plain "
                            "files are in quarantine now",
                            info.base, info.lost));
    }
  }

  FileSystem& files_;
  const std::filesystem::path dir_, segments_;
  Log& log_;
  const OnProgress& on_progress_;
  CheckProgress progress_;
  SegmentNeighbours around_;
  std::vector<std::string> did_;
};

}  // namespace

Result<std::vector<std::string>> repair_log(FileSystem& files, const std::filesystem::path& dir,
                                            Log& log, const OnProgress& on_progress) {
  return Repairer(files, dir, log, on_progress).run();
}

}  // namespace devs
