#include <string>
#include <vector>

#include "protocol/sse_frame.h"
#include "protocol/sse_parser.h"
#include "tests/fuzz/law.h"
#include "tests/support/naive_sse_parser.h"

// What an upstream or a server says on an event stream.  Laws: two independent parsers agree
// on any bytes, at every split; a frame parsed at every split gives back its event, and never
// a line its fields smuggled in; a stream over the bound fails at the same event, at every
// split, and holds no more than the bound.
namespace devs {
namespace {

using Events = std::vector<NaiveSseParser::Event>;

Events parsed(std::string_view first, std::string_view second) {
  Events events;
  SseParser parser([&events](const SseParser::Event& event) {
    events.push_back({event.id, event.event, event.data});
  });
  law(parser.feed(first).ok() && parser.feed(second).ok(), "small inputs are within bounds");
  return events;
}

void check_splits(std::string_view text, const Events& expected) {
  const std::size_t step = text.size() / 64 + 1;
  for (std::size_t cut = 0; cut <= text.size(); cut += step) {
    law(parsed(text.substr(0, cut), text.substr(cut)) == expected, "a split changes nothing");
  }
}

struct Bounded {
  bool ok = true;
  Events events;
  bool operator==(const Bounded&) const = default;
};

Bounded bounded(std::string_view first, std::string_view second) {
  constexpr std::size_t kBound = 64;
  Bounded got;
  SseParser parser(
      [&got](const SseParser::Event& event) {
        // A line end joins two lines of data, and is in no line.
        law(event.data.size() <= 2 * kBound && event.id.size() <= kBound, "an event is bounded");
        got.events.push_back({event.id, event.event, event.data});
      },
      kBound);
  got.ok = parser.feed(first).ok() && parser.feed(second).ok();
  law(got.ok || !parser.feed("\n\ndata: late\n\n").ok(), "who failed once has failed");
  return got;
}

void check_bound(std::string_view text) {
  const Bounded whole = bounded(text, "");
  const std::size_t step = text.size() / 64 + 1;
  for (std::size_t cut = 0; cut <= text.size(); cut += step)
    law(bounded(text.substr(0, cut), text.substr(cut)) == whole, "a split moves no bound");
}

std::string one_line(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (c != '\r' && c != '\n' && c != '\0') kept += c;
  }
  return kept;
}

// CRLF and CR as LF: the line ends data comes back with.
std::string normalised(std::string_view data) {
  std::string out;
  for (std::size_t at = 0; at < data.size(); ++at) {
    if (data[at] == '\n' && at > 0 && data[at - 1] == '\r') continue;
    out += data[at] == '\r' ? '\n' : data[at];
  }
  return out;
}

void check_frame(std::string_view input) {
  Fields fields(input);
  SseEvent event;
  event.id = fields.next();
  event.event = fields.next();
  event.data = fields.next();
  std::string frame;
  append_sse_frame(frame, event);
  const std::string id = one_line(event.id);
  std::string name = one_line(event.event);
  if (name.empty()) name = "message";
  check_splits(frame, {{id, name, normalised(event.data)}});
  NaiveSseParser naive;
  naive.feed(frame);
  law(naive.events() == Events{{id, name, normalised(event.data)}}, "both parsers agree");

  std::string comment;
  append_sse_comment(comment, input);
  law(parsed(comment, "").empty() && comment.find('\n') == comment.size() - 2,
      "a comment is one line and no event");
}

void check(std::string_view input) {
  if (input.size() > 4096) return;  // the naive parser is quadratic
  NaiveSseParser naive;
  naive.feed(input);
  check_splits(input, naive.events());
  check_bound(input);
  check_frame(input);
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  devs::check(devs::bytes_of(data, size));
  return 0;
}
