#include "trace/log_scan.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include "protocol/json.h"
#include "protocol/limits.h"
#include "trace/crc32c.h"
#include "trace/line_reader.h"

namespace devs {
namespace {

constexpr std::size_t kBlockBytes = 1024 * 1024;
// More than the top bit leaves room for was not written as one line by anybody.
constexpr std::uint64_t kMaxMarkBytes = std::numeric_limits<std::int32_t>::max();
// Bodies were held to tighter bounds on their way in.
constexpr JsonBounds kStoredJson{kMaxLineBytes, 64, 16u * 1024u * 1024u, kMaxLineBytes, 1024, 64};

bool is_object(std::string_view line) {
  return line.size() >= 2 && line.front() == '{' && line.back() == '}' &&
         compact_json(line, kStoredJson).ok();
}

// Puts the lines of one file in a row.
class Scanner {
 public:
  Scanner(const File* log, const ScanHints& hints) : log_(log), hints_(hints) {
    scan_.header = {hints.epoch, hints.base, hints.base - 1, hints.carry};
    scan_.carry = hints.carry;
  }

  Status measure() {
    if (log_ == nullptr) return {};
    const auto size = log_->size();
    if (!size.ok()) return size.status();
    scan_.log_bytes = *size;
    return {};
  }
  Status take_index(const File& index);
  Status adopt_the_rest();
  LogScan finish(bool index_there);

 private:
  Sequence next() const { return scan_.header.base + scan_.table.count(); }
  std::int64_t some_ms() const {
    return scan_.table.count() > 0 ? scan_.table.last_ms() : hints_.now_ms;
  }
  void add(const SideRecord& record);
  // Entries whose record is damaged: `count` of them in the bytes up to `end`.
  Status fill_hole(std::uint64_t end, std::uint64_t count);
  Result<std::uint64_t> line_ends_before(std::uint64_t end) const;
  // Marks for `bytes` up to the offset `end` in which nobody knows how many lines were: as
  // many as there may have been, so that no line behind them gets a number that was
  // another's before.  `known`: entries before them.
  Result<std::vector<LineMark>> as_many_as_fit(std::uint64_t bytes, std::uint64_t end,
                                               Sequence known) const;

