#include "orchestrator/channels/channel_events.h"

#include <doctest/doctest.h>

#include <string>

#include "orchestrator/channels/channel_state.h"
#include "protocol/json.h"

namespace devs {
namespace {

constexpr const char* kUtterance =
    R"({"id":"u1","timestamp":1,"phase":"opening","speaker":"pro","content":"so"})";

std::string wrong(std::string_view channel, std::string_view event, std::string_view data) {
  const auto bad = check_channel_event(channel, event, JsonView(data));
  return bad ? bad->field : std::string();
}

TEST_CASE("[S3.3] check_channel_event: every known event must have its members, and no more") {
  struct Known {
    const char* event;
    std::vector<std::string> members;
  };
  const Known known[] = {
      {"utterance", {"id", "timestamp", "phase", "speaker", "content"}},
      {"phase_transition", {"phase", "timestamp"}},
      {"intervention_submitted", {"interventionId", "type", "directedTo", "timestampMs"}},
      {"intervention_response",
       {"interventionId", "debateId", "speaker", "response", "timestampMs"}},
      {"pause", {"debateId", "timestamp"}},
      {"resume", {"debateId", "timestamp"}},
      {"complete", {"debateId", "totalDurationMs", "finalPhase", "timestamp"}},
      {"error", {"debateId", "error", "timestamp"}}};
  for (const Known& one : known) {
    for (std::size_t left_out = 0; left_out <= one.members.size(); ++left_out) {
      std::string data = "{";
      for (std::size_t at = 0; at < one.members.size(); ++at)
        if (at != left_out) data += (data.size() > 1 ? ",\"" : "\"") + one.members[at] + R"(":"x")";
      data += '}';
      const std::string missing =
          left_out < one.members.size() ? "data." + one.members[left_out] : "";
      INFO(one.event, ' ', data);
      CHECK(wrong("debates", one.event, data) == missing);
    }
  }
}

TEST_CASE("[S3.3] check_channel_event: a channel that is no debate calls its id id") {
  CHECK(wrong("runs", "pause", R"({"id":"42","timestamp":1})") == "");
  CHECK(wrong("runs", "pause", R"({"debateId":"42","timestamp":1})") == "data.id");
}

TEST_CASE("[S3.3] check_channel_event: any other name takes any object") {
  CHECK(wrong("debates", "applause", "{}") == "");
  CHECK(wrong("debates", "a2_b", R"({"any":[1]})") == "");
  for (const char* data : {"[]", "1", "\"x\"", "null", ""})
    CHECK(wrong("debates", "applause", data) == "data");
}

TEST_CASE(
    "[S3.3] check_channel_event: names of the streams' own, and what is no name, are refused") {
  for (const char* name : {"gap", "reset", "evicted", "goodbye", "envelope_oversize", "replay_end",
                           "connected", "heartbeat", "message", "catchup_start", "catchup_of_mine",
                           "", "Utterance", "1st", "a-b", "a b", "a\nb", "\u00e9"})
    CHECK(wrong("debates", name, kUtterance) == "event");
  CHECK(wrong("debates", std::string(64, 'a'), "{}") == "");
  CHECK(wrong("debates", std::string(65, 'a'), "{}") == "event");
}

TEST_CASE("check_channel_event: speakers and phases are words of 1 to 256 bytes") {
  const auto with = [](const std::string& speaker) {
    return R"({"id":1,"timestamp":1,"phase":"p","speaker":)" + speaker + R"(,"content":""})";
  };
  CHECK(wrong("debates", "utterance", with('"' + std::string(256, 'x') + '"')) == "");
  CHECK(wrong("debates", "utterance", with('"' + std::string(257, 'x') + '"')) == "data.speaker");
  CHECK(wrong("debates", "utterance", with("\"\"")) == "data.speaker");
  CHECK(wrong("debates", "utterance", with("7")) == "data.speaker");
}

TEST_CASE("[S3.3] channel_draft: the publisher's data is in the entry byte for byte") {
  const std::string data = R"({"b":1.10,"a":"\u0041\/\n","c":{"x":[]}})";
  const Draft draft = channel_draft({"debates", "42"}, "applause", data, 7, "owner:u1");
  CHECK(
      draft.body ==
      R"({"type":"channel","schema_version":"1.0.0","turn_index":7,"timestamp_ns":"0000000000000000000","channel":"debates/42","event":"applause","payload":)" +
          data + '}');
  CHECK(draft.facts.type == "channel");
  CHECK(draft.facts.name == "applause");
  CHECK(draft.topics == "channel:debates/42,owner:u1");
  CHECK(JsonView(draft.body)["payload"].text() == data);
}

// --- the fold ---

struct Folded {
  ChannelState state{""};
  Sequence at = 0;
  void say(std::string_view event, const std::string& data, Sequence visible = ~Sequence{0}) {
    state.fold({.sequence = ++at,
                .event = event,
                .data = JsonView(data),
                .turn = state.turns().size() + 1},
               visible);
  }
  void utter(const std::string& speaker, const std::string& phase) {
    say("utterance", R"({"speaker":")" + speaker + R"(","phase":")" + phase + "\"}");
  }
};

