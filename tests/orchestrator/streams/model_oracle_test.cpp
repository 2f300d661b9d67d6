#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/streams/model_oracle.h"

// The oracle of the whole house is held to what it must see: each of these lives has
// one thing wrong with it.

using namespace devs;

namespace {

const std::string kEpoch = "5f3a9c01d2";
const std::string kFirst = ": connected\n\nretry: 2000\n\n";

std::string id(Sequence n) {
  return kEpoch + '-' + std::to_string(n);
}

// Ten thoughts, of which retention took two; every other one is of task a.
ModelStory story() {
  ModelStory story;
  story.epoch = kEpoch;
  for (Sequence n = 1; n <= 10; ++n) {
    ModelEntry entry;
    entry.type = "thought";
    entry.number = std::to_string(n);
    if (n % 2 == 0) entry.task = "a";
    story.entries.emplace(n, std::move(entry));
    if (n > 2) story.kept.insert(n);
  }
  return story;
}
std::string frame(Sequence n) {
  return "id: " + id(n) + "\ndata: " + story().entries.at(n).body() + "\n\n";
}
std::string frames(Sequence from, Sequence through) {
  std::string text;
  for (Sequence n = from; n <= through; ++n) text += frame(n);
  return text;
}
std::string gap(Sequence from, Sequence to, Sequence count, const std::string& reason = "expired") {
  return "id: " + id(to) + "\nevent: gap\ndata: {\"from\":\"" + id(from) + "\",\"to\":\"" + id(to) +
         "\",\"count\":" + std::to_string(count) + ",\"reason\":\"" + reason + "\"}\n\n";
}
std::string reset(const std::string& reason, const std::string& requested) {
  return "event: reset\ndata: {\"reason\":\"" + reason + "\",\"requested\":\"" + requested +
         "\",\"now\":\"" + id(6) + "\"}\n\n";
}

// One that came when 6 was the head.
ModelLife life(const std::optional<std::string>& asked, const std::string& came) {
  ModelLife life;
  life.id = asked;
  life.head_before = 5;
  life.last_after = 7;
  life.gone_before = life.expired_after = 2;
  life.status = 200;
  life.head_id = id(6);
  life.body = kFirst + came;
  life.expired_at_gap = {2, 2};
  return life;
}
std::string verdict(const ModelLife& life) {
  const std::string wrong = judge(life, story());
  return wrong.substr(0, wrong.find("\n  asked"));
}

}  // namespace

TEST_CASE("[T41] model oracle: what is delivered and declared, all of it, is well") {
  CHECK(verdict(life(std::nullopt, frames(7, 10))) == "");
  CHECK(verdict(life(id(4), frames(5, 10))) == "");
  CHECK(verdict(life(id(0), gap(1, 2, 2) + frames(3, 10))) == "");
  CHECK(verdict(life("aaaaaaaaaa-1", reset("epoch", "aaaaaaaaaa-1") + frames(7, 8))) == "");
  CHECK(verdict(life(id(4), frames(5, 8) + ": heartbeat\n\n" + frames(9, 10))) == "");
  CHECK(verdict(life(id(4), frames(5, 10) + "id: 5f3")) == "");  // died in mid-frame
}

TEST_CASE("[T41] model oracle: a hole, a repeat, a disorder, other bytes and strangers are seen") {
  CHECK(verdict(life(id(4), frame(6) + frame(7))) == "5 was passed over");
  CHECK(verdict(life(std::nullopt, frames(8, 9))) == "7 was passed over");
  CHECK(verdict(life(id(4), frames(5, 7) + frame(7))) == id(7) + " again, or out of order");
  CHECK(verdict(life(id(4), frame(5) + frame(6) + frame(5))) == id(5) + " again, or out of order");
  CHECK(verdict(life(id(4), frame(4))) == id(4) + " again, or out of order");
  std::string other = frame(5);
  other[other.size() - 5] = '?';
  CHECK(verdict(life(id(4), other)).starts_with(id(5) + " is not what was published"));
  CHECK(verdict(life(id(10), frame(10))) == "no reset: future");
  CHECK(verdict(life(id(4), frames(5, 10) + "id: " + id(11) + "\ndata: {}\n\n")) ==
        id(11) + " was never published");
  ModelLife filtered = life(id(4), frame(6) + frame(7));
  filtered.wish.topics = {"task:a"};
  CHECK(verdict(filtered) == id(7) + " was not asked for");
  ModelLife changed = life(id(4), frames(5, 6) + frame(8) + frame(10));
  changed.changes = {{6, id(7), {"task:a"}}};
  CHECK(verdict(changed) == "");
  changed.changes = {{6, id(6), {"task:a"}}};
  CHECK(verdict(changed) == "topics from within the past");
  changed.changes = {{6, id(8), {"task:a"}}};
  CHECK(verdict(changed) == "7 was passed over");
}

