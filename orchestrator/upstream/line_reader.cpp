#include "orchestrator/upstream/line_reader.h"

#include <algorithm>
#include <utility>

namespace devs {

void StdioLineReader::feed(std::string_view bytes, std::vector<Line>& lines) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      take(bytes);
      return;
    }
    take(bytes.substr(0, end));
    end_line(lines);
    bytes.remove_prefix(end + 1);
  }
}

void StdioLineReader::take(std::string_view bytes) {
  // One byte more than the bound may be the CR that is dropped.
  if (too_long_ == 0 && text_.size() + bytes.size() <= max_line_ + 1) {
    text_ += bytes;
    return;
  }
  if (too_long_ == 0) {
    too_long_ = text_.size();
    last_.assign(text_, text_.size() - std::min(text_.size(), kEnds));
    text_.resize(std::min(text_.size(), kEnds));
    text_.shrink_to_fit();
    // A short beginning is filled up from what follows.
    text_ += bytes.substr(0, kEnds - text_.size());
  }
  too_long_ += bytes.size();
  last_ += bytes.substr(bytes.size() - std::min(bytes.size(), kEnds));
  if (last_.size() > kEnds) last_.erase(0, last_.size() - kEnds);
}

void StdioLineReader::end_line(std::vector<Line>& lines) {
  std::string& tail = too_long_ > 0 ? last_ : text_;
  if (tail.ends_with('\r')) tail.pop_back();
  const bool too_long = too_long_ > 0 || text_.size() > max_line_;
  if (too_long || !text_.empty()) {
    if (too_long && too_long_ == 0) {
      last_ = text_.substr(text_.size() - std::min(text_.size(), kEnds));
      text_.resize(std::min(text_.size(), kEnds));
    }
    lines.push_back({std::move(text_), std::move(last_), too_long});
  }
  text_ = {};
  last_ = {};
  too_long_ = 0;
}

}  // namespace devs
