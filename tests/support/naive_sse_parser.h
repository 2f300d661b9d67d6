#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devs {

// A second reading of WHATWG HTML 9.2.6, to hold the first against: it keeps
// every byte it was ever given and starts over from the first each time.  Slow,
// unbounded and obvious.
class NaiveSseParser {
 public:
  struct Event {
    std::string id, event, data;
    bool operator==(const Event&) const = default;
  };

  void feed(std::string_view bytes) { all_ += bytes; }

  std::vector<Event> events() const {
    std::vector<Event> found;
    for (Block& block : blocks())
      if (block.has_data) found.push_back(std::move(block.event));
    return found;
  }

  // Whatever an empty line ends, also what no client hears of because it has no data:
  // comments, and an `id:` alone.  `event.id` is the last one so far.
  struct Block {
    Event event;
    bool has_data = false;
  };
  std::vector<Block> blocks() const {
    std::vector<Block> found;
    Event block;
    std::string id;
    for (const std::string& line : whole_lines()) {
      if (line.empty()) {
        const bool has_data = !block.data.empty();
        if (has_data) block.data.pop_back();
        block.id = id;
        if (block.event.empty()) block.event = "message";
        found.push_back({std::move(block), has_data});
        block = Event();
        continue;
      }
      const std::size_t colon = line.find(':');
      const std::string name = line.substr(0, colon);
      std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
      if (!value.empty() && value[0] == ' ') value.erase(0, 1);
      if (name == "data") block.data += value + "\n";
      if (name == "event") block.event = value;
      if (name == "id" && value.find('\0') == std::string::npos) id = value;
    }
    return found;
  }

 private:
  std::vector<std::string> whole_lines() const {
    std::string text = all_;
    if (text.rfind("\xEF\xBB\xBF", 0) == 0) text.erase(0, 3);
    std::vector<std::string> lines(1);
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n' && at > 0 && text[at - 1] == '\r') continue;
      if (text[at] == '\n' || text[at] == '\r') {
        lines.emplace_back();
      } else {
        lines.back() += text[at];
      }
    }
    lines.pop_back();  // not ended yet
    return lines;
  }

  std::string all_;
};

}  // namespace devs