TEST_CASE("[T41] model oracle: a gap of what is there, or that miscounts, is seen") {
  CHECK(verdict(life(id(0), gap(1, 3, 3) + frames(4, 10))).starts_with("a gap where retention"));
  CHECK(verdict(life(id(0), gap(1, 2, 3) + frames(3, 10))).starts_with("a gap that miscounts"));
  CHECK(verdict(life(id(2), gap(1, 2, 2) + frames(3, 10))).starts_with("a gap in the past"));
  CHECK(verdict(life(id(4), gap(5, 5, 1, "corrupt"))).starts_with("a gap though it is there"));
  CHECK(verdict(life(id(4), gap(5, 5, 1, "recorder"))).starts_with("a gap though it is there"));
  CHECK(verdict(life(id(0), frames(3, 10))) == "1 was passed over");
}

TEST_CASE("[T41] model oracle: a reset too many, too few or of another kind is seen") {
  const std::string foreign = "aaaaaaaaaa-1";
  CHECK(verdict(life(foreign, frames(7, 10))) == "no reset: epoch");
  CHECK(verdict(life(foreign, reset("malformed", foreign))) == "no reset: epoch");
  CHECK(verdict(life(id(7), reset("future", id(7)) + frames(7, 10))) == "");
  CHECK(verdict(life(id(7), frames(8, 10))) == "no reset: future");
  CHECK(verdict(life("garbage", reset("malformed", "other"))).starts_with("a reset that quotes"));
  CHECK(verdict(life(id(4), reset("future", id(4)))).starts_with("no id of ours"));
  ModelLife twice = life(id(4), reset("malformed", id(4)) + frames(7, 10));
  twice.id_twice = true;
  CHECK(verdict(twice) == "");
  twice.body = kFirst + frames(5, 10);
  CHECK(verdict(twice) == "no reset: malformed");
}

TEST_CASE("[T41] model oracle: a checkpoint, an end or an eviction too early is seen") {
  CHECK(verdict(life(id(4), frame(5) + "id: " + id(6) + "\n\n")) == "6 was passed over");
  CHECK(verdict(life(id(4), frames(5, 6) + "id: " + id(4) + "\n\n")) ==
        "a checkpoint in the past: " + id(4));
  ModelLife replay = life(std::nullopt, frames(3, 5) + "id: " + id(6) +
                                            "-end\nevent: replay_end\ndata: {\"from\":\"" + id(3) +
                                            "\",\"to\":\"" + id(6) + "\"}\n\n");
  replay.replay = true;
  replay.from = 3;
  CHECK(verdict(replay) == "6 was passed over");
  const std::string last_words =
      "event: evicted\ndata: {\"reason\":\"stalled\",\"last_id\":\"" + id(6) + "\"}\n\n";
  CHECK(verdict(life(id(4), frame(5) + last_words)) == "6 was passed over");
  CHECK(verdict(life(id(4), frames(5, 6) + last_words)).starts_with("evicted for nothing"));
  ModelLife slow = life(id(4), frames(5, 6) + last_words);
  slow.waited_long = true;
  CHECK(verdict(slow) == "");
  slow.body += frame(7);
  CHECK(verdict(slow) == "something after the end: message");
  ModelLife cut = life(id(4), frames(5, 6));
  cut.ended = true;
  CHECK(verdict(cut) == "cut off");
}
