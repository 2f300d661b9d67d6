#include "trace/segment_exam.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "trace/patiently.h"
#include "trace/sealed_segment.h"
#include "trace/segment_block.h"
#include "trace/sha256.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

constexpr std::size_t kSearchBytes = 1024 * 1024;

std::string file_name(const std::filesystem::path& path) {
  return "segments/" + path.filename().string();
}

std::uint64_t first_difference(std::string_view a, std::string_view b) {
  return static_cast<std::uint64_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                                    a.begin());
}

class Examiner {
 public:
  Examiner(FileSystem& files, const std::filesystem::path& segments, Sequence base,
           const std::function<void(std::uint64_t)>& on_bytes)
      : files_(files),
        base_(base),
        data_path_(sealed_data_path(segments, base)),
        sidecar_path_(sealed_sidecar_path(segments, base)),
        on_bytes_(on_bytes) {}

  Result<SegmentExam> run() {
    if (Status read = read_sidecar(); !read.ok()) return read;
    if (Status read = open_data(); !read.ok()) return read;
    if (Status read = table_ ? follow_table() : walk(); !read.ok()) return read;
    judge_sidecar();
    return std::move(exam_);
  }

 private:
  // --- the sidecar ---

  Status read_sidecar() {
    const auto text =
        patiently([this] { return read_whole_file(files_, sidecar_path_, kMaxSidecarBytes); });
    if (!text.ok() && text.status().code() == Code::not_found) return {};
    exam_.has_sidecar = true;
    if (!text.ok()) {
      const bool too_long = text.status().code() == Code::data_loss;
      sidecar_fault_ = {too_long ? kMaxSidecarBytes : 0, text.status().message()};
      return {};
    }
    sidecar_ = *text;
    exam_.sidecar_sha256 = sha256_hex(sidecar_);
    on_bytes_(sidecar_.size());
    return take_sidecar();
  }

  Status take_sidecar() {
    const std::string_view first = std::string_view(sidecar_).substr(0, sidecar_.find('\n'));
    auto head = decode_head(first);
    if (!head.ok() && head.status().code() == Code::invalid_argument)
      return {Code::invalid_argument,
              fmt::format("{} {}", sidecar_path_.string(), head.status().message())};
    if (!head.ok() || head->info.base != base_) {
      sidecar_fault_ = {0,
                        head.ok() ? "is the sidecar of another segment" : head.status().message()};
      exam_.head.reset();
      return {};
    }
    const std::uint64_t table_at = first.size() + 1;
    const std::uint64_t right_size = table_at + head->table_bytes + 1;
    exam_.head = std::move(*head);
    const auto lines = split_sidecar(sidecar_);
    if (!lines || sidecar_.size() != right_size) {
      const std::uint64_t size = sidecar_.size();
      sidecar_fault_ = {size > right_size ? right_size : table_at,
                        "is longer or shorter than it says"};
      return {};
    }
    auto table = decode_table(lines->table, *exam_.head);
    if (table.ok()) {
      exam_.losses = table->losses;
      table_ = std::move(*table);
    } else {
      sidecar_fault_ = {table_at, table.status().message()};
    }
    return {};
  }

  // --- the data file ---

  Status open_data() {
    auto data = patiently([this] { return files_.open_read(data_path_); });
    const auto size = data.ok() ? (*data)->size() : Result<std::uint64_t>(data.status());
    if (!size.ok()) {
      const bool gone = size.status().code() == Code::not_found;
      fault(data_path_, 0,
            gone ? "is missing" : fmt::format("cannot be read: {}", size.status().message()));
      return {};
    }
    exam_.has_data = true;
    data_ = std::move(*data);
    size_ = *size;
    return {};
  }

  // Fewer bytes where the file ends or the disk refuses: then they are not good.
  std::string bytes_at(std::uint64_t offset, std::uint64_t bytes) const {
    if (!data_) return {};
    auto read =
        patiently([&] { return read_part(*data_, offset, static_cast<std::size_t>(bytes)); });
    return read.ok() ? std::move(*read) : std::string();
  }

