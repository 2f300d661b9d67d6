#include "trace/side_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "trace/crc32c.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

constexpr std::string_view kHeaderMark = "DEVSIDX\n";
constexpr std::string_view kRecordMark = "REC1";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kEpochBytes = 16;
constexpr std::uint32_t kTopicsFollow = 1;
constexpr std::uint32_t kLostBit = 0x8000'0000u;
// A group of lines as large as memory allows has a smaller record than this.
constexpr std::size_t kMaxRecordBytes = 512u * 1024u * 1024u;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kRewriteLines = 4096;  // per record of an index made anew

template <class T>
void put(std::string& out, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out[at + i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
}
template <class T>
T get(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return static_cast<T>(value);
}
void append_u32(std::string& out, std::uint32_t value) {
  out.resize(out.size() + 4);
  put(out, out.size() - 4, value);
}

std::uint32_t header_crc(std::string_view header) {
  return crc32c(header.substr(16), crc32c(header.substr(0, 12)));
}

// What a record that begins here says its size is; 0: none does.
std::size_t size_said(std::string_view bytes) {
  if (bytes.size() < kSideRecordBytes || !bytes.starts_with(kRecordMark)) return 0;
  const auto size = get<std::uint32_t>(bytes, 8);
  const auto lines = get<std::uint32_t>(bytes, 12);
  const bool plausible = size <= kMaxRecordBytes && size >= kSideRecordBytes && lines > 0 &&
                         (size - kSideRecordBytes) / 8 >= lines;
  return plausible ? size : 0;
}

// False: a checksum or a length is wrong.
bool decode_record(std::string_view bytes, SideRecord& out) {
  if (get<std::uint32_t>(bytes, 4) != crc32c(bytes.substr(8))) return false;
  const std::size_t lines = get<std::uint32_t>(bytes, 12);
  out.first = get<Sequence>(bytes, 16);
  out.offset = get<std::uint64_t>(bytes, 24);
  out.stored_ms = get<std::int64_t>(bytes, 32);
  out.carry.open_from = get<Sequence>(bytes, 40);
  out.carry.last_stamp_ns = get<std::int64_t>(bytes, 48);
  const bool topics = (get<std::uint32_t>(bytes, 56) & kTopicsFollow) != 0;
  out.lines.clear();
  out.topics.clear();
  for (std::size_t i = 0, at = kSideRecordBytes; i < lines; ++i, at += 8) {
    const auto length = get<std::uint32_t>(bytes, at);
    out.lines.push_back(
        {length & ~kLostBit, get<std::uint32_t>(bytes, at + 4), (length & kLostBit) != 0});
  }
  std::size_t text = kSideRecordBytes + 8 * lines;
  if (!topics) return text == bytes.size();
  const std::size_t sizes = text;
  if (bytes.size() - text < 4 * lines) return false;
  text += 4 * lines;
  for (std::size_t i = 0; i < lines; ++i) {
    const std::size_t size = get<std::uint32_t>(bytes, sizes + 4 * i);
    if (bytes.size() - text < size) return false;
    out.topics.emplace_back(bytes.substr(text, size));
    text += size;
  }
  return text == bytes.size();
}

}  // namespace

std::string encode_side_header(const SideHeader& header) {
  std::string out(kSideHeaderBytes, '\0');
  out.replace(0, kHeaderMark.size(), kHeaderMark);
  put(out, 8, kVersion);
  out.replace(16, std::min(header.epoch.size(), kEpochBytes), header.epoch, 0, kEpochBytes);
  put(out, 32, header.base);
  put(out, 40, header.previous_last);
  put(out, 48, header.carry.open_from);
  put(out, 56, header.carry.last_stamp_ns);
  put(out, 12, header_crc(out));
  return out;
}

std::optional<SideHeader> decode_side_header(std::string_view bytes) {
  if (bytes.size() < kSideHeaderBytes || !bytes.starts_with(kHeaderMark)) return std::nullopt;
  bytes = bytes.substr(0, kSideHeaderBytes);
  if (get<std::uint32_t>(bytes, 8) != kVersion) return std::nullopt;
  if (get<std::uint32_t>(bytes, 12) != header_crc(bytes)) return std::nullopt;
  const std::string_view epoch = bytes.substr(16, kEpochBytes);
  SideHeader header{.epoch = Epoch(epoch.substr(0, epoch.find('\0'))),
                    .base = get<Sequence>(bytes, 32),
                    .previous_last = get<Sequence>(bytes, 40),
                    .carry = {get<Sequence>(bytes, 48), get<std::int64_t>(bytes, 56)}};
  if (header.base == 0) return std::nullopt;
  return header;
}

Status check_index_version(const File& index, const std::filesystem::path& path) {
  const auto header = read_part(index, 0, kSideHeaderBytes);
  if (!header.ok() || header->size() < kSideHeaderBytes || !header->starts_with(kHeaderMark))
    return {};  // for others to judge
  const auto version = get<std::uint32_t>(*header, 8);
  if (version <= kVersion || get<std::uint32_t>(*header, 12) != header_crc(*header)) return {};
  return {Code::invalid_argument,
          fmt::format("{} has version {}, and this program knows versions up to {}: use the "
                      "program that wrote it, or another directory",
                      path.string(), version, kVersion)};
}

