#include "orchestrator/channels/channel_book.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/channels/channel_events.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"

namespace devs {
namespace {

using Refusal = ChannelBook::Refusal;
const ChannelKey kDebate{"debates", "42"};
constexpr const char* kComplete =
    R"({"debateId":"42","totalDurationMs":1,"finalPhase":"closing","timestamp":1})";

Principal user(const std::string& name) {
  return {.name = name, .is_operator = false};
}
std::string utterance(int number) {
  return R"({"id":)" + std::to_string(number) +
         R"(,"timestamp":1,"phase":"opening","speaker":"pro","content":"so"})";
}

// One life of a log with its book; without a recorder nothing becomes visible.
struct Life {
  Life(const TempDir& dir, ChannelBook::Options options = {}, bool records = true)
      : flight(FlightLog::open({.dir = dir.path(), .clock = &system_clock()}, log).value()),
        bus({.last = flight->last()}, system_clock()),
        recorder(records ? std::make_unique<FlightRecorder>(bus, *flight, nullptr, log, metrics,
                                                            FlightRecorder::Options{})
                         : nullptr),
        book(options, bus, system_clock()) {
    (void)flight->read(1, {100'000, 1u << 30u},
                       [this](const StoredLine& line) { book.read(line); });
  }
  ~Life() {
    bus.close();
    if (recorder) recorder->stop();
  }
  ChannelBook::Told utter(int number, const ChannelKey& key = kDebate, const Principal& who = {}) {
    return book.tell(key, "utterance", utterance(number), who);
  }
  // The state once everything told is visible.
  std::optional<ChannelState> settled(const ChannelKey& key = kDebate, const Principal& who = {}) {
    const TimePoint deadline = soon();
    while (bus.head() < bus.last() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return book.look(key, who).state;
  }

  Log& log = stderr_log(Log::Level::error);
  Metrics metrics;
  const std::unique_ptr<FlightLog> flight;
  TraceStreamBus bus;
  const std::unique_ptr<FlightRecorder> recorder;
  ChannelBook book;
};

TEST_CASE("ChannelBook: a channel comes to be by its first event") {
  const TempDir dir;
  Life life(dir);
  CHECK_FALSE(life.settled());
  CHECK(life.utter(1).refusal == Refusal::none);
  const auto state = life.settled();
  REQUIRE(state);
  CHECK(state->turn() == 1);
  CHECK(state->created_at().ends_with("Z"));
  CHECK(life.book.create(kDebate, "{}", {}).refusal == Refusal::exists);
}

TEST_CASE("ChannelBook: where channels must exist, only those that were created do") {
  const TempDir dir;
  Life life(dir, {.require_existing = true});
  CHECK(life.utter(1).refusal == Refusal::unknown);
  CHECK(life.book.create(kDebate, created_data(0, {}, {}), {}).refusal == Refusal::none);
  CHECK(life.utter(1).refusal == Refusal::none);
}

TEST_CASE("[S3.7] ChannelBook: nothing is said after complete") {
  const TempDir dir;
  Life life(dir);
  (void)life.utter(1);
  CHECK(life.book.tell(kDebate, "complete", kComplete, {}).refusal == Refusal::none);
  for (const char* event : {"utterance", "complete", "pause", "resume", "error", "applause"})
    CHECK(life.book.tell(kDebate, event, "{}", {}).refusal == Refusal::completed);
  const auto state = life.settled();
  CHECK(state->completed_at() == life.bus.head());
}

TEST_CASE("[S3.7] ChannelBook: of many who speak while one completes, none speaks after it") {
  const TempDir dir;
  Life life(dir);
  std::vector<std::jthread> speakers;
  std::atomic<int> said{0};
  for (int n = 0; n < 4; ++n)
    speakers.emplace_back([&] {
      for (int turn = 0; turn < 1'000; ++turn)
        if (life.utter(turn).refusal == Refusal::none) ++said;
    });
  const TimePoint deadline = soon();
  while (said < 50 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  const auto complete = life.book.tell(kDebate, "complete", kComplete, {});
  speakers.clear();
  REQUIRE(complete.refusal == Refusal::none);
  CHECK(complete.sequence == life.bus.last());
  const auto state = life.settled();
  CHECK(state->turn() == static_cast<std::uint64_t>(said));
  std::uint64_t number = 0;
  for (const ChannelState::Turn& turn : state->turns()) CHECK(turn.number == ++number);
}

TEST_CASE(
    "[S3.9] ChannelBook: what is paused is resumed, what is live is paused, and nothing else") {
  const TempDir dir;
  Life life(dir);
  const auto tell = [&life](const char* event, ChannelBook::MustExist must) {
    return life.book.tell(kDebate, event, R"({"debateId":"42","timestamp":1})", {}, must).refusal;
  };
  CHECK(tell("pause", ChannelBook::MustExist::yes) == Refusal::unknown);
  CHECK(tell("resume", ChannelBook::MustExist::no) == Refusal::wrong_state);
  CHECK(tell("pause", ChannelBook::MustExist::no) == Refusal::none);
  CHECK(tell("pause", ChannelBook::MustExist::yes) == Refusal::wrong_state);
  CHECK(life.utter(1).refusal == Refusal::none);
  CHECK(tell("resume", ChannelBook::MustExist::yes) == Refusal::none);
  CHECK(tell("resume", ChannelBook::MustExist::yes) == Refusal::wrong_state);
}

TEST_CASE("ChannelBook: another's channel does not exist, but for operators") {
  const TempDir dir;
  Life life(dir);
  CHECK(life.utter(1, kDebate, user("u1")).refusal == Refusal::none);
  CHECK(life.utter(2, kDebate, user("u2")).refusal == Refusal::unknown);
  CHECK_FALSE(life.settled(kDebate, user("u2")));
  CHECK(life.settled(kDebate, user("u1"))->turn() == 1);
  // An operator speaks in it, and its owner hears it.
  CHECK(life.utter(2, kDebate, {.name = "default"}).refusal == Refusal::none);
  CHECK(life.settled(kDebate, user("u1"))->turn() == 2);
  std::vector<EntryPtr> entries;
  (void)life.bus.read(life.bus.head(), 1, 1, entries);
  CHECK(entries.at(0)->topics == "channel:debates/42,owner:u1");
}

TEST_CASE("[S3.5] ChannelBook: after a start the account is what it was") {
  const TempDir dir;
  {
    Life life(dir);
    for (int n = 1; n <= 5; ++n) (void)life.utter(n, kDebate, user("u1"));
    (void)life.utter(1, {"runs", "7"});
    (void)life.book.tell({"runs", "7"}, "complete", R"({"finalPhase":"end"})", {});
    (void)life.settled();
  }
  Life again(dir);
  CHECK(again.book.channels() == 2);
  const auto debate = again.settled(kDebate, user("u1"));
  REQUIRE(debate);
  CHECK(debate->turn() == 5);
  CHECK(debate->turns().size() == 5);
  CHECK(debate->phase() == "opening");
  CHECK_FALSE(again.settled(kDebate, user("u2")));
  CHECK(again.utter(6, kDebate, user("u1")).refusal == Refusal::none);
  CHECK(again.settled(kDebate, user("u1"))->turns().back().number == 6);
  CHECK(again.utter(1, {"runs", "7"}).refusal == Refusal::completed);
}

TEST_CASE("[S3.5] ChannelBook: what a host put on a channel's topic itself counts at no time") {
  const TempDir dir;
  const auto account = [](Life& life) {
    const auto state = life.settled();
    REQUIRE(state);
    return std::pair(state->turn(), state->status());
  };
  const std::pair<std::uint64_t, ChannelStatus> said{2, ChannelStatus::live};
  {
    Life life(dir);
    (void)life.utter(1);
    for (const std::string& topic : {kDebate.topic(), ChannelKey{"debates", "43"}.topic()})
      for (const char* body :
           {R"({"type":"thought","payload":{}})", R"({"type":"channel","payload":{}})",
            R"({"type":"channel","event":"utterance","turn_index":7,"payload":{"speaker":"x"}})",
            R"({"type":"channel","event":"complete","payload":{"finalPhase":"x"}})",
            R"({"type":"system","channel":"debates/42","event":"complete","payload":{}})",
            R"({"type":"channel","channel":"debates/4","event":"complete","payload":{}})"}) {
        Draft draft = draft_of_published(body);
        draft.topics = topic;
        REQUIRE(life.bus.publish(std::move(draft)).ok());
      }
    (void)life.utter(2);
    CHECK(account(life) == said);
    CHECK(life.book.channels() == 1);
  }
  Life again(dir);
  CHECK(account(again) == said);
  CHECK(again.book.channels() == 1);
}

TEST_CASE("ChannelBook: beyond its bound the completed go first, then who was silent longest") {
  const TempDir dir;
  Life life(dir, {.max_channels = 3});
  const auto key = [](int n) { return ChannelKey{"debates", std::to_string(n)}; };
  for (int n = 1; n <= 3; ++n) (void)life.utter(1, key(n));
  (void)life.book.tell(key(2), "complete", kComplete, {});
  (void)life.utter(1, key(4));
  CHECK(life.book.channels() == 3);
  CHECK_FALSE(life.settled(key(2)));
  (void)life.utter(2, key(1));
  (void)life.utter(1, key(5));
  CHECK_FALSE(life.settled(key(3)));
  CHECK(life.settled(key(1))->turn() == 2);
  CHECK(life.settled(key(4)));
}

TEST_CASE("ChannelBook: its memory is bounded by bytes too") {
  const TempDir dir;
  Life life(dir, {.max_bytes = 64 * 1024});
  for (int channel = 0; channel < 20; ++channel)
    for (int n = 0; n < 200; ++n) (void)life.utter(n, {"debates", std::to_string(channel)});
  CHECK(life.book.channels() < 20);
  CHECK(life.book.channels() >= 5);
}

TEST_CASE("[S3.5] ChannelBook: a look is of what is visible") {
  const TempDir dir;
  Life life(dir, {}, false);
  (void)life.utter(1);
  const auto before = life.book.look(kDebate, {});
  CHECK_FALSE(before.state);
  CHECK(before.applied == 0);
  life.bus.mark_stored(2);
  (void)life.utter(2);
  const auto after = life.book.look(kDebate, {});
  CHECK(after.applied == 2);
  REQUIRE(after.state);
  CHECK(after.state->turn() == 1);
}

TEST_CASE("ChannelBook: what the bus refuses leaves no trace in the account") {
  const TempDir dir;
  Life life(dir);
  (void)life.utter(1);
  life.bus.close();
  CHECK(life.utter(2).refusal == Refusal::bus);
  CHECK(life.settled()->turn() == 1);
}

}  // namespace
}  // namespace devs
