#include "orchestrator/streams/log_stretch.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/streams/captured_log.h"
#include "tests/orchestrator/streams/memory_log.h"
#include "tests/support/fake_clock.h"

using namespace devs;

namespace {

struct Fixture {
  FakeClock clock;
  CapturedLog lines;
  Metrics metrics;
  Projector projector{"5f3a9c01d2", clock, lines, metrics};
  MemoryLog log;

  Stretch read(Sequence from, Sequence through, Filter filter = {}) {
    return read_stretch(
        log, projector,
        {from, through, {projector.find("raw"), nullptr, false}, std::move(filter), false});
  }
};

std::string frame(Sequence n) {
  const std::string number = std::to_string(n);
  return "id: 5f3a9c01d2-" + number + "\ndata: {\"type\":\"thought\",\"n\":" + number + "}\n\n";
}
std::string gap(Sequence from, Sequence to, const std::string& reason) {
  const std::string a = std::to_string(from), b = std::to_string(to);
  return "id: 5f3a9c01d2-" + b + "\nevent: gap\ndata: {\"from\":\"5f3a9c01d2-" + a +
         "\",\"to\":\"5f3a9c01d2-" + b + "\",\"count\":" + std::to_string(to - from + 1) +
         ",\"reason\":\"" + reason + "\"}\n\n";
}

}  // namespace

TEST_CASE("read_stretch: the entries asked for, not one more") {
  Fixture f;
  f.log.append_numbered(10);
  const Stretch stretch = f.read(3, 5);
  CHECK(stretch.batch->first == 3);
  CHECK(stretch.batch->last == 5);
  CHECK(stretch.batch->bytes() == frame(3) + frame(4) + frame(5));
  CHECK_FALSE(stretch.has_gap());
}

TEST_CASE("[SX.2] read_stretch: what retention took is a gap, with the right numbers") {
  Fixture f;
  f.log.append_numbered(10);
  f.log.drop_before(8);
  const Stretch stretch = f.read(3, 9);
  CHECK(stretch.batch->bytes() == gap(3, 7, "expired") + frame(8) + frame(9));
  CHECK(stretch.has_gap());
  CHECK(stretch.gaps[static_cast<std::size_t>(LossReason::expired)] == 1);
  CHECK(f.read(3, 6).batch->bytes() == gap(3, 6, "expired"));
}

TEST_CASE("read_stretch: records that cannot be read are a gap, the rest is served") {
  Fixture f;
  f.log.append_numbered(10);
  for (const Sequence bad : {1U, 4U, 5U, 10U}) f.log.corrupt(bad);
  CHECK(f.read(1, 10).batch->bytes() == gap(1, 1, "corrupt") + frame(2) + frame(3) +
                                            gap(4, 5, "corrupt") + frame(6) + frame(7) + frame(8) +
                                            frame(9) + gap(10, 10, "corrupt"));
}

TEST_CASE("read_stretch: what should be stored and is not there is declared") {
  Fixture f;
  f.log.append_numbered(2);
  CHECK(f.read(2, 4).batch->bytes() == frame(2) + gap(3, 4, "recorder"));
}

TEST_CASE("read_stretch: a run of lost entries is one gap") {
  Fixture f;
  f.log.append_numbered(600);
  for (Sequence bad = 2; bad < 600; ++bad) f.log.corrupt(bad);
  const std::string bytes = f.read(1, 600).batch->bytes();
  CHECK(bytes == frame(1) + gap(2, 599, "corrupt") + frame(600));
}

TEST_CASE("read_stretch: gives its worker back, matches or not") {
  Fixture f;
  f.log.append_numbered(40'000);
  const Stretch all = f.read(1, 40'000);
  CHECK(all.batch->last < 40'000);
  CHECK(all.batch->bytes().size() >= 256 * 1024);
  CHECK(all.batch->bytes().size() < 1024 * 1024);
  Filter none;
  none.types = {"action"};
  const Stretch nothing = f.read(1, 40'000, none);
  CHECK(nothing.batch->bytes().empty());
  CHECK(nothing.batch->last == 16'384);
}

TEST_CASE("read_stretch: neighbouring losses for one reason are one gap, for two reasons two") {
  Fixture f;
  f.log.append_numbered(10);
  for (const Sequence bad : {4U, 5U}) f.log.corrupt(bad);
  for (const Sequence bad : {6U, 7U, 8U}) f.log.never_stored(bad);
  CHECK(f.read(1, 9).batch->bytes() ==
        frame(1) + frame(2) + frame(3) + gap(4, 5, "corrupt") + gap(6, 8, "recorder") + frame(9));
  CHECK(f.read(2, 20).batch->bytes() == frame(2) + frame(3) + gap(4, 5, "corrupt") +
                                            gap(6, 8, "recorder") + frame(9) + frame(10) +
                                            gap(11, 20, "recorder"));
}

TEST_CASE("read_stretch: a stream of everything leaves out what is on a topic of its own") {
  Fixture f;
  for (const char* body : {R"({"type":"channel"})", R"({"x":1,"type":"graph"})",
                           R"({"type":"system","payload":{"event":"UP"}})"}) {
    auto entry = std::make_shared<Entry>();
    entry->body = body;
    f.log.append(std::move(entry));
  }
  CHECK(f.read(1, 3).batch->bytes() ==
        "id: 5f3a9c01d2-3\nevent: UP\ndata: "
        "{\"type\":\"system\",\"payload\":{\"event\":\"UP\"}}\n\n");
  Filter graph;
  graph.topics = {{TopicKind::graph, ""}};
  CHECK(f.read(1, 3, graph).batch->bytes() ==
        "id: 5f3a9c01d2-2\ndata: {\"x\":1,\"type\":\"graph\"}\n\n");
}

TEST_CASE("read_stretch: a stamped one knows when each frame was written") {
  Fixture f;
  for (const char* body : {R"({"type":"thought","timestamp_ns":"7"})", R"({"type":"action"})",
                           R"({"type":"thought","timestamp_ns":"5"})"}) {
    auto entry = std::make_shared<Entry>();
    entry->body = body;
    f.log.append(std::move(entry));
  }
  f.log.corrupt(2);
  const Stretch stretch =
      read_stretch(f.log, f.projector, {1, 3, {f.projector.find("raw")}, Filter(), true});
  CHECK(stretch.batch->stamp_from(1) == 7);
  CHECK(stretch.batch->stamp_from(2) == 0);  // the gap
  CHECK(stretch.batch->stamp_from(3) == 5);
  CHECK_FALSE(stretch.batch->stamp_from(4));
}
