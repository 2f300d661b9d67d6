#include "orchestrator/net/http_front.h"

#include <doctest/doctest.h>
#include <netinet/tcp.h>

#include "orchestrator/net/connection.h"
#include "tests/support/front_routes.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

TEST_CASE("HttpFront: a kept connection answers one request after the other") {
  LiveFront live({}, front_routes);
  REQUIRE(live.listened().ok());
  RawClient client = live.client();
  for (int i = 0; i < 3; ++i) {
    const RawAnswer hello = client.ask(get_text("/hello", live.port()));
    CHECK(hello.status == 200);
    CHECK(hello.body == R"({"hello":true})");
    CHECK(hello.header("content-type") == "application/json");
    CHECK(hello.header("keep-alive") == "timeout=15");
    const RawAnswer post = client.ask(post_text("/mcp", live.port(), "{\"a\":1}"));
    CHECK(post.status == 200);
    CHECK(post.body == R"({"bytes":7})");
  }
  CHECK_FALSE(client.ended());
}

TEST_CASE("HttpFront: a deferred answer comes from any thread, later") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  CHECK(live.until([&] { return live.front().counts().in_hand == 1; }));
  std::move(live.take_kept()).send(json_answer(202, "{}"));
  const RawAnswer answer = client.answer();
  CHECK(answer.status == 202);
  CHECK(answer.body == "{}");
  CHECK(client.ask(get_text("/hello", live.port())).status == 200);
}

TEST_CASE("HttpFront: a stream sends its head and first frame at once, then what is fed") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/trace/stream", live.port()));
  const RawAnswer head = client.answer(true);
  CHECK(head.status == 200);
  CHECK(head.header("content-type") == "text/event-stream");
  CHECK(head.header("transfer-encoding") == "chunked");
  CHECK(client.read_text(": connected\n\n"));
  CHECK(live.front().counts().streams == 1);
  live.publish("data: 1\n\n");
  live.publish("data: 2\n\n");
  CHECK(client.read_text("9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n"));
  live.publish("data: 3\n\n", true);
  CHECK(client.read_end());
  CHECK(client.buffer().ends_with("9\r\ndata: 3\n\n\r\n0\r\n\r\n"));
  CHECK(live.until([&] { return live.front().counts().connections == 0; }));
  CHECK(live.feed().told().destroyed == 1);
}

TEST_CASE("HttpFront: both loopbacks on one port, and a second instance says which is taken") {
  LiveFront live({}, front_routes);
  RawClient v6(live.port(), {}, true);
  CHECK(v6.ask(get_text("/who", live.port())).body == R"({"peer":"::1","principal":"local"})");
  LiveFront::Options same;
  same.front.port = live.port();
  LiveFront second(std::move(same), front_routes);
  CHECK(second.listened().code() == Code::unavailable);
  CHECK(second.listened().message() ==
        "cannot listen on 127.0.0.1 port " + std::to_string(live.port()) + ": address in use");
  LiveFront::Options name;
  name.front.host = "localhost";
  CHECK(LiveFront(std::move(name), front_routes).listened().code() == Code::invalid_argument);
}

