// A connection that was answered 101: its bytes go to its provider, both ways.
#include <doctest/doctest.h>

#include "orchestrator/net/websocket_handshake.h"
#include "orchestrator/net/websocket_session.h"
#include "tests/support/front_routes.h"
#include "tests/support/websocket_wire.h"

namespace devs {
namespace {

// Says everything it hears; `end` is its goodbye, `flood` more than a socket holds.
class Echo final : public SseProvider {
 public:
  struct Told {
    std::atomic<int> peer{0}, stalled{0}, shutdown{0}, error{0}, destroyed{0};
  };
  explicit Echo(Told& told) : told_(told) {}
  ~Echo() override { ++told_.destroyed; }

  void attached(StreamLine line, bool chunked) override {
    CHECK_FALSE(chunked);
    line_ = line;
  }
  bool received(std::string_view bytes) override {
    session_.receive(bytes, [this](std::string_view text) {
      if (text == "end") return session_.close(WebSocketClose::going_away);
      append_websocket_frame(say_, WebSocketOpcode::text,
                             text == "flood" ? std::string(30'000'000, 'x') : std::string(text));
    });
    line_.wake();
    return true;
  }
  Next pull(std::vector<FrameSlice>& out, std::size_t) override {
    auto bytes = std::make_shared<const std::string>(std::exchange(say_, {}) + session_.owed());
    const std::size_t size = bytes->size();
    out.push_back({std::move(bytes), 0, size});
    return session_.over() ? Next::ended : Next::idle;
  }
  std::string last_words(const FrameEnd*) override {
    std::string words;
    append_websocket_close(words, WebSocketClose::try_again_later);
    return words;
  }
  void detached(Gone why) override {
    if (why == Gone::peer) ++told_.peer;
    if (why == Gone::stalled) ++told_.stalled;
    if (why == Gone::shutdown) ++told_.shutdown;
    if (why == Gone::error) ++told_.error;
  }

 private:
  Told& told_;
  StreamLine line_;
  WebSocketSession session_;
  std::string say_;
};

struct EchoHouse {
  Echo::Told told;
  LiveFront live{
      {}, [this](LiveFront& front) {
        std::vector<Route> rows = front_routes(front);
        Route row;
        row.pattern = "/echo";
        row.is_stream = true;
        row.handler = [this](Exchange& exchange) {
          if (auto refusal = websocket_refusal(exchange.head()))
            return exchange.respond(std::move(*refusal));
          exchange.stream({websocket_accepted(exchange.head()), std::make_unique<Echo>(told)});
        };
        rows.push_back(std::move(row));
        return rows;
      }};
  WebSocketWire open(int receive_buffer = 0) {
    return WebSocketWire(live.client(receive_buffer), "/echo", live.port());
  }
};

TEST_CASE("[S0.16] HttpFront: an upgrade is answered 101, and nothing of a body goes with it") {
  EchoHouse house;
  WebSocketWire wire = house.open();
  CHECK(wire.head().status == 101);
  CHECK(wire.head().head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK(wire.head().header("upgrade") == "websocket");
  CHECK(wire.head().header("connection") == "Upgrade");
  CHECK(wire.head().header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(wire.head().header("transfer-encoding").empty());
  CHECK(wire.head().header("content-length").empty());
  CHECK(wire.head().header("keep-alive").empty());
  wire.text("hello");
  CHECK(wire.message() == "hello");
  wire.text(std::string(65'536, 'x'));
  CHECK(wire.message() == std::string(65'536, 'x'));
  CHECK(house.live.front().counts().streams == 1);
}

TEST_CASE("[S0.16] HttpFront: an Upgrade elsewhere, and none here, change nothing") {
  EchoHouse house;
  CHECK(house.live.get("/hello", upgrade_fields()).status == 200);
  const RawAnswer plain = house.live.get("/echo");
  CHECK(plain.status == 426);
  CHECK(plain.header("upgrade") == "websocket");
  CHECK(plain.header("sec-websocket-version") == "13");
  CHECK(house.live.get("/echo", upgrade_fields() + "Origin: https://evil.example\r\n").status ==
        403);
}

TEST_CASE("[S0.16] HttpFront: what a client says before it may is heard all the same") {
  EchoHouse house;
  RawClient client = house.live.client();
  client.say(get_text("/echo", house.live.port(), upgrade_fields()) + client_text("early"));
  CHECK(client.answer(true).status == 101);
  CHECK(client.read_text("early"));
}

TEST_CASE("[S0.16] HttpFront: the client closes: its close is answered, then the socket ends") {
  EchoHouse house;
  WebSocketWire wire = house.open();
  wire.say(client_close(1000));
  CHECK(wire.closed_with() == 1000);
  CHECK(wire.raw().read_end());
  CHECK_FALSE(wire.raw().was_reset());
  wire.raw().close();
  CHECK(house.live.until([&] { return house.live.front().counts().connections == 0; }));
  CHECK(house.told.destroyed == 1);
  CHECK(house.told.peer == 0);
}

TEST_CASE("[S0.16] HttpFront: a client that closes and sends FIN at once gets its answer") {
  EchoHouse house;
  WebSocketWire wire = house.open();
  wire.say(client_close(1000));
  wire.raw().half_close();
  CHECK(wire.closed_with() == 1000);
  CHECK(wire.raw().read_end());
}

TEST_CASE("[S0.16] HttpFront: a client that only hangs up is gone at once") {
  EchoHouse house;
  WebSocketWire wire = house.open();
  wire.raw().close();
  CHECK(house.live.until([&] { return house.told.peer == 1; }));
  WebSocketWire other = house.open();
  other.raw().hard_close();
  CHECK(house.live.until([&] { return house.told.peer == 2; }));
  CHECK(house.live.until([&] { return house.live.front().counts().connections == 0; }));
}

TEST_CASE("[S0.16] HttpFront: a refused client is told why, though it goes on sending") {
  EchoHouse house;
  WebSocketWire wire = house.open();
  wire.say(client_frame({.payload = "unmasked", .masked = false}) + std::string(40'000, 'x'));
  CHECK(wire.closed_with() == 1002);
  CHECK(wire.raw().read_end());
  CHECK_FALSE(wire.raw().was_reset());
}

TEST_CASE("[S0.16] HttpFront: our close waits for the client's") {
  EchoHouse house;
  WebSocketWire wire = house.open();
  wire.text("end");
  CHECK(wire.closed_with() == 1001);
  house.live.settle();
  CHECK(house.told.destroyed == 0);
  wire.say(client_close(1001));
  CHECK(wire.raw().read_end());
  CHECK(house.live.until([&] { return house.told.destroyed == 1; }));
}

TEST_CASE("[S0.16] HttpFront: a client that takes no byte for 30 s is cut") {
  EchoHouse house;
  WebSocketWire wire = house.open(4'096);
  wire.text("flood");
  house.live.settle();
  house.live.pass(std::chrono::seconds(29));
  CHECK(house.told.stalled == 0);
  house.live.pass(std::chrono::seconds(2));
  CHECK(house.live.until([&] { return house.told.stalled == 1; }));
  CHECK(house.live.until([&] { return house.live.front().counts().connections == 0; }));
}

}  // namespace
}  // namespace devs
