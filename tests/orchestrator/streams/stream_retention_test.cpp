#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "protocol/json.h"
#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/fake_clock.h"
#include "tests/support/patience.h"
#include "trace/pins.h"
#include "trace/sealed_segment.h"
#include "trace/segment_keeper.h"

// Streams over a real flight log whose segments are sealed, damaged and dropped.

using namespace devs;
using namespace std::chrono_literals;

namespace {

// Entries of about 1 KB, a minute apart; a segment takes about ten of them.
struct Fixture {
  void publish(std::size_t count, Duration apart = 1min) {
    for (; count > 0; --count) {
      house->publish(body(house->bus.last() + 1));
      REQUIRE(house->flush());
      clock.advance(apart);
    }
    house->turn_some();
  }
  // How far behind the one reader there is stands.
  std::int64_t lag() {
    HttpPeer asks(*house, HttpPeer::get(*house, "/trace/readers"));
    REQUIRE(asks.wait_answer());
    std::int64_t entries = -1;
    JsonView(asks.body()).each_element([&entries](JsonView reader) {
      entries = reader["lag_entries"].integer().value_or(-1);
    });
    return entries;
  }
  static std::string body(Sequence n) {
    return thought(n, R"(,"x":")" + std::string(1'000, 'x') + '"');
  }
  // Seals what was rolled, and keeps at least so many entries of the segments; 0: all.
  void keep(std::uint64_t entries) {
    const auto pins = Pins::open(house->disk, dir / "pins.json", {}).value();
    SegmentKeeper keeper(
        *house->flight, *pins, clock, house->log, house->metrics,
        {.retention = {.bytes = 0, .entries = entries}, .look_every = std::chrono::hours(1)});
    const bool settled = keeper.settle(soon());
    for (const char* what :
         {"pins_not_saved", "expired_not_noted", "segment_not_sealed", "segment_not_dropped"})
      if (!settled && house->log.count("WARN " + std::string(what)) > 0) MESSAGE(what);
    REQUIRE(settled);
  }
  std::string frames(Sequence from, Sequence to) {
    std::string text;
    for (; from <= to; ++from) text += frame(*house, from, body(from));
    return text;
  }
  std::string end_of(Sequence from, Sequence to) {
    return "id: " + house->id(to) + "-end\nevent: replay_end\ndata: {\"from\":\"" +
           house->id(from) + "\",\"to\":\"" + house->id(to) + "\"}\n\n";
  }
  std::string gap(Sequence from, Sequence to, const std::string& reason) {
    return "id: " + house->id(to) + "\nevent: gap\ndata: {\"from\":\"" + house->id(from) +
           "\",\"to\":\"" + house->id(to) + "\",\"count\":" + std::to_string(to - from + 1) +
           ",\"reason\":\"" + reason + "\"}\n\n";
  }
  // What is replayed between two times, as the client sees it.
  std::string replayed(std::int64_t from_ms, std::int64_t to_ms) {
    HttpPeer peer(*house,
                  HttpPeer::get(*house, "/trace/replay?speed=max&from=" + std::to_string(from_ms) +
                                            "&to=" + std::to_string(to_ms)));
    REQUIRE(peer.wait([&peer] { return peer.finished(); }));
    return peer.body();
  }
  std::int64_t minute(std::int64_t n) const { return start + n * 60'000; }

  FakeClock clock;
  const std::int64_t start =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch())
          .count();
  TempDir dir;
  std::unique_ptr<StreamHouse> house = std::make_unique<StreamHouse>(clock, options());

