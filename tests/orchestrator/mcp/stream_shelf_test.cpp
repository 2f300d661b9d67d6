#include "orchestrator/mcp/stream_shelf.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "protocol/json.h"
#include "protocol/sse_parser.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t kAll = 1u << 30u;

struct ShelfFixture {
  FakeClock clock;
  Metrics metrics;
  Reactor reactor{clock, metrics};

  std::string progress(int value) { return "{\"progress\":" + std::to_string(value) + "}"; }
};

std::vector<SseParser::Event> events_of(std::string_view text) {
  std::vector<SseParser::Event> events;
  SseParser parser([&events](const SseParser::Event& event) { events.push_back(event); });
  REQUIRE(parser.feed(text).ok());
  return events;
}
std::vector<std::string> ids_of(std::string_view text) {
  std::vector<std::string> ids;
  for (const auto& event : events_of(text)) ids.push_back(event.id);
  return ids;
}
using Ids = std::vector<std::string>;

TEST_CASE_FIXTURE(ShelfFixture, "[M4] StreamShelf: an answer stream begins with a priming event") {
  StreamShelf primed({.prime = true}, reactor);
  CHECK(primed.take(primed.open(""), kAll).text == "id: 1-0\ndata: \n\n");
  StreamShelf plain({.prime = false}, reactor);
  CHECK(plain.take(plain.open(""), kAll).text.empty());
}

TEST_CASE_FIXTURE(ShelfFixture, "StreamShelf: progress, then the answer, then the end") {
  StreamShelf shelf({}, reactor);
  const auto reading = shelf.open("\"t\"");
  shelf.progress(reading.stream, R"({"progress":1,"total":2,"message":"half"})");
  shelf.finish(reading.stream, R"({"jsonrpc":"2.0","id":1,"result":{}})");
  const auto taken = shelf.take(reading, kAll);
  CHECK(taken.text ==
        "id: 1-1\n"
        R"(data: {"jsonrpc":"2.0","method":"notifications/progress","params":)"
        R"({"progressToken":"t","progress":1,"total":2,"message":"half"}})"
        "\n\nid: 1-2\n"
        R"(data: {"jsonrpc":"2.0","id":1,"result":{}})"
        "\n\n");
  CHECK(taken.ended);
}

TEST_CASE_FIXTURE(ShelfFixture, "StreamShelf: without a session nothing is numbered or kept") {
  StreamShelf shelf({.resumable = false, .prime = true}, reactor);
  const auto reading = shelf.open("1");
  shelf.progress(reading.stream, progress(1));
  shelf.finish(reading.stream, "{}");
  const auto taken = shelf.take(reading, kAll);
  CHECK(taken.text.find("id:") == std::string::npos);
  CHECK(events_of(taken.text).size() == 2);
  CHECK(shelf.kept_messages() == 0);
  shelf.detached(reading);
  CHECK(shelf.streams() == 0);
}

TEST_CASE_FIXTURE(ShelfFixture,
                  "StreamShelf: progress at most 20 a second, the newest of the rest kept") {
  StreamShelf shelf({}, reactor);
  const auto reading = shelf.open("1");
  std::vector<std::int64_t> seen;
  auto take = [&] {
    const auto taken = shelf.take(reading, kAll);
    for (const auto& event : events_of(taken.text)) {
      seen.push_back(JsonView(event.data)["params"]["progress"].integer().value_or(-1));
    }
    return taken;
  };
  int value = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    shelf.progress(reading.stream, progress(++value));
    take();
    clock.advance(milliseconds(1));
  }
  CHECK(seen.size() <= 20);
  CHECK(seen.size() >= 16);
  // What was held is asked for again at its time, and is the newest.
  shelf.progress(reading.stream, progress(++value));
  shelf.progress(reading.stream, progress(++value));
  auto taken = take();
  if (taken.look_again) {
    clock.advance(*taken.look_again - clock.steady());
    take();
  }
  CHECK(seen.back() == value);
}

TEST_CASE_FIXTURE(ShelfFixture, "StreamShelf: progress that does not grow is dropped") {
  StreamShelf shelf({}, reactor);
  const auto reading = shelf.open("1");
  for (const int value : {1, 1, 0, 2}) shelf.progress(reading.stream, progress(value));
  CHECK(events_of(shelf.take(reading, kAll).text).size() == 2);
}

TEST_CASE_FIXTURE(ShelfFixture, "StreamShelf: held progress goes before the answer") {
  StreamShelf shelf({}, reactor);
  const auto reading = shelf.open("1");
  for (int value = 1; value <= 50; ++value) shelf.progress(reading.stream, progress(value));
  shelf.finish(reading.stream, R"({"id":1})");
  const auto events = events_of(shelf.take(reading, kAll).text);
  REQUIRE(events.size() == 6);  // a burst of four, the newest, the answer
  CHECK(JsonView(events[4].data)["params"]["progress"].integer() == 50);
  CHECK(events[5].data == R"({"id":1})");
}