TEST_CASE("ChannelState: turns, phase and status are what its entries come to") {
  Folded debate;
  debate.say("", R"({"createdAt":"2026-11-21T01:24:05.120Z"})");
  CHECK(debate.state.created_at() == "2026-11-21T01:24:05.120Z");
  CHECK(debate.state.status() == ChannelStatus::live);
  CHECK(debate.state.turn() == 0);
  debate.utter("pro", "opening");
  CHECK(debate.state.phase() == "opening");
  debate.say("phase_transition", R"({"phase":"rebuttal","timestamp":1})");
  debate.utter("con", "opening");  // said late
  CHECK(debate.state.phase() == "rebuttal");
  CHECK(debate.state.turn() == 2);
  debate.say("pause", "{}");
  CHECK(debate.state.status() == ChannelStatus::paused);
  debate.say("error", R"({"error":"model failed"})");
  debate.say("resume", "{}");
  CHECK(debate.state.status() == ChannelStatus::live);
  debate.say("complete", R"({"finalPhase":"closing"})");
  CHECK(debate.state.status() == ChannelStatus::completed);
  CHECK(debate.state.completed_at() == 8);
  CHECK(debate.state.phases() == std::vector<std::string>{"opening", "rebuttal", "closing"});
  CHECK(debate.state.first() == 1);
  CHECK(debate.state.last() == 8);
}

TEST_CASE("ChannelState: nobody is told what is not visible yet") {
  Folded debate;
  debate.say("utterance", R"({"speaker":"pro","phase":"opening"})", 0);
  debate.say("phase_transition", R"({"phase":"closing"})", 0);
  debate.say("utterance", R"({"speaker":"con","phase":"closing"})", 0);
  debate.say("complete", R"({"finalPhase":"over"})", 0);
  CHECK_FALSE(debate.state.as_of(0));
  const auto one = debate.state.as_of(1);
  CHECK(one->turn() == 1);
  CHECK(one->phase() == "opening");
  CHECK(one->turns().size() == 1);
  CHECK(one->last() == 1);
  const auto three = debate.state.as_of(3);
  CHECK(three->turn() == 2);
  CHECK(three->phase() == "closing");
  CHECK(three->status() == ChannelStatus::live);
  CHECK(three->completed_at() == 0);
  CHECK(three->phases().size() == 2);
  CHECK(debate.state.as_of(4)->completed_at() == 4);
}

TEST_CASE("ChannelState: of a long debate the newest turns are kept, and so many words") {
  Folded debate;
  const std::size_t count = ChannelState::kMaxTurns + 5;
  for (std::size_t n = 0; n < count; ++n) {
    const std::string data = R"({"speaker":"s)" + std::to_string(n) + R"(","phase":"p"})";
    debate.state.fold(
        {.sequence = n + 1, .event = "utterance", .data = JsonView(data), .turn = n + 1}, n + 1);
  }
  CHECK(debate.state.turns().size() == ChannelState::kMaxTurns);
  CHECK(debate.state.turns().front().number == 6);
  CHECK(debate.state.turn() == count);
  CHECK(debate.state.word("s0"));
  CHECK_FALSE(debate.state.word("s" + std::to_string(count - 1)));
}

}  // namespace
}  // namespace devs
