#include "trace/line_table.h"

#include <algorithm>

#include "trace/crc32c.h"
#include "trace/patiently.h"

namespace devs {
namespace {

constexpr std::uint32_t kLostBit = 0x8000'0000u;
constexpr std::uint64_t kCheckBytes = 1024 * 1024;  // read at a time when all is checked
constexpr std::uint64_t kCheckLines = 16 * 1024;

// `bytes` are a line with its line end.
bool is_good(std::string_view bytes, const LineMark& mark) {
  return bytes.size() == std::size_t{mark.bytes} + 1 && bytes.back() == '\n' &&
         crc32c(bytes.substr(0, mark.bytes)) == mark.crc;
}

// The bytes of a run, as far as the disk gives them: where one read of all is refused,
// line by line, so that one bad sector costs the lines in it and no others.
class RunBytes {
 public:
  RunBytes(const File& file, const LineTable::Run& run)
      : file_(file),
        at_(run.offset),
        bytes_(std::make_unique_for_overwrite<char[]>(static_cast<std::size_t>(run.bytes))) {
    const auto got = read({bytes_.get(), static_cast<std::size_t>(run.bytes)});
    whole_ = got.ok();
    if (whole_) left_ = {bytes_.get(), *got};
  }
  // The next line with its line end; shorter when there is no more to be had.
  std::string_view next(const LineMark& mark) {
    const std::size_t wanted = std::size_t{mark.bytes} + 1;
    if (!whole_) {
      const auto got = read({bytes_.get(), wanted});
      at_ += wanted;
      return {bytes_.get(), got.ok() ? *got : 0};
    }
    const std::string_view line = left_.substr(0, wanted);
    left_.remove_prefix(line.size());
    return line;
  }

 private:
  Result<std::size_t> read(std::span<char> to) const {
    return patiently([&] { return file_.read_at(at_, to); });
  }

  const File& file_;
  std::uint64_t at_;
  const std::unique_ptr<char[]> bytes_;
  std::string_view left_;
  bool whole_ = false;
};

}  // namespace

LineMark LineTable::unpack(Packed packed) {
  return {packed.bytes_and_lost & ~kLostBit, packed.crc, (packed.bytes_and_lost & kLostBit) != 0};
}

void LineTable::add(LineMark mark, std::int64_t stored_ms, std::string_view topics) {
  const std::size_t slot = static_cast<std::size_t>(count_ % kChunk);
  if (slot == 0) chunks_.emplace_back().offset = bytes_;
  Chunk& chunk = chunks_.back();
  chunk.lines[slot] = {mark.bytes | (mark.lost ? kLostBit : 0), mark.crc};
  if (!topics.empty() && !chunk.topics)
    chunk.topics = std::make_unique<std::array<std::uint32_t, kChunk>>();
  if (chunk.topics) (*chunk.topics)[slot] = intern(topics);
  if (times_.empty() || times_.back().ms != stored_ms) times_.push_back({count_, stored_ms});
  ++count_;
  bytes_ += std::uint64_t{mark.bytes} + 1;
  lost_ += mark.lost ? 1 : 0;
}

std::uint32_t LineTable::intern(std::string_view topics) {
  if (topics.empty()) return 0;
  if (topics_.empty()) topics_.emplace_back();
  if (const auto known = topic_index_.find(topics); known != topic_index_.end())
    return known->second;
  const auto index = static_cast<std::uint32_t>(topics_.size());
  topic_index_[topics_.emplace_back(topics)] = index;
  return index;
}

void LineTable::cut(std::uint64_t count) {
  while (count_ > count) {
    --count_;
    const LineMark mark = unpack(chunks_.back().lines[static_cast<std::size_t>(count_ % kChunk)]);
    bytes_ -= std::uint64_t{mark.bytes} + 1;
    lost_ -= mark.lost ? 1 : 0;
    if (count_ % kChunk == 0) chunks_.pop_back();
  }
  while (!times_.empty() && times_.back().index >= count_) times_.pop_back();
}

LineTable::Run LineTable::run(std::uint64_t index, std::uint64_t max_lines,
                              std::uint64_t max_bytes) const {
  Run run;
  if (index >= count_) return run;
  const Chunk* chunk = &chunks_[static_cast<std::size_t>(index / kChunk)];
  run.offset = chunk->offset;
  std::size_t slot = static_cast<std::size_t>(index % kChunk);
  for (std::size_t i = 0; i < slot; ++i)
    run.offset += std::uint64_t{unpack(chunk->lines[i]).bytes} + 1;

  auto next_time =
      std::upper_bound(times_.begin(), times_.end(), index,
                       [](std::uint64_t wanted, const Time& time) { return wanted < time.index; });
  std::int64_t ms = std::prev(next_time)->ms;

  const std::uint64_t end =
      max_lines < count_ - index ? index + std::max<std::uint64_t>(max_lines, 1) : count_;
  run.lines.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(end - index, kChunk)));
  for (std::uint64_t at = index; at < end; ++at, ++slot) {
    if (slot == kChunk) {
      chunk = &chunks_[static_cast<std::size_t>(at / kChunk)];
      slot = 0;
    }
    if (next_time != times_.end() && next_time->index == at) ms = (next_time++)->ms;
    const LineMark mark = unpack(chunk->lines[slot]);
    if (at > index && (run.bytes - run.lines.size() + mark.bytes > max_bytes ||
                       mark.lost != run.lines.front().mark.lost))
      break;
    run.bytes += std::uint64_t{mark.bytes} + 1;
    run.lines.push_back(
        {mark, ms,
         chunk->topics ? std::string_view(topics_[(*chunk->topics)[slot]]) : std::string_view()});
  }
  return run;
}

std::uint64_t LineTable::first_since(std::int64_t ms) const {
  for (const Time& time : times_)
    if (time.ms >= ms) return time.index;
  return count_;
}

ReadOutcome read_run(const File& file, const LineTable::Run& run, Sequence first,
                     const StoredLog::OnLine& on_line) {
  if (!run.lines.empty() && run.lines.front().mark.lost) {
    const Sequence next = first + run.lines.size();
    return {next, Loss{first, next - 1, LossReason::corrupt}};
  }
  RunBytes bytes(file, run);
  Sequence at = first;
  Sequence lost_through = 0;
  for (const LineTable::Line& line : run.lines) {
    const std::string_view text = bytes.next(line.mark);
    const bool good = is_good(text, line.mark);
    if (good && lost_through > 0) break;
    if (!good && at > first && lost_through == 0) break;
    if (good)
      on_line({.sequence = at,
               .body = text.substr(0, line.mark.bytes),
               .topics = line.topics,
               .stored_ms = line.stored_ms});
    else
      lost_through = at;
    ++at;
  }
  if (lost_through == 0) return {at, {}};
  return {at, Loss{first, lost_through, LossReason::corrupt}};
}

std::uint64_t count_bad_lines(const File& file, const LineTable& table) {
  std::uint64_t bad = 0;
  for (std::uint64_t index = 0; index < table.count();) {
    const LineTable::Run run = table.run(index, kCheckLines, kCheckBytes);
    index += run.lines.size();
    if (run.lines.front().mark.lost) {
      bad += run.lines.size();
      continue;
    }
    RunBytes bytes(file, run);
    for (const LineTable::Line& line : run.lines)
      if (!is_good(bytes.next(line.mark), line.mark)) ++bad;
  }
  return bad;
}

}  // namespace devs
