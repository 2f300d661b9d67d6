#include "orchestrator/upstream/stderr_relay.h"

#include <chrono>
#include <utility>
#include <vector>

namespace devs {

void StderrRelay::feed(std::string_view bytes, TimePoint now) {
  std::vector<StdioLineReader::Line> lines;
  lines_.feed(bytes, lines);
  for (const StdioLineReader::Line& line : lines)
    tell(line.too_long ? line.text + " ... " + line.last : line.text, now);
}

void StderrRelay::end(TimePoint now) {
  if (lines_.partial() > 0) feed("\n", now);
  tell_suppressed();
}

void StderrRelay::tell(std::string_view line, TimePoint now) {
  last_line_ = line;
  if (now - second_began_ >= std::chrono::seconds(1)) {
    tell_suppressed();
    second_began_ = now;
    told_ = 0;
  }
  if (told_ >= kLinesPerSecond) {
    ++suppressed_;
    suppressed_total_.add();
    return;
  }
  ++told_;
  log_.info("upstream_stderr", {{"server", server_}, {"text", last_line_}});
}

void StderrRelay::tell_suppressed() {
  if (suppressed_ == 0) return;
  log_.warn("upstream_stderr_suppressed",
            {{"server", server_}, {"lines", std::to_string(std::exchange(suppressed_, 0))}});
}

}  // namespace devs
