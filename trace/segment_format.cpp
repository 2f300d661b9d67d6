#include "trace/segment_format.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "protocol/json.h"
#include "trace/crc32c.h"
#include "trace/sha256.h"

namespace devs {
namespace {

// What the guard lets through of a sidecar; the row of a block has 10 tokens.
constexpr JsonBounds kSidecarJson{.bytes = kMaxTableBytes,
                                  .depth = 4,
                                  .tokens = 10'000'000,
                                  .string_bytes = 256,
                                  .name_bytes = 64,
                                  .number_bytes = 24};

constexpr std::string_view kCrcBegin = R"({"crc32c":")";
constexpr std::string_view kCrcEnd = R"(",)";
constexpr std::size_t kCrcDigits = 8;
constexpr std::size_t kSummedFrom = kCrcBegin.size() + kCrcDigits + kCrcEnd.size();

std::string crc_text(std::string_view bytes) {
  return fmt::format("{:08x}", crc32c(bytes));
}

Status lost(std::string message) {
  return {Code::data_loss, std::move(message)};
}

// `members` as an object that begins with the checksum of all that follows it.
std::string summed(std::string_view members) {
  const std::string rest = fmt::format("{}}}", members);
  return fmt::format("{}{}{}{}", kCrcBegin, crc_text(rest), kCrcEnd, rest);
}

// The text again, when its checksum holds and it is JSON.
Result<std::string> check_summed(std::string_view text) {
  if (text.size() < kSummedFrom || !text.starts_with(kCrcBegin) ||
      text.substr(kSummedFrom - kCrcEnd.size(), kCrcEnd.size()) != kCrcEnd)
    return lost("is no sidecar of a segment");
  if (text.substr(kCrcBegin.size(), kCrcDigits) != crc_text(text.substr(kSummedFrom)))
    return lost("fails its CRC32C");
  auto checked = compact_json(text, kSidecarJson);
  if (!checked.ok()) return lost(checked.status().message());
  return checked;
}

// What head and footer both say.
std::string members_of(const SegmentHead& head) {
  const SegmentInfo& info = head.info;
  return fmt::format(R"("format":{},"epoch":{},"base":{},"count":{},"first_ms":{},"last_ms":{},)"
                     R"("previous_last":{},"open_from":{},"last_stamp_ns":{},"lost":{},)"
                     R"("previous_sha256":"{}","replaces":"{}")",
                     kSegmentFormat, json_string(head.epoch), info.base, info.count, info.first_ms,
                     info.last_ms, info.previous_last, info.open_from, info.last_stamp_ns,
                     info.lost, head.previous_sha256, head.replaces);
}

// Reads members that must be there.  Remembers when one was not.
class Members {
 public:
  explicit Members(JsonView object) : object_(object) {}

  std::int64_t integer(std::string_view name) { return taken(object_[name].integer()); }
  std::uint64_t size(std::string_view name) {
    const std::int64_t value = integer(name);
    whole_ = whole_ && value >= 0;
    return static_cast<std::uint64_t>(value);
  }
  std::string text(std::string_view name) { return taken(object_[name].string()); }
  // 64 hex digits, or nothing where that is an answer.
  std::string sha256(std::string_view name, bool may_be_empty) {
    std::string value = text(name);
    whole_ = whole_ && (is_sha256_hex(value) || (may_be_empty && value.empty()));
    return value;
  }
  bool whole() const { return whole_; }

 private:
  template <class T>
  T taken(std::optional<T> value) {
    whole_ = whole_ && value.has_value();
    return std::move(value).value_or(T{});
  }

  const JsonView object_;
  bool whole_ = true;
};

// A segment of more entries than this cannot be: sequences would run out first.
constexpr Sequence kLastSequence = Sequence{1} << 62;

Result<SegmentHead> decode_members(JsonView object) {
  Members members(object);
  const std::int64_t format = members.integer("format");
  if (members.whole() && format > kSegmentFormat)
    return Status(Code::invalid_argument,
                  fmt::format("has format {}, and this program knows formats up to {}: "
                              "use the program that wrote it",
                              format, kSegmentFormat));
  SegmentHead head;
  SegmentInfo& info = head.info;
  head.epoch = members.text("epoch");
  info.base = members.size("base");
  info.count = members.size("count");
  info.first_ms = members.integer("first_ms");
  info.last_ms = members.integer("last_ms");
  info.previous_last = members.size("previous_last");
  info.open_from = members.size("open_from");
  info.last_stamp_ns = members.integer("last_stamp_ns");
  info.lost = members.size("lost");
  head.previous_sha256 = members.sha256("previous_sha256", true);
  head.replaces = members.sha256("replaces", true);
  if (!members.whole() || format < 1 || info.base < 1 || info.count < 1 ||
      info.base > kLastSequence || info.count > kLastSequence || info.previous_last >= info.base)
    return lost("makes no sense");
  return head;
}

