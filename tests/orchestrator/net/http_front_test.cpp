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

TEST_CASE(
    "[S1.6] HttpFront: the line of a handler that threw tells the target without its tokens") {
  LiveFront live({}, front_routes);
  CHECK(live.get("/throws?token=canary-1&taskId=t-1&access_token=canary-2").status == 500);
  CHECK(live.log().has("target=/throws?token=[redacted]&taskId=t-1&access_token=[redacted] "));
  CHECK_FALSE(live.log().has("canary"));
}

}  // namespace
}  // namespace devs
