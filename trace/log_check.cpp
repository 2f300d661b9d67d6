#include "trace/log_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "trace/log_listing.h"
#include "trace/log_meta.h"
#include "trace/plain_exam.h"
#include "trace/rolled_segment.h"
#include "trace/sealed_segment.h"
#include "trace/segment_exam.h"
#include "trace/segment_format.h"
#include "trace/sha256.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

std::string segment_name(const std::filesystem::path& path) {
  return "segments/" + path.filename().string();
}

// Goes through a directory once, oldest first.
class Checker {
 public:
  Checker(FileSystem& files, const std::filesystem::path& dir, const OnProgress& on_progress)
      : files_(files), dir_(dir), segments_(dir / "segments"), on_progress_(on_progress) {}

  Result<CheckReport> run() {
    const auto meta = read_log_meta(files_, dir_ / "trace.meta");
    if (!meta.ok()) return meta.status();
    const auto found = list_segments(files_, segments_);
    if (!found.ok()) return found.status();
    if (!there(dir_ / "trace.log") && found->empty() && !*meta)
      return Status(Code::not_found, fmt::format("there is no log in {}", dir_.string()));
    if (*meta) {
      meta_ = **meta;
    } else {
      fault("trace.meta", 0, "is missing, or makes no sense");
    }
    measure(*found);
    for (const auto& [base, which] : *found)
      if (Status checked =
              which.sealed() && which.sealed_whole() ? check_sealed(base) : check_rolled(base);
          !checked.ok())
        return checked;
    if (Status checked = check_active(); !checked.ok()) return checked;
    report_.bytes = progress_.done_bytes;
    return std::move(report_);
  }

 private:
  // What the next one is held against.
  struct Before {
    Sequence last = 0;
    std::string sha256;    // of a sidecar; empty: not sealed
    std::string replaces;  // that this sidecar took the place of
  };

  bool there(const std::filesystem::path& path) const { return files_.open_read(path).ok(); }
  std::uint64_t size_of(const std::filesystem::path& path) const {
    const auto file = files_.open_read(path);
    if (!file.ok()) return 0;
    const auto size = (*file)->size();
    return size.ok() ? *size : 0;
  }
  void measure(const std::map<Sequence, SegmentFiles>& found) {
    for (const auto& [base, which] : found)
      for (const auto& path :
           {sealed_data_path(segments_, base), sealed_sidecar_path(segments_, base),
            rolled_data_path(segments_, base)})
        progress_.total_bytes += size_of(path);
    progress_.total_bytes += size_of(dir_ / "trace.log");
  }
  std::function<void(std::uint64_t)> reading(const std::string& name) {
    progress_.file = name;
    return [this](std::uint64_t bytes) {
      progress_.done_bytes += bytes;
      if (on_progress_) on_progress_(progress_);
    };
  }

  void fault(std::string file, std::uint64_t offset, std::string what, Sequence from = 0,
             Sequence through = 0, bool repairable = true) {
    report_.faults.push_back({std::move(file), offset, from, through, std::move(what), repairable});
  }
  void take(std::vector<LogFault>& faults) {
    for (LogFault& each : faults) report_.faults.push_back(std::move(each));
  }

  // Entries are dense from file to file, but for what was declared when they were lost.
  void follow(const std::string& name, Sequence base, Sequence previous_last) {
    const Sequence expected = before_.last + 1;
    if (report_.first == 0) report_.first = base;
    if (base < expected)
      fault(name, 0, fmt::format("begins before the one before it ends, at {}", before_.last), base,
            before_.last, false);
    if (base <= expected) return;
    const Sequence through = base - 1;
    const Sequence missing_from = std::max(expected, meta_.expired_through + 1);
    if (missing_from > through) return;
    const Sequence missing_through = std::min(previous_last, through);
    if (missing_from <= missing_through)
      fault(name, 0,
            fmt::format("entries {} to {} before it are missing", missing_from, missing_through),
            missing_from, missing_through, false);
    if (previous_last < through)
      report_.lost += through - std::max(previous_last + 1, missing_from) + 1;
  }

  void compare_epoch(const std::string& name, const Epoch& epoch) {
    if (!meta_.epoch.empty() && epoch != meta_.epoch)
      fault(name, 0, fmt::format("is of epoch {}, and trace.meta says {}", epoch, meta_.epoch), 0,
            0, false);
  }