std::uint64_t SideRecord::log_bytes() const {
  std::uint64_t bytes = lines.size();
  for (const LineMark& line : lines) bytes += line.bytes;
  return bytes;
}

// --- writing ---

void SideRecordWriter::begin(Sequence first, std::uint64_t offset, std::int64_t stored_ms,
                             LogCarry carry) {
  bytes_.assign(kSideRecordBytes, '\0');
  topic_sizes_.clear();
  topic_texts_.clear();
  lines_ = 0;
  bytes_.replace(0, kRecordMark.size(), kRecordMark);
  put(bytes_, 16, first);
  put(bytes_, 24, offset);
  put(bytes_, 32, stored_ms);
  put(bytes_, 40, carry.open_from);
  put(bytes_, 48, carry.last_stamp_ns);
}

void SideRecordWriter::add(LineMark mark, std::string_view topics) {
  append_u32(bytes_, mark.bytes | (mark.lost ? kLostBit : 0));
  append_u32(bytes_, mark.crc);
  if (!topics.empty() && topic_sizes_.empty()) topic_sizes_.assign(4 * lines_, '\0');
  if (!topics.empty() || !topic_sizes_.empty())
    append_u32(topic_sizes_, static_cast<std::uint32_t>(topics.size()));
  topic_texts_ += topics;
  ++lines_;
}

std::string_view SideRecordWriter::finish() {
  bytes_.append(topic_sizes_).append(topic_texts_);
  put(bytes_, 8, static_cast<std::uint32_t>(bytes_.size()));
  put(bytes_, 12, static_cast<std::uint32_t>(lines_));
  put(bytes_, 56, topic_sizes_.empty() ? 0u : kTopicsFollow);
  put(bytes_, 4, crc32c(std::string_view(bytes_).substr(8)));
  return bytes_;
}

Status write_side_index(FileSystem& files, const std::filesystem::path& path,
                        const SideHeader& header, const LineTable& table, LogCarry carry) {
  std::string bytes = encode_side_header(header);
  SideRecordWriter record;
  std::uint64_t offset = 0;
  for (std::uint64_t index = 0; index < table.count();) {
    const LineTable::Run run = table.run(index, kRewriteLines, ~std::uint64_t{0});
    for (std::size_t i = 0; i < run.lines.size();) {
      // One record: lines that were stored together.  Only the last one's carry counts.
      const std::int64_t ms = run.lines[i].stored_ms;
      record.begin(header.base + index + i, offset, ms, carry);
      for (; i < run.lines.size() && run.lines[i].stored_ms == ms; ++i) {
        record.add(run.lines[i].mark, run.lines[i].topics);
        offset += std::uint64_t{run.lines[i].mark.bytes} + 1;
      }
      bytes += record.finish();
    }
    index += run.lines.size();
  }
  return write_whole_file(files, path, bytes);
}

// --- reading ---

SideIndexReader::SideIndexReader(const File& file) : file_(file) {
  if (fill(kSideHeaderBytes)) header_ = decode_side_header(block_);
  if (header_)
    drop(kSideHeaderBytes);
  else
    damaged_ = true;
}

bool SideIndexReader::fill(std::size_t bytes) {
  if (block_.size() - begin_ >= bytes) return true;
  block_.erase(0, begin_);
  begin_ = 0;
  while (block_.size() < bytes) {
    const std::size_t had = block_.size();
    block_.resize(had + std::max(kReadBytes, bytes - had));
    const auto got = file_.read_at(next_, {block_.data() + had, block_.size() - had});
    block_.resize(had + (got.ok() ? *got : 0));
    if (!got.ok()) status_ = got.status();
    if (block_.size() == had) return false;
    next_ += block_.size() - had;
  }
  return true;
}

void SideIndexReader::drop(std::size_t bytes) {
  begin_ += bytes;
  offset_ = next_ - (block_.size() - begin_);
}

void SideIndexReader::pass_to_next_mark() {
  damaged_ = true;
  ++begin_;
  const std::size_t mark = block_.find(kRecordMark, begin_);
  // A mark may lie across the end of the block.
  begin_ = mark != std::string::npos
               ? mark
               : std::max(begin_, block_.size() - std::min(block_.size(), kRecordMark.size() - 1));
}

bool SideIndexReader::next(SideRecord& record) {
  while (fill(kSideRecordBytes)) {
    const std::size_t size = size_said(std::string_view(block_).substr(begin_));
    if (size > 0 && fill(size) &&
        decode_record(std::string_view(block_).substr(begin_, size), record)) {
      drop(size);
      return true;
    }
    pass_to_next_mark();
  }
  if (begin_ < block_.size()) damaged_ = true;
  return false;
}

}  // namespace devs