TEST_CASE("HttpFront: accepted sockets do not wait to send, and are watched by the kernel") {
  LiveFront::Options options;
  std::atomic<int> seen{-1};
  options.front.accept = [&seen](int fd) {
    const int got = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (got >= 0) seen = got;
    return got;
  };
  LiveFront live(std::move(options), front_routes);
  RawClient client = live.client();
  CHECK(client.ask(get_text("/hello", live.port())).status == 200);
  const auto option = [&seen](int level, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    getsockopt(seen, level, name, &value, &size);
    return value;
  };
  CHECK(option(IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(IPPROTO_TCP, TCP_USER_TIMEOUT) == 30'000);
}

TEST_CASE("HttpFront: an idle connection is under 1 KB, all told") {
  CHECK(sizeof(Connection) + 64 < 1'024);  // and its timer's callback
}

TEST_CASE("HttpFront: HEAD has the head of GET and no body; HTTP/1.0 closes") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say("HEAD /hello HTTP/1.1\r\nHost: localhost:" + std::to_string(live.port()) + "\r\n\r\n");
  const RawAnswer head = client.answer(true);
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == "14");
  CHECK(client.ask(get_text("/hello", live.port())).body.size() == 14);
  RawClient old = live.client();
  old.say("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\nHost: localhost:" +
          std::to_string(live.port()) + "\r\n\r\n");
  CHECK(old.answer().header("connection") == "close");
  CHECK(old.read_end());
  RawClient stream = live.client();
  stream.say("GET /trace/stream HTTP/1.0\r\nHost: localhost:" + std::to_string(live.port()) +
             "\r\n\r\n");
  const RawAnswer bare = stream.answer(true);
  CHECK_FALSE(bare.has("transfer-encoding"));
  CHECK(bare.header("connection") == "close");
  live.publish("data: x\n\n", true);
  CHECK(stream.read_end());
  CHECK(stream.buffer() == ": connected\n\ndata: x\n\n");
}

TEST_CASE("HttpFront: methods that a path does not have, and preflights") {
  LiveFront::Options options;
  options.front.origins = {"https://page.example"};
  LiveFront live(std::move(options), front_routes);
  const auto ask = [&live](std::string_view method, std::string_view path, std::string_view more) {
    RawClient client = live.client();
    return client.ask(std::string(method) + " " + std::string(path) +
                      " HTTP/1.1\r\nHost: localhost:" + std::to_string(live.port()) + "\r\n" +
                      std::string(more) + "\r\n");
  };
  const RawAnswer other = ask("DELETE", "/trace/stream", "");
  CHECK(other.status == 405);
  CHECK(other.header("allow") == "GET, HEAD, OPTIONS");
  CHECK(ask("OPTIONS", "*", "").status == 204);
  CHECK(ask("OPTIONS", "/nothing", "").status == 404);
  const RawAnswer allowed =
      ask("OPTIONS", "/items/1",
          "Origin: https://page.example\r\nAccess-Control-Request-Method: DELETE\r\n"
          "Access-Control-Request-Private-Network: true\r\n");
  CHECK(allowed.status == 204);
  CHECK(allowed.header("access-control-allow-origin") == "https://page.example");
  CHECK(allowed.header("access-control-allow-methods") == "GET, DELETE, OPTIONS");
  CHECK(allowed.header("access-control-allow-headers") ==
        "Content-Type, Authorization, Last-Event-ID");
  CHECK(allowed.header("access-control-allow-private-network") == "true");
  CHECK(allowed.header("access-control-max-age") == "600");
  CHECK(allowed.header("vary") == "Origin");
  CHECK_FALSE(allowed.has("access-control-allow-credentials"));
  CHECK_FALSE(allowed.has("content-length"));
  const RawAnswer refused = ask("OPTIONS", "/items/1", "Origin: https://evil.example\r\n");
  CHECK(refused.status == 403);
  CHECK_FALSE(refused.has("access-control-allow-origin"));
  const RawAnswer stream = ask("HEAD", "/trace/stream", "Origin: https://page.example\r\n");
  CHECK(stream.header("access-control-allow-origin") == "https://page.example");
  CHECK(stream.header("vary") == "Origin");
}

TEST_CASE("HttpFront: CORS policy any is judged when it is known who is speaking") {
  LiveFront::Options options;
  options.authorize = [](Exchange& exchange, const Route&) -> std::optional<HttpAnswer> {
    if (!exchange.head().field("authorization").empty())
      exchange.set_principal({.name = "ann", .is_operator = false});
    return std::nullopt;
  };
  LiveFront live(std::move(options), front_routes);
  const auto origin_of = [&live](std::string_view more) {
    RawClient client = live.client();
    client.say(get_text("/open/stream", live.port(), more));
    const RawAnswer head = client.answer(true);
    return std::to_string(head.status) + " " + head.header("access-control-allow-origin");
  };
  CHECK(origin_of("Origin: https://x.example\r\nAuthorization: Bearer a\r\n") == "200 *");
  CHECK(origin_of("Origin: http://localhost:5173\r\n") == "200 http://localhost:5173");
  CHECK(origin_of("Origin: https://x.example\r\n") == "403 ");
  CHECK(origin_of("") == "200 ");
}

TEST_CASE("HttpFront: a deferred answer that does not come is a 504, once, and cancelled") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  live.pass(19s);
  CHECK_FALSE(client.read_some());
  REQUIRE(live.until([&] {  // the 20 s begin when the reactor hears of them
    live.pass(1s);
    return client.read_some();
  }));
  CHECK(client.answer().status == 504);
  CHECK(live.until([&] { return live.gone == 1; }));
  std::move(live.take_kept()).send(json_answer(200, "late"));
  CHECK(client.read_end());
  CHECK(client.buffer().empty());
  CHECK(live.gone == 1);
}

TEST_CASE("HttpFront: a deferred answer that is dropped is a 500, and the connection lives") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  { const DeferredAnswer dropped = live.take_kept(); }
  const RawAnswer answer = client.answer();
  CHECK(answer.status == 500);
  CHECK(answer.body == R"({"error":"INTERNAL","reason":"abandoned"})");
  CHECK(client.ask(get_text("/hello", live.port())).status == 200);
  CHECK(live.gone == 0);
}

TEST_CASE("HttpFront: a late answer never reaches the next request of its connection") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()) + get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  DeferredAnswer first = live.take_kept();
  std::move(first).send(json_answer(200, "one"));
  CHECK(client.answer().body == "one");
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  std::move(live.take_kept()).send(json_answer(200, "two"));
  CHECK(client.answer().body == "two");
}

TEST_CASE("HttpFront: a deferred answer may become a stream") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(post_text("/later", live.port(), "{}"));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  StreamStart start;
  start.head.type = ContentType::sse;
  start.provider = live.feed().reader(true);
  std::move(live.take_kept()).stream(std::move(start));
  CHECK(client.answer(true).header("content-type") == "text/event-stream");
  live.publish("data: x\n\n", true);
  CHECK(client.read_end());
  CHECK(client.buffer().ends_with("0\r\n\r\n"));
}

