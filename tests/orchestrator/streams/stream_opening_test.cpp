// What a profile and whoever knows more about a stream make of it when it opens: topic,
// first frames, where it begins, where it ends.

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tests/orchestrator/streams/stream_desk.h"
#include "tests/support/fake_clock.h"

using namespace devs;

namespace {

const StreamProfile kRuns{.key = "X",
                          .path = "/runs/{id}/stream",
                          .projection = "named",
                          .first = "data: {\"run\":\"{id}\",\"at\":<now_ms>}\n\n",
                          .heartbeat = ": heartbeat\n\n",
                          .topic = "channel:runs/{id}",
                          .ends = {"complete"}};

std::string event(const std::string& name, int n) {
  return R"({"type":"channel","event":")" + name + R"(","payload":{"n":)" + std::to_string(n) +
         "}}";
}

struct House {
  FakeClock clock;
  StreamDesk desk{{.clock = clock}};

  void publish(const std::string& name, const std::string& run = "42") {
    desk.publish(event(name, ++published), "channel:runs/" + run);
    desk.turn(4);
  }
  DeskReader reader(DeskReader::Query query = {}, StreamOpening given = {},
                    std::string last_event_id = {}) {
    return DeskReader(desk, std::move(query),
                      {.last_event_id = std::move(last_event_id),
                       .opener =
                           [given](const Exchange&, StreamOpening& opening) {
                             opening.fresh_from = given.fresh_from;
                             opening.ended_at = given.ended_at;
                             opening.first = given.first;
                             return std::optional<HttpAnswer>();
                           },
                       .profile = &kRuns,
                       .params = {{"id", "42"}}});
  }
  int published = 0;
};

std::string names(const DeskReader& reader) {
  std::string all;
  for (const auto& each : reader.events) all += (each.event == "message" ? "-" : each.event) + ' ';
  return all;
}

}  // namespace

TEST_CASE("stream opening: the path's parameters make the topic and the first frames") {
  House house;
  DeskReader reader = house.reader();
  house.publish("step");
  house.publish("step", "43");
  REQUIRE(reader.pull_until(2));
  CHECK(reader.events[0].data == R"({"run":"42","at":1795224245120})");
  house.publish("step");
  REQUIRE(reader.pull_until(3));
  CHECK(reader.events[1].data == R"({"n":1})");
  CHECK(reader.events[2].data == R"({"n":3})");
}

TEST_CASE("stream opening: a parameter that makes no topic is refused by its name") {
  House house;
  const DeskReader reader(house.desk, {}, {.profile = &kRuns, .params = {{"id", "a b"}}});
  CHECK(reader.refusal.status == 400);
  CHECK(reader.refusal.body.find(R"("field":"id")") != std::string::npos);
}

TEST_CASE("stream opening: what the opener answers is the answer") {
  House house;
  const DeskReader reader(house.desk, {},
                          {.opener =
                               [](const Exchange&, StreamOpening&) {
                                 return std::optional(error_answer(404, "NOT_FOUND", "run"));
                               },
                           .profile = &kRuns,
                           .params = {{"id", "42"}}});
  CHECK(reader.refusal.status == 404);
}

TEST_CASE("stream opening: with the entry it ends with a stream ends, and nothing follows") {
  House house;
  DeskReader reader = house.reader();
  house.publish("step");
  house.publish("complete");
  house.publish("late");
  REQUIRE(reader.pull_while([&reader] { return !reader.ended; }));
  CHECK(names(reader) == "- step complete ");
}

TEST_CASE("stream opening: of one that has ended come the entries, the end, and no goodbye") {
  for (const bool from_disk : {false, true}) {
    CAPTURE(from_disk);
    House house;
    house.publish("step");
    house.publish("complete");
    if (from_disk)
      for (int n = 0; n < 100; ++n) house.publish("noise", "43");
    DeskReader reader = house.reader({}, {.fresh_from = 1, .ended_at = 2});
    REQUIRE(reader.pull_while([&reader] { return !reader.ended; }));
    CHECK(names(reader) == "- step complete ");
  }
}

TEST_CASE("stream opening: one that has ended ends where its last entry was, shown or not") {
  House house;
  house.publish("step");
  house.publish("noise", "43");
  house.publish("step");
  DeskReader reader = house.reader({}, {.fresh_from = 1, .ended_at = 2});
  REQUIRE(reader.pull_while([&reader] { return !reader.ended; }));
  REQUIRE(reader.events.size() >= 2);
  CHECK(reader.events[1].data == R"({"n":1})");
}

TEST_CASE("stream opening: who has seen the end need not come again") {
  House house;
  house.publish("step");
  house.publish("complete");
  const StreamOpening ended{.fresh_from = 1, .ended_at = 2};
  CHECK(house.reader({}, ended, encode_event_id(kEpoch, 2)).refusal.status == 204);
  CHECK(house.reader({{"lastEventId", "latest"}}, ended).refusal.status == 204);
  DeskReader half = house.reader({}, ended, encode_event_id(kEpoch, 1));
  REQUIRE(half.pull_while([&half] { return !half.ended; }));
  CHECK(names(half) == "- complete ");
}

TEST_CASE("stream opening: history is for who begins, not for who resumes or wants the present") {
  House house;
  house.publish("step");
  house.publish("step");
  const StreamOpening history{.fresh_from = 1};
  DeskReader fresh = house.reader({}, history), lost = house.reader({}, history, "garbage"),
             back = house.reader({}, history, encode_event_id(kEpoch, 1)),
             live = house.reader({{"lastEventId", "latest"}}, history);
  house.publish("step");
  REQUIRE(fresh.pull_until(4));
  REQUIRE(lost.pull_until(5));
  REQUIRE(back.pull_until(3));
  REQUIRE(live.pull_until(2));
  CHECK(names(fresh) == "- step step step ");
  CHECK(names(lost) == "- reset step step step ");
  CHECK(back.events[1].data == R"({"n":2})");
  CHECK(live.events[1].data == R"({"n":3})");
}

TEST_CASE("stream opening: a first frame may be the state of the moment") {
  House house;
  DeskReader reader = house.reader({}, {.first = "data: {\"progress\":40}\n\n"});
  REQUIRE(reader.pull_until(1));
  CHECK(reader.events[0].data == R"({"progress":40})");
}

TEST_CASE("stream opening: what is one's own needs no owner in an open house") {
  const StreamProfile own{.key = "X",
                          .path = "/own",
                          .projection = "raw",
                          .first = ": connected\n\n",
                          .heartbeat = ": heartbeat\n\n",
                          .topic = "owner:{principal}"};
  House house;
  DeskReader local(house.desk, {}, {.profile = &own}),
      named(house.desk, {}, {.profile = &own, .principal = {.name = "u1"}});
  house.desk.publish(R"({"type":"thought","n":1})");
  house.desk.publish(R"({"type":"thought","n":2})", "owner:u2");
  house.desk.publish(R"({"type":"thought","n":3})", "owner:u1");
  house.desk.turn(4);
  REQUIRE(local.pull_until(3));
  REQUIRE(named.pull_until(1));
  CHECK(named.events[0].data == R"({"type":"thought","n":3})");
}

TEST_CASE("stream opening: a stream for operators is nobody else's") {
  StreamProfile admin = kRuns;
  admin.operators_only = true;
  House house;
  const DeskReader reader(house.desk, {},
                          {.profile = &admin,
                           .params = {{"id", "42"}},
                           .principal = {.name = "u1", .is_operator = false}});
  CHECK(reader.refusal.status == 403);
}
