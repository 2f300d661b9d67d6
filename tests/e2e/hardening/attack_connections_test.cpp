#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "tests/e2e/hardening/attack.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

std::string start_of_head(const LiveFront& live) {
  return "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(live.port()) + "\r\n";
}

TEST_CASE("[A5] 1 000 sockets dripping a byte every 3 s: 408 each at 10 s") {
  LiveFront live({}, front_routes);
  std::vector<RawClient> drips;
  for (int i = 0; i < 1'000; ++i) {
    drips.push_back(live.client());
    drips.back().say("G");
  }
  REQUIRE(live.until([&] { return live.front().counts().connections == 1'000; }));
  for (const char* byte : {"E", "T", " "}) {
    live.pass(3s);
    for (RawClient& drip : drips) drip.say(byte);
    live.settle();
  }
  CHECK(live.front().counts().connections == 1'000);
  good_client_is_served(live);
  live.pass(1s);
  for (RawClient& drip : drips) REQUIRE(drip.answer().status == 408);
  for (RawClient& drip : drips) REQUIRE(drip.read_end());
  good_client_is_served(live);
}

TEST_CASE("[A5] a body that drips: 408, no byte extends the deadline") {
  LiveFront live({}, front_routes);
  RawClient slow = live.client();
  slow.say(start_of_head(live) + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n");
  REQUIRE(live.until([&] { return live.front().counts().in_hand == 1; }));
  for (int i = 0; i < 9; ++i) {
    slow.say("x");
    live.pass(1s);
  }
  CHECK_FALSE(slow.read_some());
  live.pass(1s);
  CHECK(slow.answer().status == 408);
  CHECK(slow.read_end());
  CHECK(live.until([&] { return live.front().counts().in_hand == 0; }));

  RawClient steady = live.client();  // fast enough, and still over at 30 s
  steady.say(start_of_head(live) +
             "Content-Type: application/json\r\nContent-Length: 4000000\r\n\r\n");
  REQUIRE(live.until([&] { return live.front().counts().in_hand == 1; }));
  for (int i = 0; i < 29; ++i) {
    steady.say(std::string(2'000, 'x'));
    live.settle();
    live.pass(1s);
  }
  CHECK_FALSE(steady.read_some());
  live.pass(1s);
  CHECK(steady.answer().status == 408);
}

TEST_CASE("[A7] silent sockets, as many as 2 000 of the 10 000: closed at 10 s") {
  LiveFront live({}, front_routes);
  std::vector<RawClient> silent;
  for (int i = 0; i < 2'000; ++i) silent.push_back(live.client());
  REQUIRE(live.until([&] { return live.front().counts().connections == 2'000; }));
  good_client_is_served(live);
  live.pass(9'990ms);
  CHECK(live.front().counts().connections >= 2'000);
  live.pass(10ms);
  for (RawClient& each : silent) {
    REQUIRE(each.read_end());
    REQUIRE(each.buffer().empty());  // nobody spoke, nothing is said
  }
  good_client_is_served(live);
  CHECK(live.until([&] { return live.front().counts().connections == 0; }));
}

// In a process of its own, because the limit is the process's.
int serve_with_few_descriptors() {
  constexpr rlim_t kDescriptors = 128;
  LiveFront::Options options;
  options.real_clock = true;
  options.listen = false;
  LiveFront live(std::move(options), front_routes);
  const rlimit few{.rlim_cur = kDescriptors, .rlim_max = kDescriptors};
  if (setrlimit(RLIMIT_NOFILE, &few) != 0) return 2;
  if (!live.front().listen().ok()) return 3;
  live.settle();

  const auto answers = [&live] {
    for (int tries = 0; tries < 100; ++tries) {
      RawClient one(live.port());
      if (one.fd() >= 0 && one.ask(get_text("/hello", live.port())).status == 200) return true;
      live.settle();
    }
    return false;
  };
  if (!answers()) return 4;
  // Whoever was answered is gone: no descriptor comes back later.
  if (!live.until([&live] { return live.front().counts().connections == 0; })) return 9;

  // The clients live here as well, so the descriptors run out twice as fast.
  const auto cpu = [] {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return std::chrono::seconds(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           std::chrono::microseconds(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  };
  std::vector<int> held;
  for (int fd = 0; (fd = dup(0)) >= 0;) held.push_back(fd);
  ::close(held.back());
  held.pop_back();
  std::vector<RawClient> waiting;
  waiting.emplace_back(live.port());  // the last descriptor: accept has none
  if (waiting.back().fd() < 0) return 5;
  const auto cpu_before = cpu();
  const RawAnswer told = waiting.back().answer();  // from the reserve descriptor
  if (told.status != 503 || told.header("retry-after").empty()) return 6;
  pollfd nothing{.fd = -1, .events = 0, .revents = 0};
  ::poll(&nothing, 1, 500);  // half a second of having no descriptors
  if (cpu() - cpu_before > std::chrono::milliseconds(50)) return 7;
  waiting.clear();
  for (const int fd : held) ::close(fd);
  return answers() ? 0 : 8;
}

TEST_CASE(
    "[A8] more sockets than descriptors at NOFILE 128: 503, no spin, accepting when some are "
    "free") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(serve_with_few_descriptors());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  const int code = WEXITSTATUS(status);
  CHECK(code == 0);
}

TEST_CASE("[A8] more connections than the cap: 503 with Retry-After, in turn, then room again") {
  LiveFront::Options options;
  options.front.max_connections = 20;
  LiveFront live(std::move(options), front_routes);
  std::vector<RawClient> open;
  for (int i = 0; i < 20; ++i) {
    open.push_back(live.client());
    open.back().say("GET ");
  }
  REQUIRE(live.until([&] { return live.front().counts().connections == 20; }));
  CHECK(live.get("/hello").status == 503);
  const RawAnswer refused = live.get("/hello");
  CHECK(refused.status == 503);
  CHECK(refused.header("connection") == "close");
  CHECK(refused.header("content-length") == "0");
  CHECK_FALSE(refused.header("retry-after").empty());
  CHECK(live.front().shedding());
  CHECK(live.count("http_refused_total", "code=\"503\",reason=\"shed\"") == 2);
  live.pass(1s);  // heads incomplete for a second make room, oldest first
  CHECK(live.get("/hello").status == 200);
  CHECK(open.front().read_end());
  open.clear();
  REQUIRE(live.until([&] { return live.front().counts().connections == 0; }));
  good_client_is_served(live);
  CHECK_FALSE(live.front().shedding());
}

// accept(2) that fails every n-th time with the next error of a list.
struct Failing {
  static constexpr int kErrors[] = {ENFILE, ENOMEM, ENOBUFS, ECONNABORTED, EPROTO, EPERM, EINTR};
  int calls = 0;
  int every = 2;
  int operator()(int fd) {
    if (++calls % every == 0) {
      errno = kErrors[static_cast<std::size_t>(calls / every) % std::size(kErrors)];
      return -1;
    }
    return accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }
};

TEST_CASE("[A25] accept fails for every n-th call: accepting again within a second") {
  for (const int every : {1, 2, 3, 5}) {
    CAPTURE(every);
    LiveFront::Options options;
    Failing failing;
    failing.every = every == 1 ? 2 : every;
    options.front.accept = failing;
    LiveFront live(std::move(options), front_routes);
    for (int i = 0; i < 20; ++i) {
      RawClient client = live.client();
      client.say(get_text("/hello", live.port()));
      // One second of the clock, twice over; the worker then takes its own time.
      for (int waited = 0; waited < 100 && !client.read_some(); ++waited) live.pass(20ms);
      REQUIRE(client.answer().status != 0);  // 200, or the 503 of the reserve descriptor
    }
  }
}

TEST_CASE("[A25] a listener that is no socket any more is made anew") {
  LiveFront::Options options;
  int calls = 0;
  options.front.accept = [&calls](int fd) {
    if (++calls == 1) {
      errno = EINVAL;
      return -1;
    }
    return accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  };
  LiveFront live(std::move(options), front_routes);
  {
    const RawClient lost = live.client();  // its queue dies with the old socket
    REQUIRE(live.until([&] { return live.log().has("listener_renewed"); }));
  }
  good_client_is_served(live);
}

TEST_CASE("[A26] a stop before, during or just after the start is not lost") {
  SUBCASE("before listen") {
    LiveFront::Options options;
    options.listen = false;
    LiveFront live(std::move(options), front_routes);
    live.front().close();
    CHECK_FALSE(live.front().listen().ok());
    live.stop(100ms);
    CHECK(live.front().counts().connections == 0);
  }
  SUBCASE("between bind and the reactor's first look") {
    Metrics metrics;
    FakeClock clock;
    KeptLog log;
    Reactor reactor(clock, metrics);
    WorkerPool workers({.name = "http", .threads = 1, .queue_capacity = 4});
    HttpFront front({}, RouteTable(), {}, reactor, workers, log, metrics);
    REQUIRE(front.listen().ok());
    front.close();  // nobody turns yet
    std::jthread thread([&reactor] { reactor.run(); });
    front.stop(clock.steady() + 1s);
    RawClient late(front.port());
    late.say("GET ");
    CHECK(late.read_end());
    reactor.stop();
  }
  SUBCASE("just after") {
    LiveFront live({}, front_routes);
    live.stop(100ms);
    RawClient late = live.client();
    late.say("GET ");
    CHECK(late.read_end());
  }
}

TEST_CASE("[A28] an idle kept connection wakes nobody and holds nothing") {
  LiveFront live({}, front_routes);
  std::vector<RawClient> kept;
  for (int i = 0; i < 100; ++i) {
    kept.push_back(live.client());
    REQUIRE(kept.back().ask(get_text("/hello", live.port())).status == 200);
  }
  live.settle();
  const auto switches = [] {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return used.ru_nvcsw + used.ru_nivcsw;
  };
  const long before = switches();
  pollfd nothing{.fd = -1, .events = 0, .revents = 0};
  ::poll(&nothing, 1, 300);
  CHECK(switches() - before < 20);  // our own wait, and whatever the machine does
  live.pass(15s);
  for (RawClient& each : kept) CHECK(each.read_end());
}

}  // namespace
}  // namespace devs
