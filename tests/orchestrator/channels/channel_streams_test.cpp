#include "orchestrator/channels/channel_streams.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/orchestrator/channels/debate_house.h"

namespace devs {
namespace {

TEST_CASE(
    "[S3.1] a debate's stream: headers, then connected with clientId and debateId, then retry") {
  DebateHouse house;
  DebateStream stream(house, kStream);
  CHECK(stream.head.status == 200);
  CHECK(stream.head.header("content-type") == "text/event-stream");
  CHECK(stream.head.header("cache-control") == "no-cache");
  CHECK(stream.head.header("connection") == "keep-alive");
  CHECK(stream.head.header("x-accel-buffering") == "no");
  const std::string client = stream.client_id();
  CHECK(is_uuid(client));
  CHECK(stream.events.raw() == "event: connected\ndata: {\"clientId\":\"" + client +
                                   "\",\"debateId\":\"42\"}\n\nretry: 2000\n\n");
}

TEST_CASE(
    "[S3.1] the heartbeat of debates is as their clients know it, that of channels has a space") {
  OrchestratorServer::Options options;
  options.streams.heartbeat = std::chrono::milliseconds(100);
  options.streams.checkpoint = false;
  DebateHouse house(std::move(options));
  for (const auto& [path, heartbeat] :
       {std::pair{kStream, "\n\n:heartbeat\n\n"},
        std::pair{"/api/channels/runs/7/stream", "\n\n: heartbeat\n\n"}}) {
    DebateStream stream(house, path);
    std::string raw;
    while (raw.find(heartbeat) == raw.npos) {
      const auto part = stream.wire.read_part();
      REQUIRE(part);
      raw += *part;
    }
  }
}

TEST_CASE("[S3.3] every event goes out under its name, its data byte for byte") {
  DebateHouse house;
  DebateStream stream(house, kStream);
  (void)stream.client_id();
  const std::vector<std::pair<std::string, std::string>> said = {
      {"utterance", DebateHouse::utterance(1)},
      {"phase_transition", R"({"phase":"rebuttal","timestamp":1,"fromPhase":"opening"})"},
      {"intervention_submitted",
       R"({"interventionId":"i1","type":"question","directedTo":null,"timestampMs":1})"},
      {"intervention_response",
       R"({"interventionId":"i1","debateId":"42","speaker":"pro","response":"","timestampMs":1})"},
      {"pause", R"({"debateId":"42","timestamp":1})"},
      {"resume", R"({"debateId":"42","timestamp":1})"},
      {"error", R"({"debateId":"42","error":"late","code":"E1","timestamp":1.50})"},
      {"applause", R"({"z":1,"a":"\u0041\/\"\n\u2028","\u00e9":"é\ud83d\ude00","n":[1e5,-0]})"}};
  for (const auto& [event, data] : said) {
    const std::string id = house.say("42", event, data);
    CHECK(stream.next() == event + ' ' + data);
    CHECK(stream.events.raw().ends_with("id: " + id + "\nevent: " + event + "\ndata: " + data +
                                        "\n\n"));
  }
}

TEST_CASE("[S3.3] a payload of nearly a mebibyte is intact; a larger one is named") {
  DebateHouse house;
  DebateStream stream(house, kStream);
  (void)stream.client_id();
  std::string text;
  while (text.size() < 1'000'000) text += "voil\u00e0 \\\"\u6f22\u5b57\\\" \\n";
  const std::string data = R"({"text":")" + text + "\"}";
  house.say("42", "applause", data);
  CHECK(stream.next() == "applause " + data);
  const std::string id = house.say("42", "applause", R"({"text":")" + text + text + "\"}");
  CHECK(stream.next().starts_with("envelope_oversize {\"id\":\"" + id + "\",\"bytes\":"));
  house.utter("42", 1);
  CHECK(stream.next() == utterance_event(1));
}

