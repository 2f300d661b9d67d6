#include "trace/segment_writer.h"

#include <fmt/format.h>

#include <utility>

#include "trace/sealed_segment.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

// What a block says beside its lines stays small next to them.
constexpr std::size_t kMaxBlockSideBytes = 256 * 1024;

Status out_of_order(Sequence expected, Sequence got) {
  return {Code::internal,
          fmt::format("entry {} cannot follow in a segment: {} is due", got, expected)};
}

}  // namespace

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(FileSystem& files,
                                                             const std::filesystem::path& segments,
                                                             Sequence base, Options options) {
  auto data = create_file(files, beside(sealed_data_path(segments, base)));
  if (!data.ok()) return data.status();
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(files, segments, base, options));
  writer->data_ = std::move(*data);
  return writer;
}

SegmentWriter::SegmentWriter(FileSystem& files, const std::filesystem::path& segments,
                             Sequence base, Options options)
    : files_(files), segments_(segments), base_(base), options_(options), next_(base) {
}

SegmentWriter::~SegmentWriter() {
  if (finished_) return;
  // The next one of that name removes it as well.
  static_cast<void>(files_.remove(beside(sealed_data_path(segments_, base_))));
}

Status SegmentWriter::add(const StoredLine& line) {
  if (line.sequence != next_) return out_of_order(next_, line.sequence);
  if (line.body.size() > kMaxLineBytes)
    return lose({line.sequence, line.sequence, LossReason::corrupt});
  if (!block_.empty() && (block_.raw_bytes() + line.body.size() + 1 > options_.block_bytes ||
                          block_.side_bytes() > kMaxBlockSideBytes))
    if (Status ended = end_block(); !ended.ok()) return ended;
  block_.add(line);
  ++next_;
  return {};
}

Status SegmentWriter::copy(std::string_view bytes, const SegmentBlock& row) {
  if (row.first != next_) return out_of_order(next_, row.first);
  if (Status ended = end_block(); !ended.ok()) return ended;
  if (Status wrote = append(bytes); !wrote.ok()) return wrote;
  table_.blocks.push_back(row);
  table_.blocks.back().offset = offset_ - bytes.size();
  next_ = row.last() + 1;
  return {};
}

Status SegmentWriter::lose(Loss loss) {
  if (loss.from != next_ || loss.through < loss.from) return out_of_order(next_, loss.from);
  if (Status ended = end_block(); !ended.ok()) return ended;
  next_ = loss.through + 1;
  if (!table_.losses.empty() && table_.losses.back().through + 1 == loss.from &&
      table_.losses.back().reason == loss.reason)
    table_.losses.back().through = loss.through;
  else
    table_.losses.push_back(loss);
  return {};
}

Status SegmentWriter::end_block() {
  if (block_.empty()) return {};
  packed_.clear();
  auto row = block_.take(packed_, options_.zstd_level);
  if (!row.ok()) return row.status();
  row->offset = offset_;
  if (Status wrote = append(packed_); !wrote.ok()) return wrote;
  table_.blocks.push_back(*row);
  return {};
}

Status SegmentWriter::append(std::string_view bytes) {
  if (Status wrote = data_->append({&bytes, 1}); !wrote.ok()) return wrote;
  sum_.add(bytes);
  offset_ += bytes.size();
  return {};
}

Result<SegmentHead> SegmentWriter::finish(SegmentHead head) {
  if (next_ != head.info.last() + 1) return out_of_order(next_, head.info.last() + 1);
  if (Status ended = end_block(); !ended.ok()) return ended;
  head.info.raw_bytes = 0;
  for (const SegmentBlock& block : table_.blocks) head.info.raw_bytes += block.raw_bytes;
  head.info.lost = 0;
  for (const Loss& loss : table_.losses) head.info.lost += loss.through - loss.from + 1;
  if (Status wrote = append(encode_footer(head, table_.losses)); !wrote.ok()) return wrote;
  head.data_bytes = offset_;
  head.data_sha256 = sum_.hex();

  // A name of ours always means whole and on disk: a sidecar is there only when its
  // data is.
  const auto data_path = sealed_data_path(segments_, base_);
  if (Status synced = data_->sync(); !synced.ok()) return synced;
  if (Status named = files_.rename(beside(data_path), data_path); !named.ok()) return named;
  finished_ = true;
  if (Status synced = files_.sync_directory(segments_); !synced.ok()) return synced;
  const Status wrote =
      write_whole_file(files_, sealed_sidecar_path(segments_, base_), encode_sidecar(head, table_));
  if (!wrote.ok()) return wrote;
  return head;
}

}  // namespace devs