  Status check_sealed(Sequence base) {
    const std::string name = segment_name(sealed_sidecar_path(segments_, base));
    auto exam = examine_segment(files_, segments_, base, reading(name));
    if (!exam.ok()) return exam.status();
    ++report_.segments;
    report_.entries += exam->entries();
    take(exam->faults);
    if (!exam->head) {
      // Where it ends is not known: the next one says where it should have.
      before_ = {
          .last = std::max(before_.last, exam->blocks.empty() ? base : exam->blocks.back().last()),
          .sha256 = {},
          .replaces = {}};
      return {};
    }
    const SegmentHead& head = *exam->head;
    follow(name, base, head.info.previous_last);
    compare_epoch(name, head.epoch);
    const bool neighbours = before_.last + 1 == base || before_.last == head.info.previous_last;
    if (neighbours && !before_.sha256.empty() && head.previous_sha256 != before_.sha256 &&
        (before_.replaces.empty() || head.previous_sha256 != before_.replaces))
      fault(name, 0, "does not name the sidecar before it: the chain is broken", base,
            head.info.last(), false);
    for (const Loss& loss : exam->losses) report_.lost += loss.through - loss.from + 1;
    if (!head.replaces.empty()) {
      ++report_.repaired;
      if (!is_kept(base, head.replaces))
        fault(name, 0,
              "takes the place of a sidecar that is not in quarantine: the chain is broken", base,
              head.info.last(), false);
    }
    report_.last = head.info.last();
    // A damaged one is no reason to doubt the next.
    std::string sha256 = exam->sidecar_holds ? exam->sidecar_sha256 : std::string();
    if (!exam->right_sidecar.empty()) sha256 = sha256_hex(exam->right_sidecar);
    before_ = {head.info.last(), std::move(sha256), head.replaces};
    return {};
  }

  // A repair keeps the sidecar it replaces; a forger may not have it.
  bool is_kept(Sequence base, const std::string& sha256) const {
    const auto quarantine = dir_ / "quarantine";
    const std::string begin = sealed_sidecar_path({}, base).filename().string();
    const auto names = files_.list(quarantine);
    if (!names.ok()) return false;
    return std::any_of(names->begin(), names->end(), [&](const std::string& each) {
      if (!each.starts_with(begin)) return false;
      const auto text = read_whole_file(files_, quarantine / each, kMaxSidecarBytes);
      return text.ok() && sha256_hex(*text) == sha256;
    });
  }

  Status check_rolled(Sequence base) {
    const auto data = rolled_data_path(segments_, base);
    return check_plain({.log = data,
                        .index = rolled_index_path(segments_, base),
                        .log_name = segment_name(data),
                        .index_name = segment_name(rolled_index_path(segments_, base)),
                        .base = base},
                       base);
  }
  Status check_active() {
    if (!there(dir_ / "trace.log") && !there(dir_ / "trace.idx")) {
      fault("trace.log", 0, "is missing");
      return {};
    }
    return check_plain({.log = dir_ / "trace.log",
                        .index = dir_ / "trace.idx",
                        .log_name = "trace.log",
                        .index_name = "trace.idx",
                        .base = before_.last + 1,
                        .index_due = meta_.format > 1},
                       0);
  }
  Status check_plain(const PlainFiles& which, Sequence base) {
    auto exam = examine_plain(files_, which, reading(which.log_name));
    if (!exam.ok()) return exam.status();
    if (base > 0) ++report_.segments;
    report_.entries += exam->good;
    if (base > 0 && exam->header.base != base)
      fault(which.index_name, 0, fmt::format("says that it begins at {}", exam->header.base), 0, 0,
            false);
    follow(which.log_name, exam->header.base, exam->header.previous_last);
    if (exam->header_found) compare_epoch(which.index_name, exam->header.epoch);
    take(exam->faults);
    if (exam->count > 0) report_.last = exam->last();
    if (exam->last() > before_.last) before_ = {exam->last(), {}, {}};
    return {};
  }

  FileSystem& files_;
  const std::filesystem::path dir_, segments_;
  const OnProgress& on_progress_;
  LogMeta meta_;
  CheckProgress progress_;
  CheckReport report_;
  Before before_;
};

}  // namespace

Result<CheckReport> check_log(FileSystem& files, const std::filesystem::path& dir,
                              const OnProgress& on_progress) {
  return Checker(files, dir, on_progress).run();
}

}  // namespace devs