std::string encode_losses(const std::vector<Loss>& losses) {
  std::string text = "[";
  for (const Loss& loss : losses)
    text += fmt::format(R"({}[{},{},"{}"])", text.size() > 1 ? "," : "", loss.from, loss.through,
                        name_of(loss.reason));
  return text + "]";
}

std::optional<LossReason> reason_of(std::string_view name) {
  for (const LossReason reason : {LossReason::expired, LossReason::corrupt, LossReason::recorder})
    if (name == name_of(reason)) return reason;
  return std::nullopt;
}

// The numbers of a row; nullopt: it is not exactly `N` whole numbers.
template <std::size_t N>
std::optional<std::array<std::int64_t, N>> numbers_of(JsonView row) {
  std::array<std::int64_t, N> numbers{};
  std::size_t count = 0;
  bool whole = row.is_array();
  row.each_element([&](JsonView value) {
    const auto number = value.integer();
    whole = whole && number && count < N;
    if (whole) numbers[count++] = *number;
  });
  if (!whole || count != N) return std::nullopt;
  return numbers;
}

std::optional<Loss> loss_of(JsonView row) {
  std::array<JsonView, 3> values;
  std::size_t count = 0;
  row.each_element([&](JsonView value) {
    if (count < values.size()) values[count] = value;
    ++count;
  });
  const auto from = values[0].integer(), through = values[1].integer();
  const auto reason = reason_of(values[2].string().value_or(""));
  if (count != 3 || !from || !through || !reason || *from < 1 || *through < *from)
    return std::nullopt;
  return Loss{static_cast<Sequence>(*from), static_cast<Sequence>(*through), *reason};
}

bool read_losses(JsonView rows, std::vector<Loss>& losses) {
  bool whole = rows.is_array();
  rows.each_element([&](JsonView row) {
    const auto loss = loss_of(row);
    whole = whole && loss;
    if (loss) losses.push_back(*loss);
  });
  return whole;
}

// A row from outside: its numbers bound what is read and expanded later.
std::optional<SegmentBlock> block_of(JsonView row) {
  const auto numbers = numbers_of<8>(row);
  if (!numbers) return std::nullopt;
  const auto& [first, lines, offset, bytes, raw, crc, first_ms, last_ms] = *numbers;
  if (first < 1 || lines < 1 || offset < 0 || bytes < 1 || raw < lines || crc < 0 ||
      crc > 0xffff'ffff || raw > std::int64_t{kMaxBlockRawBytes} ||
      bytes > 2 * std::int64_t{kMaxBlockRawBytes})
    return std::nullopt;
  return SegmentBlock{.first = static_cast<Sequence>(first),
                      .lines = static_cast<std::uint64_t>(lines),
                      .offset = static_cast<std::uint64_t>(offset),
                      .bytes = static_cast<std::uint64_t>(bytes),
                      .raw_bytes = static_cast<std::uint64_t>(raw),
                      .crc = static_cast<std::uint32_t>(crc),
                      .first_ms = first_ms,
                      .last_ms = last_ms};
}

// Every entry of the segment is in one block or one loss, every byte of the data file
// before the footer in one block.
bool tiles(const SegmentTable& table, const SegmentHead& head) {
  Sequence next = head.info.base;
  std::uint64_t offset = 0, raw_bytes = 0, lost = 0;
  auto loss = table.losses.begin();
  const auto pass_losses = [&] {
    for (; loss != table.losses.end() && loss->from == next; ++loss) {
      lost += loss->through - loss->from + 1;
      next = loss->through + 1;
    }
  };
  for (const SegmentBlock& block : table.blocks) {
    pass_losses();
    if (block.first != next || block.offset != offset) return false;
    next = block.last() + 1;
    offset += block.bytes;
    raw_bytes += block.raw_bytes;
  }
  pass_losses();
  return loss == table.losses.end() && next == head.info.last() + 1 && lost == head.info.lost &&
         raw_bytes == head.info.raw_bytes && offset <= head.data_bytes;
}

}  // namespace

