#include "trace/segment_block.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "trace/crc32c.h"
#include "trace/zstd_frame.h"

namespace devs {
namespace {

// Runs of one block before they are compressed: a run takes about 4 bytes, and a block
// ends when they reach some hundred KB.
constexpr std::uint64_t kMaxSideBytes = 64u * 1024u * 1024u;

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
  out += static_cast<char>(value);
}

// Small for small numbers of either sign.
std::uint64_t zigzag(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return value < 0 ? ~(bits << 1) : bits << 1;
}
std::int64_t unzigzag(std::uint64_t bits) {
  return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

// Takes numbers off the front of what is left.  Remembers when one was not there.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes) : left_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    whole_ = false;
    return 0;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > left_.size()) whole_ = false;
    if (!whole_) return {};
    const std::string_view taken = left_.substr(0, static_cast<std::size_t>(size));
    left_.remove_prefix(taken.size());
    return std::string(taken);
  }
  bool whole() const { return whole_; }
  bool ended() const { return whole_ && left_.empty(); }
  std::size_t left() const { return left_.size(); }

 private:
  std::string_view left_;
  bool whole_ = true;
};

struct Side {
  Sequence first = 0;
  std::uint64_t lines = 0;
  std::uint64_t frame_bytes = 0;  // of the zstd frame that follows
  std::vector<LineRun> runs;
  std::vector<std::string> topics = {""};
};

std::string encode_side(const SegmentBlock& row, std::size_t frame_bytes,
                        const std::vector<LineRun>& runs, const std::vector<std::string>& topics) {
  std::string side;
  append_varint(side, row.first);
  append_varint(side, row.lines);
  append_varint(side, frame_bytes);
  append_varint(side, topics.size() - 1);
  for (std::size_t i = 1; i < topics.size(); ++i) {
    append_varint(side, topics[i].size());
    side += topics[i];
  }
  std::uint64_t before = 0;
  for (const LineRun& run : runs) {
    append_varint(side, run.lines);
    const auto ms = static_cast<std::uint64_t>(run.stored_ms);
    append_varint(side, zigzag(static_cast<std::int64_t>(ms - before)));
    append_varint(side, run.topics);
    before = ms;
  }
  return side;
}

std::optional<Side> decode_side(std::string_view bytes) {
  VarintReader reader(bytes);
  Side side;
  side.first = reader.number();
  side.lines = reader.number();
  side.frame_bytes = reader.number();
  const std::uint64_t topics = reader.number();
  if (topics > reader.left()) return std::nullopt;  // each takes a byte at least
  for (std::uint64_t i = 0; i < topics && reader.whole(); ++i) side.topics.push_back(reader.text());
  std::uint64_t lines = 0;
  for (std::uint64_t ms = 0; lines < side.lines && reader.whole();) {
    LineRun run;
    run.lines = reader.number();
    ms += static_cast<std::uint64_t>(unzigzag(reader.number()));
    run.stored_ms = static_cast<std::int64_t>(ms);
    run.topics = static_cast<std::size_t>(reader.number());
    if (run.lines == 0 || run.lines > side.lines - lines || run.topics >= side.topics.size())
      return std::nullopt;
    lines += run.lines;
    side.runs.push_back(run);
  }
  if (!reader.ended() || lines == 0 || side.first == 0 || side.frame_bytes > 2 * kMaxBlockRawBytes)
    return std::nullopt;
  return side;
}

// Where the two frames of a block lie, and what the first one says.
struct Parts {
  Side side;
  std::string_view frame;  // may be cut short by the end of the bytes
};

std::optional<Parts> parts_of(std::string_view bytes) {
  if (bytes.size() < kSkippableHead || little_endian_32(bytes) != kBlockMagic) return std::nullopt;
  const std::size_t size = little_endian_32(bytes.substr(4));
  if (size > bytes.size() - kSkippableHead) return std::nullopt;
  const std::string_view packed = bytes.substr(kSkippableHead, size);
  const std::uint64_t raw = zstd_content_bytes(packed);
  if (raw == 0 || raw > kMaxSideBytes) return std::nullopt;
  std::string unpacked(static_cast<std::size_t>(raw), '\0');
  if (!expand_zstd_frame(packed, unpacked)) return std::nullopt;
  auto side = decode_side(unpacked);
  if (!side) return std::nullopt;
  const std::string_view frame = bytes.substr(kSkippableHead + size);
  return Parts{std::move(*side), frame};
}

std::uint64_t count_lines(std::string_view text) {
  std::uint64_t lines = 0;
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) ++lines;
  return lines;
}

Status lost(std::string_view why) {
  return {Code::data_loss, std::string(why)};
}

}  // namespace

