#include "orchestrator/channels/channel_catch_up.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/channels/debate_house.h"

namespace devs {
namespace {

TEST_CASE("[S3.5] catch-up by turn: the triple from one picture, ids to resume from, then live") {
  DebateHouse house;
  for (int n = 1; n <= 3; ++n) house.utter("42", n);
  house.say("42", "phase_transition", R"({"phase":"rebuttal","timestamp":1})");
  const std::string last = house.say("42", "applause", "{}");
  DebateStream stream(house, std::string(kStream) + "?lastTurnNumber=1");
  (void)stream.client_id();
  CHECK(
      stream.next() ==
      R"(catchup_start {"debateId":"42","missedTurnCount":2,"fromTurnNumber":2,"toTurnNumber":3})");
  for (int n = 2; n <= 3; ++n) {
    std::string data = DebateHouse::utterance(n);
    data.back() = ',';
    const auto event = stream.events.next();
    REQUIRE(event);
    CHECK(event->event == "catchup_utterance");
    CHECK(event->data == data + R"("isCatchup":true})");
    CHECK(event->id.ends_with('-' + std::to_string(n + 1)));  // after the creation
  }
  const auto complete = stream.events.next();
  REQUIRE(complete);
  CHECK(complete->event == "catchup_complete");
  CHECK(complete->data ==
        R"({"debateId":"42","utterancesSent":2,"currentPhase":"rebuttal","debateStatus":"live"})");
  CHECK(complete->id == last);
  house.utter("42", 4);
  CHECK(stream.next() == utterance_event(4));
}

TEST_CASE("[S3.5] catch-up with nothing missed, of nothing known, and with an id beside it") {
  DebateHouse house;
  DebateStream unknown(house, std::string(kStream) + "?lastTurnNumber=0");
  (void)unknown.client_id();
  CHECK(
      unknown.next() ==
      R"(catchup_start {"debateId":"42","missedTurnCount":0,"fromTurnNumber":1,"toTurnNumber":0})");
  CHECK(
      unknown.next() ==
      R"(catchup_complete {"debateId":"42","utterancesSent":0,"currentPhase":"","debateStatus":"live"})");
  const std::string first = house.utter("42", 1);
  CHECK(unknown.next() == utterance_event(1));
  CHECK(house.post("/api/debates/42/pause", "").status == 200);

  DebateStream nothing(house, std::string(kStream) + "?lastTurnNumber=1");
  (void)nothing.client_id();
  CHECK(nothing.next().find(R"("missedTurnCount":0,"fromTurnNumber":2,"toTurnNumber":1)") !=
        std::string::npos);
  CHECK(nothing.next().find(
            R"("utterancesSent":0,"currentPhase":"opening","debateStatus":"paused")") !=
        std::string::npos);

  // Who names an entry goes on from that; browsers send both.
  DebateStream both(house, std::string(kStream) + "?lastTurnNumber=0", last_event_id(first));
  (void)both.client_id();
  CHECK(both.next().starts_with("pause "));

  for (const char* bad : {"x", "", "-1", "1.5", "99999999999999999999"}) {
    const WireAnswer refused = house.get(std::string(kStream) + "?lastTurnNumber=" + bad);
    CHECK(refused.status == 400);
    CHECK(JsonView(refused.body)["field"].is("lastTurnNumber"));
  }
}

TEST_CASE("[S3.5] catch-up of more than is made ready at once: the rest comes as it was said") {
  DebateHouse house;
  const std::string content(300'000, 'x');
  const auto said = [&content](int n) {
    return R"({"id":)" + std::to_string(n) +
           R"(,"timestamp":1,"phase":"opening","speaker":"pro","content":")" + content + "\"}";
  };
  for (int n = 1; n <= 8; ++n) house.say("42", "utterance", said(n));
  house.say("42", "phase_transition", R"({"phase":"closing","timestamp":1})");
  DebateStream stream(house, std::string(kStream) + "?lastTurnNumber=0");
  (void)stream.client_id();
  CHECK(stream.next().find(R"("missedTurnCount":8,"fromTurnNumber":1,"toTurnNumber":8)") !=
        std::string::npos);
  int number = 0;
  std::string event = stream.next();
  while (event.starts_with("catchup_utterance ")) {
    ++number;
    event = stream.next();
  }
  CHECK(number == static_cast<int>(kMaxCatchup / content.size()));
  CHECK(event.find(R"("utterancesSent":)" + std::to_string(number) +
                   R"(,"currentPhase":"opening","debateStatus":"live")") != std::string::npos);
  while (number < 8) CHECK(stream.next() == "utterance " + said(++number));
  CHECK(stream.next().starts_with("phase_transition "));
}

TEST_CASE("[S3.5] in a catch-up too, an utterance too large for a stream is named") {
  DebateHouse house;
  const std::string id =
      house.say("42", "utterance",
                R"({"id":1,"timestamp":1,"phase":"p","speaker":"s","content":")" +
                    std::string(1'100'000, 'x') + "\"}");
  DebateStream stream(house, std::string(kStream) + "?lastTurnNumber=0");
  (void)stream.client_id();
  CHECK(stream.next().starts_with("catchup_start "));
  CHECK(stream.next().starts_with("envelope_oversize {\"id\":\"" + id + '"'));
  CHECK(stream.next().starts_with("catchup_complete "));
}

}  // namespace
}  // namespace devs