std::string encode_sidecar(SegmentHead& head, const SegmentTable& table) {
  std::string second = R"({"blocks":[)";
  bool first = true;
  for (const SegmentBlock& block : table.blocks) {
    second += fmt::format("{}[{},{},{},{},{},{},{},{}]", first ? "" : ",", block.first, block.lines,
                          block.offset, block.bytes, block.raw_bytes, block.crc, block.first_ms,
                          block.last_ms);
    first = false;
  }
  second += fmt::format(R"(],"losses":{}}})", encode_losses(table.losses));

  head.table_bytes = second.size();
  head.table_crc = crc32c(second);
  std::string text = summed(fmt::format(
      R"({},"raw_bytes":{},"data_bytes":{},"data_sha256":"{}","table_bytes":{},"table_crc32c":"{:08x}")",
      members_of(head), head.info.raw_bytes, head.data_bytes, head.data_sha256, head.table_bytes,
      head.table_crc));
  text.append("\n").append(second).append("\n");
  head.info.disk_bytes = head.data_bytes + text.size();
  return text;
}

std::optional<SidecarLines> split_sidecar(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos || text.find('\n', end + 1) != text.size() - 1) return std::nullopt;
  return SidecarLines{text.substr(0, end), text.substr(end + 1, text.size() - end - 2)};
}

Result<SegmentHead> decode_head(std::string_view line) {
  const auto checked = check_summed(line);
  if (!checked.ok()) return checked.status();
  const JsonView object(*checked);
  auto head = decode_members(object);
  if (!head.ok()) return head;
  Members members(object);
  head->info.raw_bytes = members.size("raw_bytes");
  head->data_bytes = members.size("data_bytes");
  head->data_sha256 = members.sha256("data_sha256", false);
  head->table_bytes = members.size("table_bytes");
  const std::string crc = members.text("table_crc32c");
  if (!members.whole() || crc.size() != kCrcDigits ||
      crc.find_first_not_of("0123456789abcdef") != std::string::npos ||
      head->table_bytes > kMaxTableBytes)
    return lost("makes no sense");
  head->table_crc = static_cast<std::uint32_t>(std::stoul(crc, nullptr, 16));
  head->info.disk_bytes = head->data_bytes + line.size() + 1 + head->table_bytes + 1;
  return head;
}

Result<SegmentTable> decode_table(std::string_view line, const SegmentHead& head) {
  if (line.size() != head.table_bytes || crc32c(line) != head.table_crc)
    return lost("the table of blocks fails its CRC32C");
  const auto checked = compact_json(line, kSidecarJson);
  if (!checked.ok()) return lost(checked.status().message());
  const JsonView object(*checked);
  SegmentTable table;
  bool whole = object["blocks"].is_array();
  object["blocks"].each_element([&](JsonView row) {
    const auto block = block_of(row);
    whole = whole && block;
    if (block) table.blocks.push_back(*block);
  });
  if (!read_losses(object["losses"], table.losses) || !whole || !tiles(table, head))
    return lost("the table of blocks makes no sense");
  return table;
}

std::string encode_footer(const SegmentHead& head, const std::vector<Loss>& losses) {
  const std::string text =
      summed(fmt::format(R"({},"losses":{})", members_of(head), encode_losses(losses)));
  std::string bytes;
  append_skippable_head(bytes, kFooterMagic, text.size());
  return bytes + text;
}

Result<SegmentFooter> decode_footer(std::string_view bytes) {
  if (bytes.size() < kSkippableHead || little_endian_32(bytes) != kFooterMagic ||
      little_endian_32(bytes.substr(4)) != bytes.size() - kSkippableHead)
    return lost("is no footer");
  const auto checked = check_summed(bytes.substr(kSkippableHead));
  if (!checked.ok()) return checked.status();
  const JsonView object(*checked);
  auto head = decode_members(object);
  if (!head.ok()) return head.status();
  SegmentFooter footer{std::move(*head), {}};
  if (!read_losses(object["losses"], footer.losses)) return lost("makes no sense");
  return footer;
}

void append_skippable_head(std::string& out, std::uint32_t magic, std::size_t size) {
  for (const std::uint32_t word : {magic, static_cast<std::uint32_t>(size)})
    for (unsigned shift = 0; shift < 32; shift += 8)
      out += static_cast<char>((word >> shift) & 0xff);
}

std::uint32_t little_endian_32(std::string_view bytes) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i)
    word |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

}  // namespace devs