  Status follow_table() {
    Sha256 sum;
    for (const SegmentBlock& row : table_->blocks) {
      const std::string bytes = bytes_at(row.offset, row.bytes);
      sum.add(bytes);
      on_bytes_(row.bytes);
      if (const auto proved = expand_block(bytes, row); proved.ok()) {
        exam_.blocks.push_back(row);
      } else {
        bad_block(row, bytes.size(), proved.status().message());
      }
    }
    const std::uint64_t end = exam_.head->data_bytes;
    const std::uint64_t footer_at =
        table_->blocks.empty() ? 0 : table_->blocks.back().offset + table_->blocks.back().bytes;
    if (exam_.has_data) check_footer(sum, footer_at, end);
    if (size_ > end) {
      fault(data_path_, end, fmt::format("is {} bytes longer than its sidecar says", size_ - end));
      exam_.bad.push_back({end, size_ - end});
    }
    return {};
  }

  void bad_block(const SegmentBlock& row, std::uint64_t there, const std::string& why) {
    if (there > 0) exam_.bad.push_back({row.offset, there});
    if (!exam_.has_data) return;  // said already
    const auto number = static_cast<std::size_t>(&row - table_->blocks.data()) + 1;
    fault(data_path_, row.offset, fmt::format("block {} {}", number, why), row.first, row.last());
  }

  void check_footer(Sha256& sum, std::uint64_t at, std::uint64_t end) {
    const std::string right = encode_footer(*exam_.head, table_->losses);
    const std::string found = bytes_at(at, std::min<std::uint64_t>(end - at, 2 * kMaxSidecarBytes));
    sum.add(found);
    on_bytes_(found.size());
    if (found == right && sum.hex() == exam_.head->data_sha256) return;
    if (found != right) {
      exam_.bad.push_back({at, found.size()});
      fault(data_path_, at + first_difference(found, right),
            "the footer is not what the sidecar says");
    } else if (exam_.faults.empty()) {
      fault(data_path_, 0, "has another SHA-256 than its sidecar says");
    }
  }

  // Without a table: from block to block, over what is none to the next that is.
  Status walk() {
    std::uint64_t at = 0;
    Sequence least = base_;
    while (at < size_) {
      const auto row = block_at(at, least);
      if (row) {
        exam_.blocks.push_back(*row);
        exam_.blocks.back().offset = at;
        at += row->bytes;
        least = row->last() + 1;
        continue;
      }
      if (take_footer(at)) break;
      const std::uint64_t next = next_magic(at + 1);
      if (!exam_.bad.empty() && exam_.bad.back().offset + exam_.bad.back().bytes == at)
        exam_.bad.back().bytes += next - at;
      else
        exam_.bad.push_back({at, next - at});
      at = next;
    }
    for (const BadBytes& bad : exam_.bad)
      fault(data_path_, bad.offset, fmt::format("{} bytes are no block", bad.bytes));
    if (!exam_.head && !footer_) fault(data_path_, size_, "has no footer");
    on_bytes_(size_);
    return {};
  }

  std::optional<SegmentBlock> block_at(std::uint64_t at, Sequence least) {
    const std::string head = bytes_at(at, kSkippableHead);
    if (head.size() < kSkippableHead || little_endian_32(head) != kBlockMagic) return std::nullopt;
    const std::uint64_t side = kSkippableHead + little_endian_32(std::string_view(head).substr(4));
    if (side > size_ - at || side > kMaxBlockRawBytes) return std::nullopt;
    const std::size_t whole = block_bytes_of(bytes_at(at, side));
    if (whole == 0 || whole > size_ - at) return std::nullopt;
    const auto row = read_block_row(bytes_at(at, whole));
    if (!row.ok() || row->first < least) return std::nullopt;
    return *row;
  }