TEST_CASE_FIXTURE(ShelfFixture,
                  "StreamShelf: what waits for a slow reader is bounded, the answer is not lost") {
  StreamShelf shelf({.unsent_bytes = 1000, .unsent_messages = 3}, reactor);
  const auto reading = shelf.open("1");
  for (int value = 1; value <= 10; ++value) {
    shelf.progress(reading.stream, progress(value));
    clock.advance(milliseconds(100));  // the rate alone would let them all pass
  }
  shelf.finish(reading.stream, "\"" + std::string(5000, 'x') + "\"");
  const auto events = events_of(shelf.take(reading, kAll).text);
  REQUIRE(events.size() == 5);
  CHECK(JsonView(events[3].data)["params"]["progress"].integer() == 10);
  CHECK(events[4].data.size() == 5002);

  StreamShelf bytes({.unsent_bytes = 300, .unsent_messages = 1000}, reactor);
  const auto second = bytes.open("1");
  for (int value = 1; value <= 10; ++value) {
    bytes.progress(second.stream, progress(value));
    clock.advance(milliseconds(100));
  }
  const auto taken = bytes.take(second, kAll);
  CHECK(events_of(taken.text).size() < 6);
}

TEST_CASE_FIXTURE(ShelfFixture, "StreamShelf: a reader takes whole frames of about what it asks") {
  StreamShelf shelf({}, reactor);
  const auto reading = shelf.open("1");
  for (int value = 1; value <= 3; ++value) shelf.progress(reading.stream, progress(value));
  const auto first = shelf.take(reading, 1);
  CHECK(first.more);
  CHECK(events_of(first.text).size() == 1);
  CHECK(events_of(shelf.take(reading, 1).text).size() == 1);
  const auto last = shelf.take(reading, 1);
  CHECK_FALSE(last.more);
  CHECK(events_of(last.text).size() == 1);
}

TEST_CASE_FIXTURE(ShelfFixture, "[M4] StreamShelf: resume gives what follows, once, then live") {
  StreamShelf shelf({.prime = true}, reactor);
  const auto first = shelf.open("1");
  const auto other = shelf.open("2");
  for (int value = 1; value <= 3; ++value) {
    shelf.progress(first.stream, progress(value));
    shelf.progress(other.stream, progress(value));
  }
  CHECK(ids_of(shelf.take(first, kAll).text) == Ids{"1-0", "1-1", "1-2", "1-3"});
  shelf.detached(first);
  shelf.finish(first.stream, R"({"id":1})");  // nobody reads: it waits

  for (const char* from : {"1-0", "1-1", "1-2", "1-3", "1-4"}) {
    CAPTURE(from);
    const auto again = shelf.resume(from);
    REQUIRE(again.ok());
    const auto taken = shelf.take(*again, kAll);
    Ids expected;
    for (int n = from[2] - '0' + 1; n <= 4; ++n) expected.push_back("1-" + std::to_string(n));
    CHECK(ids_of(taken.text) == expected);
    CHECK(taken.ended);
    shelf.detached(*again);
  }
  // The other stream went on undisturbed.
  shelf.finish(other.stream, R"({"id":2})");
  CHECK(ids_of(shelf.take(other, kAll).text) == Ids{"2-0", "2-1", "2-2", "2-3", "2-4"});
}

TEST_CASE_FIXTURE(ShelfFixture, "StreamShelf: whoever comes back replaces the reader it was") {
  StreamShelf shelf({}, reactor);
  const auto old = shelf.open("1");
  shelf.progress(old.stream, progress(1));
  CHECK(shelf.readers() == 1);
  const auto again = shelf.resume("1-1");
  REQUIRE(again.ok());
  CHECK(shelf.readers() == 1);
  shelf.finish(old.stream, R"({"id":1})");
  const auto stale = shelf.take(old, kAll);
  CHECK(stale.ended);
  CHECK(stale.text.empty());
  shelf.detached(old);  // of somebody who is nobody any more
  CHECK(ids_of(shelf.take(*again, kAll).text) == Ids{"1-2"});
  shelf.detached(*again);
  CHECK(shelf.readers() == 0);
}

TEST_CASE_FIXTURE(ShelfFixture, "[M5] StreamShelf: an id that is malformed or unknown is refused") {
  StreamShelf shelf({}, reactor);
  const auto reading = shelf.open("1");
  shelf.progress(reading.stream, progress(1));
  for (const char* wrong :
       {"", "-", "1", "1-", "-1", "1-2", "2-0", "01-0", "1-00", "1-+1", " 1-1", "1-1 ", "1-1-1",
        "a-1", "1-a", "99999999999999999999-1", "1-99999999999999999999", "1--1", "0-0"}) {
    CAPTURE(wrong);
    CHECK(shelf.resume(wrong).status().code() == Code::invalid_argument);
  }
  CHECK(shelf.resume("1-1").ok());
}