TEST_CASE("[S3.2] a broadcast reaches the clients of its debate, and no others") {
  DebateHouse house;
  DebateStream one(house, kStream), two(house, kStream), other(house, "/api/debates/43/stream"),
      channel(house, "/api/channels/runs/42/stream");
  for (DebateStream* stream : {&one, &two, &other, &channel}) CHECK(stream->client_id() != "");
  Channels& channels = house.server->channels();
  CHECK(channels.client_count() == 4);
  CHECK(channels.client_count("debates") == 3);
  CHECK(channels.client_count("debates", "42") == 2);
  CHECK(channels.client_count("debates", "44") == 0);
  CHECK(JsonView(house.get("/api/debates/42").body).present());

  house.utter("42", 1);
  REQUIRE(channels.broadcast("runs", "42", "step", "{}").ok());
  house.utter("43", 2);
  CHECK(one.next() == utterance_event(1));
  CHECK(two.next() == utterance_event(1));
  CHECK(other.next() == utterance_event(2));
  CHECK(channel.next() == "step {}");
  CHECK(JsonView(house.get("/api/debates/42").body)["clients"].integer() == 2);
}

TEST_CASE(
    "[S3.2] [S3.13] a client that breaks off is gone, the others hear on; lines tell the counts") {
  DebateHouse house;
  DebateStream stays(house, kStream);
  const std::string stayed = stays.client_id();
  {
    DebateStream breaks(house, kStream);
    const std::string broken = breaks.client_id();
    CHECK(house.lines.wait_for("channel_connect", broken) ==
          "channel_connect channel=debates/42 client=" + broken + " clients=2 clients_of_all=2");
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(breaks.wire.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    breaks.wire.hang_up();
    CHECK(house.lines.wait_for("channel_disconnect", broken) ==
          "channel_disconnect channel=debates/42 client=" + broken + " clients=1 clients_of_all=1");
  }
  house.utter("42", 1);
  CHECK(stays.next() == utterance_event(1));
  CHECK(house.lines.wait_for("channel_broadcast").ends_with("clients=1"));
  stays.wire.hang_up();
  CHECK(house.lines.wait_for("channel_disconnect", stayed).ends_with("clients=0 clients_of_all=0"));
}

TEST_CASE("[S3.4] Last-Event-ID: what was missed, once, in order, then live") {
  DebateHouse house;
  const std::string first = house.utter("42", 1);
  for (int n = 2; n <= 5; ++n) {
    house.utter("42", n);
    house.utter("43", n);
  }
  for (const bool restarted : {false, true}) {
    if (restarted) house.start();
    DebateStream by_header(house, kStream, last_event_id(first));
    DebateStream by_query(house, std::string(kStream) + "?lastEventId=" + first);
    for (DebateStream* stream : {&by_header, &by_query}) {
      (void)stream->client_id();
      for (int n = 2; n <= 5; ++n) CHECK(stream->next() == utterance_event(n));
      if (restarted) CHECK(stream->next() == utterance_event(6));
    }
    const int more = restarted ? 7 : 6;
    house.utter("42", more);
    for (DebateStream* stream : {&by_header, &by_query})
      CHECK(stream->next() == utterance_event(more));
  }
}

TEST_CASE("[S3.4] [S3.5] clients that come back while others speak have everything once") {
  DebateHouse house;
  const std::string first = house.utter("42", 1);
  // Some more are said in each round: those who come have as much to hear as that.
  constexpr int kPerRound = 40;
  std::atomic<int> said{1}, wanted{1};
  std::jthread speaker([&](const std::stop_token& stop) {
    Channels& channels = house.server->channels();
    while (!stop.stop_requested()) {
      if (said < wanted) {
        (void)channels.broadcast("debates", "42", "utterance", DebateHouse::utterance(said + 1));
        ++said;
      }
      std::this_thread::yield();
    }
  });
  for (int round = 0; round < 30; ++round) {
    const bool by_turn = round % 2 == 1;
    wanted += kPerRound;
    DebateStream stream(house, std::string(kStream) + (by_turn ? "?lastTurnNumber=1" : ""),
                        by_turn ? "" : last_event_id(first));
    (void)stream.client_id();
    int number = 1;
    while (number < wanted) {
      const auto event = stream.events.next();
      REQUIRE(event);
      if (event->event == "catchup_start" || event->event == "catchup_complete") continue;
      ++number;
      const JsonView data(event->data);
      REQUIRE(data["id"].is("u" + std::to_string(number)));
    }
  }
}

TEST_CASE("[S3.6] framing=message: everything in one wrapper, under one name") {
  DebateHouse house;
  DebateStream stream(house, std::string(kStream) + "?framing=message&lastTurnNumber=0");
  const auto connected = stream.events.next();
  REQUIRE(connected);
  CHECK(connected->event == "message");
  const JsonView first(connected->data);
  CHECK(first["event"].is("connected"));
  const std::string client = first["data"]["clientId"].string().value_or("");
  CHECK(first["data"].text() ==
        R"({"debateId":"42","clientId":")" + client + R"(","message":"Connected"})");
  CHECK(first["id"].is(""));
  CHECK(first["timestamp"].integer().value_or(0) > 1'700'000'000'000);
  const auto wrapped = [&stream](std::string_view event) {
    const auto got = stream.events.next();
    REQUIRE(got);
    CHECK(got->event == "message");
    const JsonView data(got->data);
    CHECK(data["event"].is(event));
    CHECK(data["timestamp"].integer().value_or(0) > 1'700'000'000'000);
    return *got;
  };
  (void)wrapped("catchup_start");
  (void)wrapped("catchup_complete");
  const std::string id = house.utter("42", 1);
  const auto live = wrapped("utterance");
  CHECK(live.id == id);
  CHECK(JsonView(live.data)["id"].is(id));
  CHECK(JsonView(live.data)["data"].text() == DebateHouse::utterance(1));
  // What is sent to it alone, too.
  REQUIRE(house.server->channels().send_to_client(client, "hint", R"({"n":1})").ok());
  CHECK(JsonView(wrapped("hint").data)["data"].text() == R"({"n":1})");

  // The same frame in replay, and control events in the wrapper.
  DebateStream again(house, std::string(kStream) + "?framing=message&lastEventId=earliest");
  (void)again.events.next();
  CHECK(again.events.next()->data == live.data);
  DebateStream reset(house, std::string(kStream) + "?framing=message",
                     last_event_id("aaaaaaaaaa-12"));
  (void)reset.events.next();
  const auto control = reset.events.next();
  REQUIRE(control);
  CHECK(control->event == "message");
  CHECK(JsonView(control->data)["event"].is("reset"));
  CHECK(JsonView(control->data)["data"]["reason"].is("epoch"));

  CHECK(house.get(std::string(kStream) + "?framing=other").status == 400);
  DebateStream named(house, std::string(kStream) + "?framing=named");
  CHECK(is_uuid(named.client_id()));
}

TEST_CASE("[S3.7] complete ends the stream; late clients get the whole story, then 204") {
  DebateHouse house;
  DebateStream live(house, kStream), messages(house, std::string(kStream) + "?framing=message");
  (void)live.client_id();
  (void)messages.events.next();
  house.utter("42", 1);
  house.say("42", "applause", "{}");
  const std::string complete = house.complete("42");
  CHECK(live.next() == utterance_event(1));
  CHECK(live.next() == "applause {}");
  CHECK(live.next().starts_with("complete "));
  CHECK(live.next() == "");
  CHECK(live.events.ended());
  for (int n = 0; n < 3; ++n) CHECK(messages.events.next());
  CHECK_FALSE(messages.events.next());
  house.utter("43", 1);  // the log goes on

  for (const bool restarted : {false, true}) {
    if (restarted) house.start();
    DebateStream late(house, kStream);
    CHECK(late.head.status == 200);
    (void)late.client_id();
    CHECK(late.next() == utterance_event(1));
    CHECK(late.next() == "applause {}");
    CHECK(late.next().starts_with("complete "));
    CHECK(late.next() == "");
    CHECK(late.events.ended());

    DebateStream caught(house, std::string(kStream) + "?lastTurnNumber=0");
    (void)caught.client_id();
    CHECK(caught.next().starts_with("catchup_start "));
    CHECK(caught.next().starts_with("catchup_utterance "));
    CHECK(caught.next().find(R"("debateStatus":"completed")") != std::string::npos);
    CHECK(caught.next().starts_with("complete "));
    CHECK(caught.next() == "");

    CHECK(house.get(kStream, last_event_id(complete)).status == 204);
    CHECK(house.get(std::string(kStream) + "?lastEventId=" + complete).status == 204);
    CHECK(house.get("/api/channels/debates/42/stream", last_event_id(complete)).status == 204);
  }
}

TEST_CASE("[S3.7] a client that comes as the debate completes is not left waiting") {
  DebateHouse house;
  for (int round = 0; round < 40; ++round) {
    const std::string debate = "r" + std::to_string(round);
    (void)house.server->channels().broadcast("debates", debate, "applause", "{}");
    std::jthread completes([&] {
      (void)house.server->channels().broadcast(
          "debates", debate, "complete",
          R"({"debateId":"x","totalDurationMs":1,"finalPhase":"f","timestamp":1})");
    });
    DebateStream stream(house, "/api/debates/" + debate + "/stream");
    (void)stream.client_id();
    std::string event = stream.next();
    if (event == "applause {}") event = stream.next();
    CHECK(event.starts_with("complete "));
    CHECK(stream.next() == "");
    CHECK(stream.events.ended());
  }
}

TEST_CASE("[S3.8] an error event is one more event: the stream goes on") {
  DebateHouse house;
  DebateStream stream(house, kStream);
  (void)stream.client_id();
  house.say("42", "error", R"({"debateId":"42","error":"model","timestamp":1})");
  house.utter("42", 1);
  CHECK(stream.next() == R"(error {"debateId":"42","error":"model","timestamp":1})");
  CHECK(stream.next() == utterance_event(1));
  CHECK(JsonView(house.get("/api/debates/42").body)["status"].is("live"));
}

TEST_CASE("[S3.9] pause, resume and interventions reach who listens, within a second") {
  DebateHouse house;
  house.utter("42", 1);
  DebateStream stream(house, kStream);
  (void)stream.client_id();
  const auto within = [&](const char* path, const char* body, std::string_view event) {
    const auto begin = std::chrono::steady_clock::now();
    CHECK(house.post(std::string("/api/debates/42/") + path, body).status < 300);
    const std::string told = stream.next();
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
    CHECK(told.starts_with(std::string(event) + ' '));
    return told.substr(event.size() + 1);
  };
  const std::string paused = within("pause", R"({"reason":"lunch"})", "pause");
  CHECK(paused.starts_with(R"({"debateId":"42","reason":"lunch","timestamp":1)"));
  CHECK(within("resume", "", "resume").starts_with(R"({"debateId":"42","timestamp":1)"));
  const std::string asked =
      within("interventions", R"({"type":"question","content":"Why?"})", "intervention_submitted");
  CHECK(JsonView(asked)["content"].is("Why?"));
  CHECK(JsonView(asked)["directedTo"].text() == "null");
}

TEST_CASE("channels: where they must exist, a stream of an unknown one is 404") {
  OrchestratorServer::Options options;
  options.channels.book.require_existing = true;
  DebateHouse house(std::move(options));
  const WireAnswer unknown = house.get(kStream);
  CHECK(unknown.status == 404);
  CHECK(unknown.body == R"({"error":"Debate not found","debateId":"42"})");
  REQUIRE(house.post("/api/debates", R"({"debateId":"42"})").status == 201);
  DebateStream stream(house, kStream);
  CHECK(stream.head.status == 200);
  CHECK(house.get("/api/debates/a%20b/stream").status == 400);
}

}  // namespace
}  // namespace devs
