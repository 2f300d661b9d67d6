#include "trace/segment_mender.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "trace/sealed_segment.h"
#include "trace/segment_writer.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

// Of one stretch of damaged bytes: more than a segment of ours has was put there by
// somebody, and may be a hole of a terabyte.
constexpr std::uint64_t kMaxKeptBytes = 1024u * 1024u * 1024u;
constexpr std::uint64_t kCopyBytes = 1024 * 1024;

std::filesystem::path unused_name(const FileSystem& files, const std::filesystem::path& directory,
                                  const std::filesystem::path& name) {
  const auto names = files.list(directory);
  std::string candidate = name.string();
  for (int n = 2; names.ok() && std::find(names->begin(), names->end(), candidate) != names->end();
       ++n)
    candidate = fmt::format("{}-{}", name.string(), n);
  return directory / candidate;
}

class Mender {
 public:
  Mender(FileSystem& files, const std::filesystem::path& dir, Sequence base,
         const SegmentExam& exam, const SegmentNeighbours& around)
      : files_(files),
        segments_(dir / "segments"),
        quarantine_(dir / "quarantine"),
        base_(base),
        exam_(exam),
        around_(around) {}

  Result<std::vector<std::string>> run() {
    Status done;
    if (!exam_.right_sidecar.empty()) {
      done = write_sidecar_again();
    } else if (const auto head = head_to_be(); head) {
      done = seal_anew(*head);
    } else {
      done = move_away();
    }
    if (!done.ok()) return done;
    return std::move(did_);
  }

 private:
  Status write_sidecar_again() {
    if (exam_.has_sidecar)
      if (Status kept = keep_sidecar(); !kept.ok()) return kept;
    did_.push_back(fmt::format("segment {}: wrote its sidecar again from its data", base_));
    return write_whole_file(files_, sealed_sidecar_path(segments_, base_), exam_.right_sidecar);
  }

  // nullopt: there is no telling what it was, or nothing of it is left.
  std::optional<SegmentHead> head_to_be() const {
    if (exam_.foreign) return std::nullopt;
    SegmentHead head = exam_.head.value_or(SegmentHead());
    if (!exam_.head) {
      const Sequence last = around_.last > 0        ? around_.last
                            : !exam_.blocks.empty() ? exam_.blocks.back().last()
                                                    : 0;
      if (last < base_) return std::nullopt;
      head.info.base = base_;
      head.info.count = last - base_ + 1;
      head.info.previous_last = base_ - 1;
      if (!exam_.blocks.empty()) {
        head.info.first_ms = exam_.blocks.front().first_ms;
        head.info.last_ms = exam_.blocks.back().last_ms;
      }
      head.info.open_from = around_.open_from;
      head.info.last_stamp_ns = std::max(around_.last_stamp_ns, head.info.last_ms * 1'000'000);
      head.epoch = around_.epoch;
      head.previous_sha256 = around_.sha256_before;
    }
    // The next one goes on naming the sidecar it was sealed after.
    head.replaces = !around_.sha256_wanted.empty() ? around_.sha256_wanted
                    : exam_.sidecar_holds          ? exam_.sidecar_sha256
                                                   : std::string();
    return head;
  }

  Status seal_anew(const SegmentHead& head) {
    for (const BadBytes& bad : exam_.bad)
      if (Status kept = keep(sealed_data_path(segments_, base_), bad.offset, bad.bytes); !kept.ok())
        return kept;
    if (exam_.has_sidecar)
      if (Status kept = keep_sidecar(); !kept.ok()) return kept;

    auto writer = SegmentWriter::create(files_, segments_, base_, {});
    if (!writer.ok()) return writer.status();
    Sequence next = base_;
    if (exam_.has_data)
      if (Status copied = copy_blocks(**writer, head, next); !copied.ok()) return copied;
    if (Status lost = lose(**writer, next, head.info.last()); !lost.ok()) return lost;
    const auto written = (*writer)->finish(head);
    if (!written.ok()) return written.status();
    did_.push_back(
        fmt::format("segment {}: sealed anew of {} good blocks, {} entries of "
                    "it are declared lost",
                    base_, exam_.blocks.size(), written->info.lost));
    return {};
  }