  bool take_footer(std::uint64_t at) {
    if (size_ - at > kMaxSidecarBytes) return false;
    const std::string head = bytes_at(at, kSkippableHead);
    if (head.size() < kSkippableHead || little_endian_32(head) != kFooterMagic) return false;
    auto footer = decode_footer(bytes_at(at, size_ - at));
    if (!footer.ok()) return false;
    if (footer->head.info.base != base_) {
      exam_.foreign = true;
      return false;
    }
    footer_ = std::move(*footer);
    return true;
  }

  // Where the next frame of ours may begin; the end of the file when none does.
  std::uint64_t next_magic(std::uint64_t from) {
    std::string magics[2];
    append_skippable_head(magics[0], kBlockMagic, 0);
    append_skippable_head(magics[1], kFooterMagic, 0);
    for (std::uint64_t at = from; at < size_; at += kSearchBytes) {
      const std::string bytes = bytes_at(at, kSearchBytes + 3);
      const std::size_t found =
          std::min(bytes.find(magics[0].substr(0, 4)), bytes.find(magics[1].substr(0, 4)));
      if (found != bytes.npos) return std::min(at + found, size_);
      if (bytes.size() < kSearchBytes) break;
    }
    return size_;
  }

  // --- both ---

  // The sidecar follows from the data file, so where that is whole the first wrong byte
  // of the sidecar can be named.
  void judge_sidecar() {
    exam_.sidecar_holds = table_.has_value();
    write_right_sidecar();
    if (footer_) exam_.losses = footer_->losses;
    if (!exam_.head && footer_) exam_.head = footer_->head;
    if (!exam_.has_sidecar) {
      fault(sidecar_path_, 0, "is missing");
    } else if (!exam_.right_sidecar.empty() && exam_.right_sidecar != sidecar_) {
      fault(sidecar_path_, first_difference(sidecar_, exam_.right_sidecar),
            sidecar_fault_ ? sidecar_fault_->second : "is not that of its data file");
    } else if (sidecar_fault_) {
      fault(sidecar_path_, sidecar_fault_->first, sidecar_fault_->second);
    }
    if (exam_.head)
      for (LogFault& each : exam_.faults)
        if (each.from == 0) {
          each.from = base_;
          each.through = exam_.head->info.last();
        }
  }

  void write_right_sidecar() {
    if (table_ || !footer_ || !exam_.bad.empty()) return;
    SegmentHead head = footer_->head;
    Sha256 sum;
    for (const SegmentBlock& row : exam_.blocks) {
      sum.add(bytes_at(row.offset, row.bytes));
      head.info.raw_bytes += row.raw_bytes;
    }
    sum.add(encode_footer(head, footer_->losses));
    head.data_bytes = size_;
    head.data_sha256 = sum.hex();
    std::string text = encode_sidecar(head, {exam_.blocks, footer_->losses});
    // Does it hold together?  A block may be missing between two good ones.
    const auto lines = split_sidecar(text);
    if (decode_table(lines->table, head).ok()) exam_.right_sidecar = std::move(text);
  }

  void fault(const std::filesystem::path& path, std::uint64_t offset, std::string what,
             Sequence from = 0, Sequence through = 0) {
    exam_.faults.push_back({file_name(path), offset, from, through, std::move(what), true});
  }

  FileSystem& files_;
  const Sequence base_;
  const std::filesystem::path data_path_, sidecar_path_;
  const std::function<void(std::uint64_t)>& on_bytes_;
  std::unique_ptr<File> data_;
  std::uint64_t size_ = 0;
  std::string sidecar_;
  std::optional<std::pair<std::uint64_t, std::string>> sidecar_fault_;
  std::optional<SegmentTable> table_;
  std::optional<SegmentFooter> footer_;
  SegmentExam exam_;
};

}  // namespace

std::uint64_t SegmentExam::entries() const {
  std::uint64_t lines = 0;
  for (const SegmentBlock& block : blocks) lines += block.lines;
  return lines;
}

Result<SegmentExam> examine_segment(FileSystem& files, const std::filesystem::path& segments,
                                    Sequence base,
                                    const std::function<void(std::uint64_t)>& on_bytes) {
  return Examiner(files, segments, base, on_bytes).run();
}

}  // namespace devs
