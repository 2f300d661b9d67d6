#include "trace/line_reader.h"

namespace devs {

LineReader::LineReader(const File& file, std::uint64_t offset, std::size_t block_bytes)
    : file_(file),
      block_bytes_(block_bytes),
      block_(std::make_unique_for_overwrite<char[]>(block_bytes)),
      next_block_(offset),
      line_end_(offset) {
}

Result<std::optional<LineReader::Line>> LineReader::advance(bool gather) {
  across_.clear();
  bool crossed = false, too_long = false;
  for (;;) {
    const std::size_t end = unread_.find('\n');
    const std::string_view part = unread_.substr(0, end);
    if (end != std::string_view::npos) {
      unread_.remove_prefix(end + 1);
      line_end_ = next_block_ - unread_.size();
      if (!crossed) return std::optional(Line{part, false});
      if (gather && !too_long && across_.size() + part.size() <= kMaxLineBytes) {
        across_ += part;
        return std::optional(Line{across_, false});
      }
      return std::optional(Line{{}, gather});
    }

    crossed = true;
    if (gather && !too_long) {
      too_long = across_.size() + part.size() > kMaxLineBytes;
      if (too_long)
        across_ = std::string();
      else
        across_ += part;
    }
    auto got = file_.read_at(next_block_, {block_.get(), block_bytes_});
    if (!got.ok()) return got.status();
    unread_ = {block_.get(), *got};
    if (unread_.empty()) return std::optional<Line>();
    next_block_ += *got;
  }
}

}  // namespace devs