  StreamHouse::Options options(std::uint64_t segment_bytes = 10'000) {
    return {.bus = {.ring_entries = 4}, .dir = dir.path(), .segment_bytes = segment_bytes};
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "[T26] replay: a time window inside one sealed block is replayed") {
  publish(40);
  keep(0);
  REQUIRE(house->flight->segments().list()->size() >= 3);
  // Entry n was stored in minute n - 1.
  CHECK(replayed(minute(2), minute(5)) == kFirst + frames(3, 6) + end_of(3, 6));
  CHECK(replayed(minute(2) + 1, minute(5) - 1) == kFirst + frames(4, 5) + end_of(4, 5));
  CHECK(replayed(minute(2), minute(2)) == kFirst + frames(3, 3) + end_of(3, 3));
  CHECK(replayed(minute(5), minute(25)) == kFirst + frames(6, 26) + end_of(6, 26));
  CHECK(replayed(minute(2) + 1, minute(3) - 1) == kFirst + end_of(4, 3));
}

TEST_CASE_FIXTURE(Fixture,
                  "[T26] replay: what a damaged block may hold of a time window is declared") {
  publish(40);
  keep(0);
  const SegmentInfo hurt = house->flight->segments().list()->at(1)->info();
  const Sequence base = hurt.base, last = hurt.last();
  house = nullptr;  // with what it has of the segment in memory
  {
    std::fstream file(sealed_data_path(dir / "segments", base),
                      std::ios::in | std::ios::out | std::ios::binary);
    REQUIRE(file.is_open());
    file.seekp(30);
    file.put('\0').put('\x7f').put('\0').flush();
    REQUIRE(file.good());
  }
  house = std::make_unique<StreamHouse>(clock, options());
  const auto at = [this](Sequence n) { return minute(static_cast<std::int64_t>(n) - 1); };
  CHECK(replayed(at(base + 2), at(base + 4)) ==
        kFirst + gap(base, last, "corrupt") + end_of(base, last));
  CHECK(replayed(at(base - 2), at(base + 4)) ==
        kFirst + frames(base - 2, base - 1) + gap(base, last, "corrupt") + end_of(base - 2, last));
}

TEST_CASE_FIXTURE(Fixture,
                  "[SX.7][SX.2] StreamHub: what retention drops under a reader is one gap that "
                  "ends where the log begins") {
  // A hundred entries each: a kernel ends a connection whose peer takes nothing for 30 s,
  // and a busy disk may need longer for hundreds of segments.
  house = nullptr;
  house = std::make_unique<StreamHouse>(clock, options(100'000));
  publish(200);
  HttpPeer slow(*house, HttpPeer::get(*house, "/trace/stream?lastEventId=earliest"), 4'096);
  REQUIRE(slow.wait_body(kFirst + frames(1, 200)));  // all that was there
  // Beyond what sockets hold, and it takes none of it; no time passes, so it has not
  // stalled.
  do {
    publish(500, 0s);
    REQUIRE(house->bus.last() < 50'000);
  } while (lag() < 1'500);
  const Sequence head = house->bus.last();
  keep(500);
  const Sequence oldest = house->flight->oldest();
  REQUIRE(oldest > head - 700);
  REQUIRE(oldest <= head - 500);
  // On it goes: what was on its way, one gap, and everything that is kept.
  slow.widen();
  REQUIRE(slow.wait([&] { return slow.last_event_id() == house->id(head); }));
  std::size_t gaps = 0;
  Sequence next = 1;
  for (const SseParser::Event& event : slow.events) {
    if (event.event == "gap") {
      ++gaps;
      CHECK("id: " + event.id + "\nevent: gap\ndata: " + event.data + "\n\n" ==
            gap(next, oldest - 1, "expired"));
      next = oldest;
    } else {
      REQUIRE(event.id == house->id(next));
      REQUIRE(event.data == body(next));
      ++next;
    }
  }
  CHECK(gaps == 1);
  CHECK(next == head + 1);

  // Who comes back by an id that is not kept any more is told the same, byte by byte.
  // (Of another group: what was read for the first one is still at hand.)
  HttpPeer back(*house, HttpPeer::get(*house, "/trace/stream?type=thought",
                                      "Last-Event-ID: " + house->id(150) + "\r\n"));
  const std::string expected = kFirst + gap(151, oldest - 1, "expired") + frames(oldest, head);
  CHECK(back.wait([&] { return back.body().size() >= expected.size(); }));
  CHECK((back.body() == expected));
  HttpPeer earliest(*house, HttpPeer::get(*house, "/trace/stream?lastEventId=earliest"));
  const std::string kept = kFirst + frames(oldest, head);
  CHECK(earliest.wait([&] { return earliest.body().size() >= kept.size(); }));
  CHECK((earliest.body() == kept));
}