TEST_CASE_FIXTURE(ShelfFixture,
                  "[M5] StreamShelf: a session keeps 1000 messages, an id dropped is refused") {
  StreamShelf shelf({}, reactor);
  for (int call = 1; call <= 1500; ++call) {
    const auto reading = shelf.open("");
    shelf.finish(reading.stream, "{}");
    (void)shelf.take(reading, kAll);
    shelf.detached(reading);
  }
  CHECK(shelf.kept_messages() == 1000);
  CHECK(shelf.streams() == 1000);
  CHECK_FALSE(shelf.resume("500-0").ok());
  CHECK(shelf.resume("501-0").ok());
}

TEST_CASE_FIXTURE(ShelfFixture,
                  "[M5] StreamShelf: 20 000 streamed answers keep no more than 1 MiB") {
  StreamShelf shelf({}, reactor);
  const std::string answer = "\"" + std::string(4000, 'x') + "\"";
  for (int call = 1; call <= 20'000; ++call) {
    const auto reading = shelf.open("");
    shelf.finish(reading.stream, answer);
    shelf.detached(reading);
    if (call % 1000 == 0) REQUIRE(shelf.kept_bytes() <= (1u << 20u));
  }
  CHECK(shelf.kept_bytes() > (1u << 20u) - 5000);
  CHECK(shelf.streams() < 300);
  CHECK(shelf.resume("20000-0").ok());
  CHECK_FALSE(shelf.resume("19000-0").ok());
}

TEST_CASE_FIXTURE(ShelfFixture,
                  "[M5] StreamShelf: an answer over the bound reaches its reader all the same") {
  StreamShelf shelf({.kept_bytes = 1000}, reactor);
  const auto reading = shelf.open("");
  shelf.finish(reading.stream, "\"" + std::string(2000, 'x') + "\"");
  CHECK(shelf.kept_messages() == 0);
  CHECK(shelf.take(reading, kAll).text.size() > 2000);
  CHECK_FALSE(shelf.resume("1-0").ok());
}

TEST_CASE_FIXTURE(ShelfFixture,
                  "StreamShelf: an abandoned stream says its last, ends and cannot be resumed") {
  StreamShelf shelf({}, reactor);
  shelf.abandon(shelf.open("1").stream);  // before anybody came to read it
  CHECK(shelf.streams() == 0);
  CHECK(shelf.readers() == 0);
  const auto reading = shelf.open("1");
  shelf.attached(reading, StreamLine());
  for (int value = 1; value <= 5; ++value)  // the last is too soon to be told, and then too late
    shelf.progress(reading.stream, progress(value));
  shelf.abandon(reading.stream);
  CHECK_FALSE(shelf.send(reading.stream, "{}", {}));
  const auto taken = shelf.take(reading, kAll);
  CHECK(taken.ended);
  CHECK(ids_of(taken.text) == Ids{"2-1", "2-2", "2-3", "2-4"});
  shelf.detached(reading);
  CHECK(shelf.readers() == 0);
  CHECK(shelf.kept_messages() == 0);
  CHECK(shelf.streams() == 0);
  for (const char* id : {"2-0", "2-3", "2-4", "2-5"}) CHECK_FALSE(shelf.resume(id).ok());
}

TEST_CASE_FIXTURE(ShelfFixture, "[M3] StreamShelf: the standalone stream has one reader") {
  StreamShelf shelf({}, reactor);
  CHECK_FALSE(shelf.announce("{}"));
  const auto first = shelf.open_standalone();
  REQUIRE(first);
  CHECK_FALSE(shelf.open_standalone());
  CHECK(shelf.announce(R"({"n":1})"));
  CHECK(shelf.announce(R"({"n":2})"));  // one that waits is enough
  CHECK(ids_of(shelf.take(*first, kAll).text) == Ids{"1-1"});
  CHECK(shelf.announce(R"({"n":3})"));
  CHECK(shelf.resume("1-1").status().code() == Code::unavailable);
  CHECK(ids_of(shelf.take(*first, kAll).text) == Ids{"1-2"});

  shelf.detached(*first);
  CHECK_FALSE(shelf.announce("{}"));
  const auto back = shelf.resume("1-1");
  REQUIRE(back.ok());
  CHECK(ids_of(shelf.take(*back, kAll).text) == Ids{"1-2"});
  shelf.detached(*back);
  CHECK(shelf.open_standalone());
}

TEST_CASE_FIXTURE(ShelfFixture, "StreamShelf: closing ends the standalone stream, not an answer") {
  StreamShelf shelf({}, reactor);
  const auto answer = shelf.open("1");
  const auto standalone = shelf.open_standalone();
  REQUIRE(standalone);
  shelf.close(1000);
  const auto taken = shelf.take(*standalone, kAll);
  CHECK(taken.text == "retry: 1000\n\n");
  CHECK(taken.ended);
  shelf.detached(*standalone);
  CHECK_FALSE(shelf.open_standalone());
  shelf.finish(answer.stream, R"({"id":1})");
  CHECK(events_of(shelf.take(answer, kAll).text).size() == 1);
}

}  // namespace
}  // namespace devs