void BlockWriter::add(const StoredLine& line) {
  if (empty()) {
    row_.first = line.sequence;
    row_.first_ms = row_.last_ms = line.stored_ms;
  }
  ++row_.lines;
  row_.first_ms = std::min(row_.first_ms, line.stored_ms);
  row_.last_ms = std::max(row_.last_ms, line.stored_ms);
  text_.append(line.body).append("\n");

  const std::size_t topics = index_of(line.topics);
  if (!runs_.empty() && runs_.back().stored_ms == line.stored_ms && runs_.back().topics == topics)
    ++runs_.back().lines;
  else
    runs_.push_back({1, line.stored_ms, topics});
}

std::size_t BlockWriter::index_of(std::string_view topics) {
  if (!runs_.empty() && topics_[runs_.back().topics] == topics) return runs_.back().topics;
  if (topics.empty()) return 0;
  const auto found = indexes_.find(topics);
  if (found != indexes_.end()) return found->second;
  indexes_.emplace(topics, topics_.size());
  topics_.emplace_back(topics);
  topic_bytes_ += topics.size();
  return topics_.size() - 1;
}

Result<SegmentBlock> BlockWriter::take(std::string& out, int zstd_level) {
  const std::size_t begin = out.size();
  std::string frame;
  if (Status packed = append_zstd_frame(frame, text_, zstd_level); !packed.ok()) return packed;
  std::string side;
  const std::string plain = encode_side(row_, frame.size(), runs_, topics_);
  if (Status packed = append_zstd_frame(side, plain, zstd_level); !packed.ok()) return packed;
  append_skippable_head(out, kBlockMagic, side.size());
  out.append(side).append(frame);

  SegmentBlock row = std::exchange(row_, {});
  row.bytes = out.size() - begin;
  row.raw_bytes = text_.size();
  row.crc = crc32c(std::string_view(out).substr(begin));
  text_.clear();
  runs_.clear();
  topics_.resize(1);
  indexes_.clear();
  topic_bytes_ = 0;
  return row;
}

std::uint64_t ExpandedBlock::lines_before(std::int64_t ms) const {
  std::uint64_t before = 0;
  for (const LineRun& run : runs) {
    if (run.stored_ms >= ms) break;
    before += run.lines;
  }
  return before;
}

Result<std::shared_ptr<const ExpandedBlock>> expand_block(std::string_view bytes,
                                                          const SegmentBlock& row) {
  if (bytes.size() != row.bytes || crc32c(bytes) != row.crc) return lost("fails its CRC32C");
  auto parts = parts_of(bytes);
  if (!parts || parts->side.first != row.first || parts->side.lines != row.lines)
    return lost("is another block than its sidecar says");
  if (zstd_content_bytes(parts->frame) != row.raw_bytes)
    return lost("has another size than its sidecar says");
  auto block = std::make_shared<ExpandedBlock>();
  auto text = std::make_unique_for_overwrite<char[]>(row.raw_bytes);
  if (!expand_zstd_frame(parts->frame, {text.get(), row.raw_bytes}))
    return lost("does not expand, or fails zstd's checksum");
  block->row = row;
  block->bytes = std::move(text);
  block->runs = std::move(parts->side.runs);
  block->topics = std::move(parts->side.topics);
  if (block->text().back() != '\n' || count_lines(block->text()) != row.lines)
    return lost("has another number of lines than its sidecar says");
  return std::shared_ptr<const ExpandedBlock>(std::move(block));
}

std::size_t block_bytes_of(std::string_view bytes) {
  const auto parts = parts_of(bytes);
  if (!parts) return 0;
  return bytes.size() - parts->frame.size() + static_cast<std::size_t>(parts->side.frame_bytes);
}

Result<SegmentBlock> read_block_row(std::string_view bytes) {
  const auto parts = parts_of(bytes);
  const std::uint64_t raw = parts ? zstd_content_bytes(parts->frame) : 0;
  if (raw == 0 || raw > kMaxBlockRawBytes) return lost("is no block");
  SegmentBlock row{.first = parts->side.first,
                   .lines = parts->side.lines,
                   .bytes = bytes.size(),
                   .raw_bytes = raw,
                   .crc = crc32c(bytes)};
  const auto [least, most] = std::minmax_element(
      parts->side.runs.begin(), parts->side.runs.end(),
      [](const LineRun& a, const LineRun& b) { return a.stored_ms < b.stored_ms; });
  row.first_ms = least->stored_ms;
  row.last_ms = most->stored_ms;
  if (const auto proved = expand_block(bytes, row); !proved.ok()) return proved.status();
  return row;
}

}  // namespace devs