  Status copy_blocks(SegmentWriter& writer, const SegmentHead& head, Sequence& next) {
    const auto data = files_.open_read(sealed_data_path(segments_, base_));
    if (!data.ok()) return data.status();
    for (const SegmentBlock& row : exam_.blocks) {
      if (row.last() > head.info.last()) break;
      const auto bytes = read_part(**data, row.offset, row.bytes);
      if (!bytes.ok()) return bytes.status();
      if (Status lost = lose(writer, next, row.first - 1); !lost.ok()) return lost;
      if (Status copied = writer.copy(*bytes, row); !copied.ok()) return copied;
      next = row.last() + 1;
    }
    return {};
  }

  // Entries in no good block: for the reason that was declared before, or corrupt.
  Status lose(SegmentWriter& writer, Sequence from, Sequence through) {
    while (from <= through) {
      Loss loss{from, through, LossReason::corrupt};
      for (const Loss& known : exam_.losses) {
        if (known.through < from || known.from > through) continue;
        if (known.from > from)
          loss.through = known.from - 1;
        else
          loss = {from, std::min(through, known.through), known.reason};
        break;
      }
      if (Status lost = writer.lose(loss); !lost.ok()) return lost;
      from = loss.through + 1;
    }
    return {};
  }

  Status move_away() {
    if (Status made = files_.make_directory(quarantine_); !made.ok()) return made;
    for (const auto& path :
         {sealed_sidecar_path(segments_, base_), sealed_data_path(segments_, base_)}) {
      const Status moved = files_.rename(path, unused_name(files_, quarantine_, path.filename()));
      if (!moved.ok() && moved.code() != Code::not_found) return moved;
    }
    did_.push_back(
        fmt::format("segment {}: its files are no segment of that name, and "
                    "are in quarantine now",
                    base_));
    if (Status synced = files_.sync_directory(quarantine_); !synced.ok()) return synced;
    return files_.sync_directory(segments_);
  }

  Status keep_sidecar() {
    const auto path = sealed_sidecar_path(segments_, base_);
    const auto text = read_whole_file(files_, path, kMaxKeptBytes);
    if (text.ok()) return keep(path, 0, ~std::uint64_t{0});
    auto said = set_aside(files_, path, quarantine_);
    if (!said.ok()) return said.status();
    did_.push_back(std::move(*said));
    return {};
  }

  // Copies a stretch of a file to the quarantine.
  Status keep(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t bytes) {
    if (Status made = files_.make_directory(quarantine_); !made.ok()) return made;
    const auto from = files_.open_read(path);
    if (!from.ok()) return from.status();
    const auto to_path =
        unused_name(files_, quarantine_, fmt::format("{}.at-{}", path.filename().string(), offset));
    auto to = create_file(files_, to_path);
    if (!to.ok()) return to.status();
    std::uint64_t kept = 0;
    for (bytes = std::min(bytes, kMaxKeptBytes); kept < bytes;) {
      const auto part = read_part(**from, offset + kept, std::min(kCopyBytes, bytes - kept));
      if (!part.ok() || part->empty()) break;  // what the disk does not give stays there
      const std::string_view text = *part;
      if (Status wrote = (*to)->append({&text, 1}); !wrote.ok()) return wrote;
      kept += text.size();
    }
    if (Status synced = (*to)->sync(); !synced.ok()) return synced;
    did_.push_back(fmt::format("kept {} bytes of {} in quarantine/{}", kept,
                               path.filename().string(), to_path.filename().string()));
    return files_.sync_directory(quarantine_);
  }

  FileSystem& files_;
  const std::filesystem::path segments_, quarantine_;
  const Sequence base_;
  const SegmentExam& exam_;
  const SegmentNeighbours& around_;
  std::vector<std::string> did_;
};

}  // namespace

Result<std::string> set_aside(FileSystem& files, const std::filesystem::path& path,
                              const std::filesystem::path& quarantine) {
  if (Status made = files.make_directory(quarantine); !made.ok()) return made;
  const auto to = unused_name(files, quarantine, path.filename());
  if (Status moved = files.rename(path, to); !moved.ok()) return moved;
  for (const auto& directory : {quarantine, path.parent_path()})
    if (Status synced = files.sync_directory(directory); !synced.ok()) return synced;
  return fmt::format("{}: the disk does not give it; it is in quarantine/{} now",
                     path.filename().string(), to.filename().string());
}

Result<std::vector<std::string>> mend_segment(FileSystem& files, const std::filesystem::path& dir,
                                              Sequence base, const SegmentExam& exam,
                                              const SegmentNeighbours& neighbours) {
  return Mender(files, dir, base, exam, neighbours).run();
}

}  // namespace devs
