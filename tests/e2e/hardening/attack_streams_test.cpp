#include <doctest/doctest.h>

#include <vector>

#include "tests/e2e/hardening/attack.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

RawClient reader(LiveFront& live, std::string_view path = "/trace/stream",
                 std::string_view more = {}, int receive_buffer = 0) {
  RawClient client = live.client(receive_buffer);
  client.say(get_text(path, live.port(), more));
  return client;
}

TEST_CASE("[A6] 1 000 readers: each gets everything, nobody else notices") {
  LiveFront live({}, front_routes);
  std::vector<RawClient> readers;
  // Some at a time: who comes while the workers are behind is told to come again.
  while (readers.size() < 1'000) {
    const std::size_t here = readers.size();
    for (int i = 0; i < 50; ++i) readers.push_back(reader(live));
    for (std::size_t i = here; i < readers.size(); ++i)
      REQUIRE(readers[i].read_text(": connected\n\n"));
  }
  CHECK(live.front().counts().streams == 1'000);
  good_client_is_served(live);
  live.publish("data: one\n\n");
  live.publish("data: two\n\n");
  for (RawClient& each : readers) {
    REQUIRE(each.read_text("data: two\n\n"));
    REQUIRE(each.buffer().find("data: one\n\n") < each.buffer().find("data: two\n\n"));
  }
  good_client_is_served(live);
  readers.clear();
  CHECK(live.until([&] { return live.front().counts().connections == 0; }));
  CHECK(live.feed().told().peer == 1'000);
}

TEST_CASE("[A16] a provider that throws ends its own stream, and no other") {
  LiveFront live({}, front_routes);
  RawClient poisoned = reader(live, "/trace/stream?all");
  RawClient healthy = reader(live);
  REQUIRE(poisoned.read_text(": connected\n\n"));
  REQUIRE(healthy.read_text(": connected\n\n"));
  live.publish("data: poison\n\n");
  CHECK(healthy.read_text("data: poison\n\n"));
  CHECK(poisoned.read_end());
  live.publish("data: still here\n\n");
  CHECK(healthy.read_text("data: still here\n\n"));
  good_client_is_served(live);
}

TEST_CASE("[A16] a handler that throws beside open streams ends none of them") {
  LiveFront live({}, front_routes);
  RawClient one = reader(live);
  REQUIRE(one.read_text(": connected\n\n"));
  CHECK(live.get("/throws").status == 500);
  live.publish("data: still here\n\n");
  CHECK(one.read_text("data: still here\n\n"));
  good_client_is_served(live);
}

TEST_CASE(
    "[A19] the type is exactly text/event-stream, whatever is accepted; first bytes at once") {
  LiveFront live({}, front_routes);
  for (const char* accept :
       {"", "Accept: */*;q=0\r\n", "Accept: text/html\r\n",
        "Accept: text/event-stream; charset=utf-8\r\nAccept-Encoding: br\r\n"}) {
    RawClient one = reader(live, "/trace/stream", accept);
    const RawAnswer head = one.answer(true);
    CHECK(head.status == 200);
    CHECK(head.header("content-type") == "text/event-stream");
    CHECK(head.header("x-accel-buffering") == "no");
    CHECK(head.header("cache-control") == "no-cache");
    CHECK(head.header("connection") == "keep-alive");
    CHECK(head.header("x-content-type-options") == "nosniff");
    CHECK_FALSE(head.has("content-encoding"));
    CHECK_FALSE(head.has("content-length"));
    CHECK(one.read_text(": connected\n\n"));  // nothing was published
  }
}

TEST_CASE("[A20] every end writes the last chunk") {
  SUBCASE("because the provider ended") {
    LiveFront live({}, front_routes);
    RawClient one = reader(live);
    REQUIRE(one.read_text(": connected\n\n"));
    live.publish("data: end\n\n", true);
    CHECK(one.read_end());
    CHECK(one.buffer().ends_with("0\r\n\r\n"));
    CHECK_FALSE(one.was_reset());
  }
  SUBCASE("because the house closed") {
    LiveFront live({}, front_routes);
    RawClient one = reader(live);
    REQUIRE(one.read_text(": connected\n\n"));
    std::jthread stopping([&live] { live.stop(1'000ms); });
    REQUIRE(live.until([&] {  // its provider says no goodbye, so its time runs out
      live.pass(100ms);
      return live.front().counts().streams == 0;
    }));
    stopping.join();
    CHECK(one.read_end());
    CHECK(one.buffer().ends_with("0\r\n\r\n"));
    CHECK(live.feed().told().shutdown == 1);
  }
}

TEST_CASE("[A21] a reader that takes little and late stays, is behind, and costs others nothing") {
  LiveFront live({}, front_routes);
  RawClient slow = reader(live, "/trace/stream?all", {}, 4'096);
  REQUIRE(slow.read_text(": connected\n\n"));
  RawClient quick = reader(live, "/trace/stream?all");
  REQUIRE(quick.read_text(": connected\n\n"));
  const std::string frame = "data: " + std::string(64'000, 'x') + "\n\n";
  for (int i = 0; i < 100; ++i) live.publish(frame);
  live.publish("data: newest\n\n");
  REQUIRE(quick.read_text("data: newest\n\n"));
  // Every 2 s it takes some: progress, so it is never stalled.
  std::size_t before = slow.buffer().size();
  for (int i = 0; i < 20; ++i) {
    live.pass(2s);
    slow.read_until([before](const std::string& in) { return in.size() > before + 65'536; });
    before = slow.buffer().size();
  }
  CHECK_FALSE(slow.ended());
  CHECK(live.front().counts().streams == 2);
  CHECK(slow.read_text("data: newest\n\n"));
  CHECK(std::string_view(slow.buffer()).find("event: evicted") == std::string_view::npos);
}

TEST_CASE("[A22] a reader that stopped is closed at 30 s, and misses nothing when it resumes") {
  LiveFront live({}, front_routes);
  RawClient stopped = reader(live, "/trace/stream?all", {}, 4'096);
  REQUIRE(stopped.read_text(": connected\n\n"));
  const std::string frame = "data: " + std::string(640'000, 'x') + "\n\n";
  for (int i = 0; i < 20; ++i) live.publish(frame);  // more than any socket buffer holds
  live.publish("data: newest\n\n");
  for (int i = 0; i < 200; ++i) live.settle();  // until the kernel takes no more
  live.pass(29s);
  CHECK(live.front().counts().streams == 1);
  good_client_is_served(live);
  CHECK(live.until([&] {
    live.pass(1s);
    return live.front().counts().streams == 0;
  }));
  CHECK(live.feed().told().stalled == 1);
  RawClient again = reader(live, "/trace/stream?all");
  CHECK(again.read_text("data: newest\n\n"));
}

TEST_CASE("[A22] a reader to whom nothing is due is never stalled") {
  LiveFront live({}, front_routes);
  RawClient quiet = reader(live);
  REQUIRE(quiet.read_text(": connected\n\n"));
  live.pass(300s);
  CHECK(live.front().counts().streams == 1);
  live.publish("data: hello\n\n");
  CHECK(quiet.read_text("data: hello\n\n"));
}

TEST_CASE(
    "[A23] half-close after the request: a POST is answered, a stream ends and its slot is free") {
  LiveFront live({}, front_routes);
  RawClient post = live.client();
  post.say(post_text("/mcp", live.port(), "{}"));
  post.half_close();
  CHECK(post.answer().status == 200);
  CHECK(post.read_end());

  RawClient later = live.client();
  later.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  later.half_close();
  live.settle();
  std::move(live.take_kept()).send(json_answer(200, "{}"));
  CHECK(later.answer().status == 200);

  RawClient one = reader(live);
  REQUIRE(one.read_text(": connected\n\n"));
  one.half_close();
  CHECK(one.read_end());
  CHECK(live.until([&] { return live.front().counts().streams == 0; }));
  CHECK(live.feed().told().peer == 1);
}

TEST_CASE("[A27] stop: 503 for what is queued, the provider's goodbye for streams, in time") {
  LiveFront::Options options;
  options.workers = 1;
  options.front.queue_deadline = 3'600'000ms;
  LiveFront live(std::move(options), front_routes);
  RawClient one = reader(live);
  REQUIRE(one.read_text(": connected\n\n"));
  // The only worker is kept busy, so that the next request stays in the queue.
  Mutex mutex;
  CondVar changed;
  bool held = false;
  bool open = false;
  REQUIRE(live.workers()
              .try_submit([&] {
                MutexLock lock(mutex);
                held = true;
                changed.notify_all();
                while (!open) changed.wait(mutex);
              })
              .ok());
  {
    MutexLock lock(mutex);
    while (!held) changed.wait(mutex);
  }
  RawClient queued = live.client();
  queued.say(get_text("/hello", live.port()));
  REQUIRE(live.until([&] { return live.front().counts().in_hand == 1; }));
  RawClient parked = live.client();

  live.front().close();
  {
    MutexLock lock(mutex);
    open = true;
    changed.notify_all();
  }
  const RawAnswer refused = queued.answer();
  CHECK(refused.status == 503);
  CHECK(refused.header("connection") == "close");
  CHECK(refused.has("retry-after"));
  live.publish("retry: 3000\nevent: goodbye\ndata: {}\n\n", true);
  CHECK(one.read_text("event: goodbye"));
  CHECK(one.read_end());
  CHECK(one.buffer().ends_with("0\r\n\r\n"));
  parked.say(get_text("/hello", live.port()));
  const RawAnswer late = parked.answer();
  CHECK((late.status == 503 || parked.ended()));
  const auto began = std::chrono::steady_clock::now();
  live.stop(2'000ms);
  CHECK(std::chrono::steady_clock::now() - began < 5s);
  CHECK(live.front().counts().connections == 0);
}

TEST_CASE("[A31] HEAD on a stream: the head alone, no reader, no slot, nothing consumed") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say("HEAD /trace/stream HTTP/1.1\r\nHost: localhost:" + std::to_string(live.port()) +
             "\r\n\r\n");
  const RawAnswer head = client.answer(true);
  CHECK(head.status == 200);
  CHECK(head.header("content-type") == "text/event-stream");
  CHECK(live.front().counts().streams == 0);
  CHECK(live.feed().told().attached == 0);
  CHECK(live.until([&] { return live.feed().told().destroyed == live.feed().told().made; }));
  CHECK(client.ask(get_text("/hello", live.port())).body == R"({"hello":true})");
  CHECK(client.buffer().empty());
}

}  // namespace
}  // namespace devs