  const File* const log_;
  const ScanHints hints_;
  LogScan scan_;
  bool index_whole_ = true;
  bool index_told_ = false;  // it knew at least where it began
};

void Scanner::add(const SideRecord& record) {
  for (std::size_t i = 0; i < record.lines.size() && next() < hints_.end; ++i)
    scan_.table.add(record.lines[i], record.stored_ms,
                    record.topics.empty() ? std::string_view() : record.topics[i]);
  if (record.first + record.lines.size() <= hints_.end) scan_.carry = record.carry;
}

Status Scanner::take_index(const File& index) {
  SideIndexReader reader(index);
  if (reader.header()) {
    scan_.header = *reader.header();
    scan_.header_found = true;
    scan_.carry = scan_.header.carry;
  }
  bool base_known = scan_.header_found;
  for (SideRecord record; reader.next(record);) {
    if (!base_known) {
      const auto before = line_ends_before(record.offset);
      if (!before.ok()) return before.status();
      if (record.first <= *before) continue;  // nonsense with a good checksum
      scan_.header.base = record.first - *before;
      scan_.header.previous_last = scan_.header.base - 1;
      base_known = true;
    }
    const std::uint64_t end = scan_.table.bytes();
    const bool fits = record.first == next() && record.offset == end;
    // A record that was lost, and its lines with it or not.
    const bool later = record.first > next() && record.offset >= end + (record.first - next());
    if (!fits && !later) {
      index_whole_ = false;
      continue;
    }
    if (later) {
      index_whole_ = false;
      if (Status filled = fill_hole(record.offset, record.first - next()); !filled.ok())
        return filled;
    }
    add(record);
  }
  index_told_ = base_known;
  if (reader.damaged()) index_whole_ = false;
  scan_.index_bytes = reader.offset();
  return reader.status();
}

Result<std::uint64_t> Scanner::line_ends_before(std::uint64_t end) const {
  if (log_ == nullptr) return std::uint64_t{0};
  LineReader lines(*log_, 0, kBlockBytes);
  std::uint64_t count = 0;
  for (;; ++count) {
    const auto line = lines.skip();
    if (!line.ok()) return line.status();
    if (!*line || lines.offset() > end) return count;
  }
}

Status Scanner::fill_hole(std::uint64_t end, std::uint64_t count) {
  const std::uint64_t begin = scan_.table.bytes();
  const std::int64_t ms = some_ms();
  std::vector<LineMark> found;
  if (log_ != nullptr && end <= scan_.log_bytes) {
    LineReader lines(*log_, begin, kBlockBytes);
    for (std::uint64_t at = begin; at < end && found.size() <= count; at = lines.offset()) {
      const auto line = lines.next();
      if (!line.ok()) return line.status();
      if (!*line || lines.offset() > end) break;
      const bool good = is_object((*line)->text);
      found.push_back({static_cast<std::uint32_t>(lines.offset() - at - 1),
                       good ? crc32c((*line)->text) : 0, !good});
    }
    if (lines.offset() != end) found.clear();
  }
  if (found.size() != count) {  // nobody can say which is which: all are lost
    found.assign(static_cast<std::size_t>(count), {0, 0, true});
    found.back().bytes =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(end - begin - count, kMaxMarkBytes));
  }
  for (const LineMark& mark : found) scan_.table.add(mark, ms, {});
  return {};
}

Result<std::vector<LineMark>> Scanner::as_many_as_fit(std::uint64_t bytes, std::uint64_t end,
                                                      Sequence known) const {
  constexpr std::uint64_t kShortestLine = 3;  // {} and its line end
  std::uint64_t count = std::max<std::uint64_t>(bytes / kShortestLine, 1);
  if (hints_.end != ~Sequence{0}) {  // where the next file begins the numbers are known again
    const auto all = line_ends_before(scan_.log_bytes);
    const auto before = line_ends_before(end);
    if (!all.ok() || !before.ok()) return all.ok() ? before.status() : all.status();
    const std::uint64_t behind = *all - *before, room = hints_.end - std::min(known, hints_.end);
    count = std::clamp<std::uint64_t>(room - std::min(behind, room), 1, count);
  }
  std::vector<LineMark> marks(static_cast<std::size_t>(count), {0, 0, true});
  marks.back().bytes = static_cast<std::uint32_t>(bytes - count);
  return marks;
}

Status Scanner::adopt_the_rest() {
  if (log_ == nullptr || scan_.log_bytes <= scan_.table.bytes()) return {};
  const std::int64_t ms = some_ms();
  LineReader lines(*log_, scan_.table.bytes(), kBlockBytes);
  std::vector<LineMark> bad;  // lost, if a good one follows
  while (next() + bad.size() < hints_.end) {
    const std::uint64_t begin = lines.offset();
    const auto line = lines.next();
    if (!line.ok()) return line.status();
    if (!*line || lines.offset() - begin > kMaxMarkBytes) break;
    const auto bytes = static_cast<std::uint32_t>(lines.offset() - begin - 1);
    // A hole: nobody knows how many line ends were in it, and so which entry any line
    // behind it is.  Behind what the index knows a power cut left it, and nothing there
    // was ever safe; without an index it may be anywhere.
    if ((*line)->text.find('\0') != std::string_view::npos) {
      if (index_told_) break;
      auto hole = as_many_as_fit(lines.offset() - begin, lines.offset(), next() + bad.size());
      if (!hole.ok()) return hole.status();
      bad.insert(bad.end(), hole->begin(), hole->end());
      continue;
    }
    if (!is_object((*line)->text)) {
      bad.push_back({bytes, 0, true});
      continue;
    }
    scan_.adopted += bad.size() + 1;
    for (const LineMark& each : bad) scan_.table.add(each, ms, {});
    bad.clear();
    scan_.table.add({bytes, crc32c((*line)->text), false}, ms, {});
  }
  return {};
}

LogScan Scanner::finish(bool index_there) {
  scan_.index_right = index_there && scan_.header_found && index_whole_ && scan_.adopted == 0;
  return std::move(scan_);
}

}  // namespace

Result<LogScan> scan_log(const File* log, const File* index, const ScanHints& hints) {
  Scanner scanner(log, hints);
  if (Status measured = scanner.measure(); !measured.ok()) return measured;
  if (index != nullptr)
    if (Status taken = scanner.take_index(*index); !taken.ok()) return taken;
  if (Status adopted = scanner.adopt_the_rest(); !adopted.ok()) return adopted;
  return scanner.finish(index != nullptr);
}

}  // namespace devs
