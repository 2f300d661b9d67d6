// What a front holds at most: requests in its queue, bytes, connections.
#include <doctest/doctest.h>

#include "tests/support/front_routes.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

// Keeps a pool's workers until it dies.
class Busy {
 public:
  explicit Busy(LiveFront& live, int workers) {
    for (int i = 0; i < workers; ++i) {
      const Status taken = live.workers().try_submit([this] {
        MutexLock lock(mutex_);
        ++held_;
        changed_.notify_all();
        while (!open_) changed_.wait(mutex_);
        --held_;
        changed_.notify_all();
      });
      REQUIRE(taken.ok());
    }
    MutexLock lock(mutex_);
    while (held_ < workers) changed_.wait(mutex_);
  }
  ~Busy() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
    while (held_ > 0) changed_.wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int held_ DEVS_GUARDED_BY(mutex_) = 0;
  bool open_ DEVS_GUARDED_BY(mutex_) = false;
};

TEST_CASE("HttpFront: a full queue is answered at once, an old one too") {
  LiveFront::Options options;
  options.workers = 1;
  options.queue = 1;
  options.front.queue_short = 1;
  LiveFront live(std::move(options), front_routes);
  RawClient waits = live.client();
  {
    const Busy busy(live, 1);
    waits.say(get_text("/hello", live.port()));
    REQUIRE(live.until([&] { return live.front().counts().in_hand == 1; }));
    const RawAnswer full = live.get("/hello");
    CHECK(full.status == 503);
    CHECK(full.has("retry-after"));
    live.pass(101ms);
    CHECK(live.get("/hello").status == 503);  // not even begun
  }
  const RawAnswer old = waits.answer();  // waited longer than the queue's deadline
  CHECK(old.status == 503);
  CHECK(old.body == R"({"error":"OVERLOADED","reason":"queue"})");
  CHECK(live.get("/hello").status == 200);
}

TEST_CASE("HttpFront: a short queue is worked off, however old; a long one is shed until short") {
  LiveFront::Options options;
  options.workers = 1;
  options.front.queue_short = 64;
  LiveFront live(std::move(options), front_routes);
  std::vector<RawClient> waiting;
  const auto one_more = [&] {
    waiting.push_back(live.client());
    waiting.back().say(get_text("/hello", live.port()));
    return live.until([&] { return live.front().counts().in_hand == waiting.size(); });
  };
  {
    const Busy busy(live, 1);
    while (waiting.size() < 62) REQUIRE(one_more());
    live.pass(101ms);
    REQUIRE(one_more());  // begun, old as the others are
  }
  for (RawClient& each : waiting) CHECK(each.answer().status == 200);
  waiting.clear();
  {
    const Busy busy(live, 1);
    while (waiting.size() < 70) REQUIRE(one_more());
    live.pass(101ms);
    CHECK(live.get("/hello").status == 503);
  }
  std::size_t shed = 0;
  for (RawClient& each : waiting) shed += each.answer().status == 503 ? 1u : 0u;
  CHECK(shed == 7);  // the oldest, until 63 were left
}

TEST_CASE("HttpFront: bodies in memory are bounded together") {
  LiveFront::Options options;
  options.front.body_budget = 100'000;
  LiveFront live(std::move(options), front_routes);
  const std::string head = "POST /mcp HTTP/1.1\r\nHost: localhost:" + std::to_string(live.port()) +
                           "\r\nContent-Type: application/json\r\n";
  RawClient holds = live.client();
  holds.say(head + "Content-Length: 60000\r\n\r\n" + std::string(59'999, 'x'));
  REQUIRE(live.until([&] { return live.front().counts().in_hand == 1; }));
  live.settle();
  RawClient declared = live.client();
  CHECK(declared.ask(head + "Content-Length: 60000\r\n\r\n").status == 503);
  CHECK(live.post("/mcp", std::string(30'000, 'x')).status == 200);
  RawClient grows = live.client();
  CHECK(grows.ask(head + "Transfer-Encoding: chunked\r\n\r\nC350\r\n" + std::string(50'000, 'x'))
            .status == 503);
  holds.say("x");
  CHECK(holds.answer().status == 200);
  CHECK(live.post("/mcp", std::string(60'000, 'x')).status == 200);
}

TEST_CASE("HttpFront: answers in transit are bounded together") {
  LiveFront::Options options;
  options.front.answer_budget = 25'000'000;
  LiveFront live(std::move(options), front_routes);
  RawClient slow = live.client(4'096);
  slow.say(get_text("/big?bytes=20000000", live.port()));
  REQUIRE(slow.read_text("\r\n\r\n"));
  CHECK(live.get("/big?bytes=10000000").status == 503);
  CHECK(live.get("/hello").status == 200);
  slow.hard_close();
  REQUIRE(live.until([&] { return live.front().counts().connections == 0; }));
  CHECK(live.get("/big?bytes=10000000").status == 200);
}

TEST_CASE("HttpFront: a connection ends after its requests, or 15 s without one") {
  LiveFront::Options options;
  options.front.max_requests_per_connection = 3;
  LiveFront live(std::move(options), front_routes);
  RawClient client = live.client();
  for (int i = 0; i < 2; ++i)
    CHECK_FALSE(client.ask(get_text("/hello", live.port())).has("connection"));
  CHECK(client.ask(get_text("/hello", live.port())).header("connection") == "close");
  CHECK(client.read_end());
  RawClient idle = live.client();
  CHECK(idle.ask(get_text("/hello", live.port())).status == 200);
  live.settle();
  live.pass(14'900ms);
  CHECK_FALSE(idle.read_some());
  CHECK_FALSE(idle.ended());
  live.pass(100ms);
  CHECK(idle.read_end());
}

TEST_CASE("HttpFront: when connections are tight, answers close and the oldest parked one goes") {
  LiveFront::Options options;
  options.front.max_connections = 10;
  LiveFront live(std::move(options), front_routes);
  std::vector<RawClient> kept;
  for (int i = 0; i < 8; ++i) {
    kept.push_back(live.client());
    CHECK_FALSE(kept.back().ask(get_text("/hello", live.port())).has("connection"));
  }
  RawClient ninth = live.client();
  CHECK(ninth.ask(get_text("/hello", live.port())).header("connection") == "close");
  RawClient tenth = live.client();
  CHECK(tenth.ask(get_text("/hello", live.port())).status == 200);
  CHECK(kept.front().read_end());
}

}  // namespace
}  // namespace devs
