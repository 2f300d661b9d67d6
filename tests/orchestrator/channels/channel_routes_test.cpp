#include "orchestrator/channels/channel_routes.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/channels/debate_house.h"

namespace devs {
namespace {

TEST_CASE("[S3.9] POST /api/debates: creates one, by its name or a new one, once") {
  DebateHouse house;
  const WireAnswer made = house.post(
      "/api/debates", R"({"debateId":"42","title":"Tea or coffee","metadata":{"round":1}})");
  CHECK(made.status == 201);
  CHECK(made.body == R"({"debateId":"42","status":"live","streamUrl":"/api/debates/42/stream"})");
  const WireAnswer again = house.post("/api/debates", R"({"debateId":"42"})");
  CHECK(again.status == 409);
  CHECK(again.body == R"({"error":"Debate exists already","debateId":"42"})");
  const WireAnswer unnamed = house.post("/api/debates", "");
  CHECK(unnamed.status == 201);
  CHECK(is_uuid(JsonView(unnamed.body)["debateId"].string().value_or("")));
  for (const char* body : {R"({"debateId":"a b"})", R"({"debateId":7})", R"({"title":7})",
                           R"({"metadata":[]})", "[]", "{"})
    CHECK(house.post("/api/debates", body).status == 400);

  const WireAnswer stands = house.get("/api/debates/42");
  CHECK(stands.status == 200);
  const JsonView debate(stands.body);
  CHECK(debate["debateId"].is("42"));
  CHECK(debate["status"].is("live"));
  CHECK(debate["phase"].is(""));
  CHECK(debate["turn"].integer() == 0);
  CHECK(debate["clients"].integer() == 0);
  CHECK(debate["createdAt"].string()->ends_with("Z"));
  CHECK(debate["lastId"].string()->ends_with("-1"));
}

TEST_CASE("[S3.3] POST events: what is right is stored, what is not says why") {
  DebateHouse house;
  const std::string id = house.utter("42", 1);
  CHECK(JsonView(house.get("/api/debates/42").body)["lastId"].is(id));
  const std::string stored = house.get("/trace/envelopes/" + id).body;
  CHECK(JsonView(stored)["payload"].text() == DebateHouse::utterance(1));

  const auto refused = [&house](const std::string& body) {
    const WireAnswer answer = house.post("/api/debates/42/events", body);
    CHECK(answer.status == 400);
    CHECK(JsonView(answer.body)["error"].is("BAD_REQUEST"));
    return JsonView(answer.body)["field"].string().value_or("");
  };
  CHECK(refused(R"({"event":"utterance","data":{"id":"u1"}})") == "data.timestamp");
  CHECK(refused(R"({"event":"goodbye","data":{}})") == "event");
  CHECK(refused(R"({"data":{}})") == "event");
  CHECK(refused(R"({"event":"applause"})") == "data");
  CHECK(refused("nonsense") == "body");
  CHECK(refused("[1]") == "body");
  CHECK(house.post("/api/debates/a%20b/events", R"({"event":"x","data":{}})").status == 400);
  CHECK(house.post("/api/channels/Debates/1/events", R"({"event":"x","data":{}})").status == 400);
}

TEST_CASE("[S3.7] POST events: 409 after complete, whatever is said") {
  DebateHouse house;
  house.utter("42", 1);
  house.complete("42");
  const WireAnswer late = house.post("/api/debates/42/events", R"({"event":"applause","data":{}})");
  CHECK(late.status == 409);
  CHECK(late.body == R"({"error":"Debate is completed","debateId":"42"})");
  for (const char* path : {"pause", "resume"})
    CHECK(house.post(std::string("/api/debates/42/") + path, "{}").status == 409);
  CHECK(house.post("/api/debates/42/interventions", R"({"type":"question","content":"Why?"})")
            .status == 409);
  CHECK(JsonView(house.get("/api/debates/42").body)["status"].is("completed"));
  house.start();  // and after a start
  CHECK(house.post("/api/debates/42/events", R"({"event":"applause","data":{}})").status == 409);
}

TEST_CASE("[S3.9] pause and resume: in their state alone, and told") {
  DebateHouse house;
  CHECK(house.post("/api/debates/42/pause", "").status == 404);
  house.utter("42", 1);
  const WireAnswer paused = house.post("/api/debates/42/pause", R"({"reason":"lunch"})");
  CHECK(paused.status == 200);
  CHECK(paused.body.starts_with(R"({"status":"paused","debateId":"42","pausedAt":"2)"));
  CHECK(house.post("/api/debates/42/pause", "").status == 400);
  CHECK(JsonView(house.get("/api/debates/42").body)["status"].is("paused"));
  const WireAnswer resumed = house.post("/api/debates/42/resume", "");
  CHECK(resumed.status == 200);
  CHECK(resumed.body.starts_with(R"({"status":"live","debateId":"42","resumedAt":"2)"));
  const WireAnswer twice = house.post("/api/debates/42/resume", "");
  CHECK(twice.status == 400);
  CHECK(JsonView(twice.body)["debateId"].is("42"));
  CHECK(house.post("/api/debates/42/pause", R"({"reason":7})").status == 400);
}

TEST_CASE("[S3.9] interventions: queued under an id, and told with their words") {
  DebateHouse house;
  house.utter("42", 1);
  for (const char* type :
       {"question", "challenge", "evidence_injection", "pause_request", "clarification_request"}) {
    const WireAnswer queued = house.post(
        "/api/debates/42/interventions",
        std::string(R"({"type":")") + type + R"(","content":"Why?","directedTo":"pro"})");
    CHECK(queued.status == 201);
    CHECK(JsonView(queued.body)["status"].is("queued"));
    const std::string last =
        JsonView(house.get("/api/debates/42").body)["lastId"].string().value_or("");
    const std::string entry = house.get("/trace/envelopes/" + last).body;
    const JsonView told = JsonView(entry)["payload"];
    CHECK(told["interventionId"].text() == JsonView(queued.body)["interventionId"].text());
    CHECK(told["type"].is(type));
    CHECK(told["content"].is("Why?"));
    CHECK(told["directedTo"].is("pro"));
    CHECK(told["debateId"].is("42"));
    CHECK(told["timestampMs"].integer().value_or(0) > 1'700'000'000'000);
  }
  for (const char* body : {R"({"type":"shout","content":"x"})", R"({"type":"question"})",
                           R"({"type":"question","content":""})", R"({"content":"x"})",
                           R"({"type":"question","content":"x","directedTo":1})", ""})
    CHECK(house.post("/api/debates/42/interventions", body).status == 400);
  CHECK(
      house.post("/api/debates/43/interventions", R"({"type":"question","content":"x"})").status ==
      404);
}

TEST_CASE("[S3.9] utterances: pages, of one speaker and one phase, as they were said") {
  DebateHouse house;
  for (int n = 1; n <= 5; ++n)
    house.utter("42", n, n % 2 == 1 ? "pro" : "con", n <= 3 ? "opening" : "closing");
  house.say("42", "applause", "{}");
  const WireAnswer all = house.get("/api/debates/42/utterances");
  CHECK(all.body == R"({"utterances":[)" + DebateHouse::utterance(1) + ',' +
                        DebateHouse::utterance(2, "con") + ',' + DebateHouse::utterance(3) + ',' +
                        DebateHouse::utterance(4, "con", "closing") + ',' +
                        DebateHouse::utterance(5, "pro", "closing") +
                        R"(],"total":5,"offset":0,"limit":100})");
  CHECK(house.get("/api/debates/42/utterances?offset=1&limit=1").body ==
        R"({"utterances":[)" + DebateHouse::utterance(2, "con") +
            R"(],"total":5,"offset":1,"limit":1})");
  CHECK(house.get("/api/debates/42/utterances?speaker=pro&phase=closing").body ==
        R"({"utterances":[)" + DebateHouse::utterance(5, "pro", "closing") +
            R"(],"total":1,"offset":0,"limit":100})");
  CHECK(house.get("/api/debates/42/utterances?speaker=nobody").body ==
        R"({"utterances":[],"total":0,"offset":0,"limit":100})");
  for (const char* bad : {"limit=0", "limit=1001", "limit=x", "offset=-1", "offset="})
    CHECK(house.get(std::string("/api/debates/42/utterances?") + bad).status == 400);
  CHECK(house.get("/api/debates/43/utterances").status == 404);

  house.say("42", "phase_transition", R"({"phase":"verdict","timestamp":1})");
  const WireAnswer transcript = house.get("/api/debates/42/transcript");
  CHECK(transcript.body.starts_with(
      R"({"debateId":"42","status":"live","phases":["opening","closing","verdict"],"utterances":[)" +
      DebateHouse::utterance(1) + ','));
  CHECK(transcript.body.ends_with(DebateHouse::utterance(5, "pro", "closing") + "]}"));

  house.start();  // from the log, not the ring
  CHECK(house.get("/api/debates/42/utterances").body == all.body);
  CHECK(house.get("/api/debates/42/transcript").body == transcript.body);
}

TEST_CASE("[S3.9] transcript: no more text than an answer may hold, and it says so") {
  DebateHouse house;
  const std::string content(1'000'000, 'x');
  for (int n = 0; n < 9; ++n)
    house.say("42", "utterance",
              R"({"id":1,"timestamp":1,"phase":"p","speaker":"s","content":")" + content + "\"}");
  const WireAnswer transcript = house.get("/api/debates/42/transcript");
  CHECK(transcript.body.size() < 9'000'000);
  CHECK(transcript.body.ends_with(R"(],"truncated":true})"));
  CHECK(JsonView(transcript.body)["utterances"].size() == 8);
  CHECK(JsonView(house.get("/api/debates/42/utterances?offset=8").body)["utterances"].size() == 1);
}

TEST_CASE("channels: the same routes under any name, where the id is called id") {
  DebateHouse house;
  CHECK(house.post("/api/channels/runs", R"({"id":"7"})").body ==
        R"({"id":"7","status":"live","streamUrl":"/api/channels/runs/7/stream"})");
  CHECK(house.post("/api/channels/runs/7/events", R"({"event":"step","data":{"n":1}})").status ==
        201);
  CHECK(house.post("/api/channels/runs/7/pause", "")
            .body.starts_with(R"({"status":"paused","id":"7","pausedAt":")"));
  CHECK(house.get("/api/channels/runs/8").body == R"({"error":"Channel not found","id":"8"})");
  CHECK(house.get("/api/channels/runs/7").body.starts_with(R"({"id":"7","status":"paused")"));
  CHECK(house.post("/api/channels/Runs", "{}").status == 400);
  // A debate is a channel of that name.
  house.utter("42", 1);
  CHECK(JsonView(house.get("/api/channels/debates/42").body)["turn"].integer() == 1);
}

TEST_CASE("channels: where they must exist, an unknown one is 404") {
  OrchestratorServer::Options options;
  options.channels.book.require_existing = true;
  DebateHouse house(std::move(options));
  const WireAnswer unknown =
      house.post("/api/debates/42/events", R"({"event":"applause","data":{}})");
  CHECK(unknown.status == 404);
  CHECK(unknown.body == R"({"error":"Debate not found","debateId":"42"})");
  CHECK(house.post("/api/debates", R"({"debateId":"42"})").status == 201);
  CHECK(house.post("/api/debates/42/events", R"({"event":"applause","data":{}})").status == 201);
}

TEST_CASE("[S3.13] every broadcast is a line with its count") {
  DebateHouse house;
  const std::string id = house.utter("42", 1);
  CHECK(house.lines.wait_for("channel_broadcast", "event=utterance") ==
        "channel_broadcast channel=debates/42 event=utterance id=" + id + " clients=0");
}

TEST_CASE("Channels: a host speaks without HTTP, and hears why it may not") {
  DebateHouse house;
  Channels& channels = house.server->channels();
  const auto said = channels.broadcast("debates", "42", "utterance", DebateHouse::utterance(1));
  REQUIRE(said.ok());
  CHECK(said->ends_with("-2"));
  CHECK(channels.broadcast("Debates", "42", "x", "{}").status().code() == Code::invalid_argument);
  CHECK(channels.broadcast("debates", "42", "gap", "{}").status().code() == Code::invalid_argument);
  CHECK(channels.broadcast("debates", "42", "x", "{").status().code() == Code::invalid_argument);
  CHECK(channels.broadcast("debates", "42", "resume", R"({"debateId":"42","timestamp":1})")
            .status()
            .code() == Code::invalid_argument);
  CHECK(channels.client_count() == 0);
}

}  // namespace
}  // namespace devs
