#include "protocol/sse_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "protocol/sse_frame.h"
#include "tests/support/naive_sse_parser.h"

namespace devs {
namespace {

using Events = std::vector<NaiveSseParser::Event>;

// Feeds pieces and keeps what came out.
struct Listener {
  Events events;
  SseParser parser;

  explicit Listener(std::size_t most = kMaxSseEventBytes)
      : parser(
            [this](const SseParser::Event& e) {
              events.push_back({e.id, e.event, e.data});
            },
            most) {}
};

Events parsed(std::string_view text) {
  Listener listener;
  CHECK(listener.parser.feed(text).ok());
  return listener.events;
}

// The same bytes in two pieces, cut everywhere, and byte by byte, by both parsers.
void check_every_split(const std::string& text, const Events& expected) {
  NaiveSseParser naive;
  naive.feed(text);
  REQUIRE(naive.events() == expected);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Listener listener;
    CHECK(listener.parser.feed(std::string_view(text).substr(0, cut)).ok());
    NaiveSseParser half;
    half.feed(std::string_view(text).substr(0, cut));
    // What came so far is the same in both: no event is early or late.  (A CR
    // that may be half a CRLF has ended its line in both.)
    REQUIRE(listener.events == half.events());
    CHECK(listener.parser.feed(std::string_view(text).substr(cut)).ok());
    REQUIRE(listener.events == expected);
  }
  Listener slow;
  for (const char byte : text) CHECK(slow.parser.feed({&byte, 1}).ok());
  CHECK(slow.events == expected);
}

TEST_CASE(
    "[SX.11] SseParser: every frame parses with two independent parsers at every "
    "split") {
  const std::string envelope = R"({"type":"thought","text":"日本 \n \u2028 😀"})";
  const SseEvent frames[] = {
      {"5f3a9c01d2-184", "", envelope},
      {"5f3a9c01d2-185", "HITL_GATE_REQUIRED", envelope},
      {"5f3a9c01d2-900", "gap",
       R"({"from":"5f3a9c01d2-185","to":"5f3a9c01d2-900","count":716,"reason":"expired"})"},
      {"", "reset", R"({"reason":"epoch","requested":"aaaaaaaaaa-12","now":"5f3a9c01d2-900"})"},
      {"", "evicted", R"({"reason":"stalled","last_id":"5f3a9c01d2-900"})"},
      {"", "goodbye", R"({"reason":"shutdown"})", 3172},
      {"", "", "two\nlines\r\nand\rmore"},
      {"", "", " leading space: and colon"},
      {"", "", ":colon first"},
      {"", "", ""},
  };
  for (const SseEvent& frame : frames) {
    std::string text;
    append_sse_frame(text, frame);
    std::string data(frame.data);
    for (std::size_t at; (at = data.find("\r\n")) != std::string::npos;) data.erase(at, 1);
    for (char& c : data) c = c == '\r' ? '\n' : c;
    check_every_split(text, {{std::string(frame.id),
                              frame.event.empty() ? "message" : std::string(frame.event), data}});
  }
  std::string quiet = ": connected\n\nretry: 2000\n\n: heartbeat\n\nid: 5f3a9c01d2-7\n\n";
  check_every_split(quiet, {});
}

TEST_CASE("SseParser: CR, LF and CRLF end a line, a BOM begins none") {
  check_every_split(
      "\xEF\xBB\xBF"
      "data: a\r\n\r\ndata: b\r\rdata: c\n\n",
      {{"", "message", "a"}, {"", "message", "b"}, {"", "message", "c"}});
  check_every_split(
      "data: a\n\xEF\xBB\xBF"
      "data: b\n\n",
      {{"", "message", "a"}});
}

TEST_CASE("SseParser: the examples of the standard") {
  check_every_split("data: YHOO\ndata: +2\ndata: 10\n\n", {{"", "message", "YHOO\n+2\n10"}});
  check_every_split(
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
      "data:  third event\n\n",
      {{"1", "message", "first event"},
       {"", "message", "second event"},
       {"", "message", " third event"}});
  check_every_split("data\n\ndata\ndata\n\ndata:", {{"", "message", ""}, {"", "message", "\n"}});
  check_every_split("data:test\n\ndata: test\n\n",
                    {{"", "message", "test"}, {"", "message", "test"}});
}

TEST_CASE("SseParser: an id persists, an event name does not") {
  check_every_split("id: 7\nevent: x\ndata: a\n\ndata: b\n\nevent: y\n\ndata: c\n\n",
                    {{"7", "x", "a"}, {"7", "message", "b"}, {"7", "message", "c"}});
  const std::string nul("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", 31);
  check_every_split(nul, {{"1", "message", "a"}, {"1", "message", "b"}});
}

TEST_CASE("SseParser: the id to resume from is that of the last finished block") {
  Listener listener;
  CHECK(listener.parser.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n").ok());
  CHECK(listener.parser.last_event_id() == "1");
  CHECK(listener.parser.feed("\n").ok());
  CHECK(listener.parser.last_event_id() == "2");
  CHECK(listener.parser.feed("id: 3\n\n").ok());  // a checkpoint: no event
  CHECK(listener.parser.last_event_id() == "3");
  CHECK(listener.events.size() == 2);
}

TEST_CASE("SseParser: retry is digits or nothing") {
  Listener listener;
  CHECK(listener.parser.retry_ms() == -1);
  CHECK(listener.parser
            .feed("retry: 2000\nretry: 1x\nretry: -1\nretry:\n"
                  "retry: 99999999999999999999\n")
            .ok());
  CHECK(listener.parser.retry_ms() == 2000);
}

TEST_CASE("SseParser: comments are counted, unknown fields are not") {
  Listener listener;
  CHECK(listener.parser.feed(": heartbeat\n\n:\n\n:x\nfoo: bar\ndata2: x\n\n").ok());
  CHECK(listener.parser.comments() == 3);
  CHECK(listener.events.empty());
}

TEST_CASE("SseParser: an event beyond the bound fails the parser for good") {
  Listener fits(16);
  CHECK(fits.parser.feed("data: 0123456789\n\ndata: 0123456789\n\n").ok());
  CHECK(fits.events.size() == 2);

  Listener one_line(16);
  CHECK(one_line.parser.feed("data: 0123").ok());
  CHECK(one_line.parser.feed("4567890").code() == Code::resource_exhausted);
  CHECK(one_line.parser.feed("\n\ndata: a\n\n").code() == Code::resource_exhausted);
  CHECK(one_line.events.empty());

  Listener many_lines(16);
  Status status;
  for (int i = 0; i < 20 && status.ok(); ++i) status = many_lines.parser.feed("data: a\n");
  CHECK(status.code() == Code::resource_exhausted);

  Listener comment(16);
  CHECK(comment.parser.feed(":" + std::string(16, 'x')).code() == Code::resource_exhausted);
}

TEST_CASE("SseParser: bytes by the megabyte are read once") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "data: x\r";  // CR only: no LF far away to look for
  CHECK(parsed(text + "\r\r").size() == 1);
}

}  // namespace
}  // namespace devs