TEST_CASE("HttpFront: an answer may outlive its front") {
  DeferredAnswer orphan;
  CHECK_FALSE(static_cast<bool>(orphan));
  {
    LiveFront live({}, front_routes);
    RawClient client = live.client();
    client.say(get_text("/later", live.port()));
    REQUIRE(live.until([&] { return live.kept() == 1; }));
    orphan = live.take_kept();
  }
  CHECK(static_cast<bool>(orphan));
  std::move(orphan).send(json_answer(200, "{}"));
}

TEST_CASE("HttpFront: where hanging up cancels there are 500 ms to finish") {
  LiveFront live({}, front_routes);
  RawClient quick = live.client();
  quick.say(post_text("/cancel", live.port(), "{}"));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  quick.half_close();
  live.settle();
  live.pass(400ms);
  std::move(live.take_kept()).send(json_answer(200, "done"));
  CHECK(quick.answer().body == "done");

  RawClient slow = live.client();
  slow.say(post_text("/cancel", live.port(), "{}"));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  live.settle();
  slow.half_close();
  REQUIRE(live.until([&] {
    live.pass(100ms);
    return live.front().counts().connections == 0;
  }));
  CHECK(live.until([&] { return live.gone == 1; }));
  CHECK(slow.read_end());
  CHECK(slow.buffer().empty());
}

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

TEST_CASE("HttpFront: bytes from a reader end its stream") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/trace/stream", live.port()));
  REQUIRE(client.read_text(": connected\n\n"));
  client.say("x");
  CHECK(client.read_end());
  CHECK(live.until([&] { return live.feed().told().error == 1; }));
}

TEST_CASE("HttpFront: requests in hand at the stop are answered, with Connection: close") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  live.front().close();
  std::jthread stopping([&live] { live.stop(5'000ms); });
  std::move(live.take_kept()).send(json_answer(200, "{}"));
  const RawAnswer answer = client.answer();
  CHECK(answer.status == 200);
  CHECK(answer.header("connection") == "close");
  stopping.join();
  CHECK(live.front().counts().connections == 0);
}

TEST_CASE("HttpFront: at the stop's deadline every socket closes") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  live.settle();
  std::jthread stopping([&live] { live.stop(2'000ms); });
  REQUIRE(live.until([&] {
    live.pass(10ms);  // small steps: the answer has its own deadline at 20 s
    return live.front().counts().connections == 0;
  }));
  stopping.join();
  CHECK(client.read_end());
  CHECK(client.buffer().empty());
  { const DeferredAnswer late = live.take_kept(); }
  live.settle();
  CHECK(live.count("http_answers_dropped_total", "reason=\"gone\"") == 1);
}

// Counts its pulls; gives nothing, or says that there is more.
class Counting final : public SseProvider {
 public:
  Counting(std::atomic<int>& pulls, Next next, StreamLine& line)
      : pulls_(pulls), next_(next), line_(line) {}
  void attached(StreamLine line, bool) override { line_ = line; }
  Next pull(std::vector<FrameSlice>&, std::size_t) override {
    ++pulls_;
    return next_;
  }
  void detached(Gone) override {}

 private:
  std::atomic<int>& pulls_;
  const Next next_;
  StreamLine& line_;
};

TEST_CASE("HttpFront: a thousand wakes in a turn are one pull") {
  LiveFront live({}, front_routes);
  std::atomic<int> pulls{0};
  StreamLine line;
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  StreamStart start;
  start.head.type = ContentType::sse;
  start.provider = std::make_unique<Counting>(pulls, SseProvider::Next::idle, line);
  std::move(live.take_kept()).stream(std::move(start));
  REQUIRE(live.until([&] { return pulls == 1; }));
  live.reactor().post([&line] {
    for (int i = 0; i < 1'000; ++i) line.wake();
  });
  live.settle();
  CHECK(pulls == 2);
  client.hard_close();
  REQUIRE(live.until([&] { return live.front().counts().connections == 0; }));
  live.reactor().post([&line] {
    line.wake();  // of a connection that is gone
    CHECK(line.bytes_sent() == 0);
  });
  live.settle();
  CHECK(pulls == 2);
}

TEST_CASE("HttpFront: a provider that always has more takes no turn from others") {
  LiveFront live({}, front_routes);
  std::atomic<int> pulls{0};
  StreamLine line;
  RawClient client = live.client();
  client.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  StreamStart start;
  start.head.type = ContentType::sse;
  start.provider = std::make_unique<Counting>(pulls, SseProvider::Next::more, line);
  std::move(live.take_kept()).stream(std::move(start));
  REQUIRE(live.until([&] { return pulls > 3; }));
  CHECK(live.get("/hello").status == 200);
}

}  // namespace
}  // namespace devs
