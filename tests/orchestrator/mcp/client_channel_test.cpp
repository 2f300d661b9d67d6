#include "orchestrator/mcp/client_channel.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "protocol/json.h"
#include "tests/support/hand_reactor.h"

namespace devs {
namespace {

constexpr ClientChannel::Terms kAlways{}, kLog{.droppable = true}, kChange{.once = true};
const std::string kHalf(ClientChannel::kCrowdedBytes / 2 + 1, 'x');

std::string progress(int value) {
  return "{\"progress\":" + std::to_string(value) + "}";
}
std::int64_t value_of(const std::string& message) {
  return JsonView(message)["params"]["progress"].integer().value_or(-1);
}

struct Kit {
  HandReactor reactor;
  std::shared_ptr<ClientChannel> channel = std::make_shared<ClientChannel>(reactor.get());
  std::deque<std::string> take() { return channel->take(1 << 20).messages; }
};

TEST_CASE("[M10] client channel: crowded, it drops logs and keeps everything else") {
  Kit kit;
  CHECK(kit.channel->send(kHalf, kAlways));
  CHECK_FALSE(kit.channel->crowded());
  CHECK(kit.channel->send("log 1", kLog));
  CHECK(kit.channel->send(kHalf, kAlways));
  CHECK(kit.channel->crowded());
  CHECK_FALSE(kit.channel->send("log 2", kLog));
  CHECK(kit.channel->send("answer", kAlways));
  CHECK(kit.take() == std::deque<std::string>{kHalf, "log 1", kHalf, "answer"});
  CHECK_FALSE(kit.channel->crowded());

  // One message may wait whatever its size.
  CHECK(kit.channel->send(std::string(ClientChannel::kCrowdedBytes + 1, 'l'), kLog));
  CHECK(kit.channel->crowded());
  CHECK_FALSE(kit.channel->send("log 3", kLog));
  CHECK(kit.take().size() == 1);

  for (std::size_t i = 0; i < ClientChannel::kCrowdedMessages; ++i) kit.channel->send("x", kAlways);
  CHECK(kit.channel->crowded());
}

TEST_CASE("[M10] client channel: a change that waits is said once, and again when it is gone") {
  Kit kit;
  for (int i = 0; i < 3; ++i) CHECK(kit.channel->send("changed", kChange));
  CHECK(kit.take().size() == 1);
  CHECK(kit.channel->send("changed", kChange));
  CHECK(kit.take().size() == 1);
}

TEST_CASE("[M10] client channel: progress keeps its place, its rate, and only the newest") {
  Kit kit;
  const auto request = kit.channel->open("1", "7");
  for (int value = 1; value <= 10; ++value) kit.channel->progress(request, progress(value));
  kit.channel->progress(request, progress(3));  // it does not grow
  auto taken = kit.channel->take(1 << 20);
  REQUIRE(taken.messages.size() == 4);
  CHECK(value_of(taken.messages.back()) == 4);
  REQUIRE(taken.look_again);
  kit.reactor.pass(*taken.look_again - kit.reactor->now());
  taken = kit.channel->take(1 << 20);
  REQUIRE(taken.messages.size() == 1);
  CHECK(value_of(taken.messages[0]) == 10);

  // A log of the request comes after its progress, and nothing comes after the response.
  kit.channel->progress(request, progress(11));
  CHECK(kit.channel->send("log", kLog, request));
  kit.channel->progress(request, progress(12));
  kit.channel->finish(request, "response");
  kit.channel->progress(request, progress(13));
  CHECK_FALSE(kit.channel->send("late log", kLog, request));
  const auto rest = kit.take();
  REQUIRE(rest.size() == 4);
  CHECK(value_of(rest[0]) == 11);
  CHECK(rest[1] == "log");
  CHECK(value_of(rest[2]) == 12);
  CHECK(rest[3] == "response");
}

TEST_CASE("[M10] client channel: of what waits for its rate, what is due first goes first") {
  Kit kit;
  const auto early = kit.channel->open("1", "1");
  const auto late = kit.channel->open("2", "2");
  for (int value = 1; value <= 5; ++value) kit.channel->progress(early, progress(value));
  CHECK(kit.take().size() == 4);
  kit.reactor.pass(std::chrono::milliseconds(30));
  for (int value = 1; value <= 5; ++value) kit.channel->progress(late, progress(10 + value));
  auto taken = kit.channel->take(1 << 20);
  CHECK(taken.messages.size() == 4);
  REQUIRE(taken.look_again);
  kit.reactor.pass(*taken.look_again - kit.reactor->now());
  taken = kit.channel->take(1 << 20);
  REQUIRE(taken.messages.size() == 1);
  CHECK(value_of(taken.messages[0]) == 5);
  REQUIRE(taken.look_again);  // of the other
  kit.reactor.pass(*taken.look_again - kit.reactor->now());
  taken = kit.channel->take(1 << 20);
  REQUIRE(taken.messages.size() == 1);
  CHECK(value_of(taken.messages[0]) == 15);
  CHECK_FALSE(taken.look_again);
}

TEST_CASE(
    "[M10] client channel: progress that had no room goes when there is some, however large") {
  Kit kit;
  const auto one = kit.channel->open("1", "1"), two = kit.channel->open("2", "2");
  kit.channel->send(kHalf, kAlways);
  const std::string large = R"({"progress":1,"message":")" + kHalf + kHalf + "\"}";
  kit.channel->progress(one, large);
  kit.channel->send(kHalf, kAlways);
  kit.channel->progress(two, progress(2));
  CHECK(kit.take().size() == 2);
  for (const int value : {1, 2}) {
    const auto taken = kit.take();
    REQUIRE(taken.size() == 1);
    CHECK(value_of(taken[0]) == value);
  }
}

TEST_CASE("[M10] client channel: a request is owed its response until it has one, or a refusal") {
  Kit kit;
  const auto one = kit.channel->open("1", ""), two = kit.channel->open("\"2\"", "");
  CHECK(kit.channel->owed() == 2);
  kit.channel->finish(one, "response");
  CHECK(kit.channel->owed() == 1);
  kit.channel->refuse_owed({});
  CHECK(kit.channel->owed() == 0);
  kit.channel->finish(two, "late");
  const auto taken = kit.take();
  REQUIRE(taken.size() == 2);
  CHECK(JsonView(taken[1])["id"].text() == "\"2\"");
  CHECK(JsonView(taken[1])["error"].present());
}

TEST_CASE("[M10] client channel: who asked for no progress gets none, nor who was cancelled") {
  Kit kit;
  kit.channel->progress(kit.channel->open("1", ""), progress(1));
  const auto cancelled = kit.channel->open("1", "7");
  for (int value = 1; value <= 10; ++value) kit.channel->progress(cancelled, progress(value));
  kit.channel->finish(cancelled, "");
  CHECK(kit.take().size() == 4);  // those said before it was
  CHECK_FALSE(kit.channel->take(1).look_again);
}

TEST_CASE("[M10] client channel: its reader is woken once, and told when it is far behind") {
  Kit kit;
  int woken = 0;
  kit.channel->attach([&woken] { ++woken; });
  kit.channel->send("a", kAlways);
  kit.channel->send("b", kAlways);
  kit.reactor.turn();
  CHECK(woken == 1);
  const std::string large(1 << 20, 'x');
  std::size_t sent = 0;
  while (kit.channel->send(large, kAlways)) ++sent;
  CHECK(sent == ClientChannel::kMost / large.size() - 1);  // beside what is there
  CHECK(kit.channel->given_up());
  kit.reactor.turn();
  CHECK(woken == 2);
  CHECK_FALSE(kit.channel->send("c", kAlways));
  std::size_t taken = 0;
  for (auto some = kit.channel->take(1);; some = kit.channel->take(1)) {
    taken += some.messages.size();
    if (some.ended) break;
    CHECK(some.more);
  }
  CHECK(taken == sent + 2);
}

}  // namespace
}  // namespace devs
