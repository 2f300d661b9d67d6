#include "orchestrator/net/websocket_session.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/websocket_wire.h"

namespace devs {
namespace {

struct Talk {
  WebSocketSession session;
  std::vector<std::string> messages;

  void receive(std::string_view bytes) {
    session.receive(bytes, [this](std::string_view text) { messages.emplace_back(text); });
  }
  std::vector<ServerFrame> owed() {
    std::string bytes = session.owed();
    std::vector<ServerFrame> frames;
    while (auto frame = take_server_frame(bytes)) frames.push_back(*frame);
    CHECK(bytes.empty());
    return frames;
  }
};

TEST_CASE("[S0.16] WebSocketSession: messages are handed over in order") {
  Talk talk;
  talk.receive(client_text("one") + client_text("two"));
  CHECK(talk.messages == std::vector<std::string>{"one", "two"});
  CHECK(talk.owed().empty());
  CHECK_FALSE(talk.session.closing());
}

TEST_CASE("[S0.16] WebSocketSession: of many pings the newest is answered, with its payload") {
  Talk talk;
  for (int i = 0; i < 1'000; ++i)
    talk.receive(client_frame({.first = 0x89, .payload = std::to_string(i)}));
  const auto owed = talk.owed();
  REQUIRE(owed.size() == 1);
  CHECK(owed[0].opcode == 10);
  CHECK(owed[0].payload == "999");
  CHECK(talk.owed().empty());
}

TEST_CASE("[S0.16] WebSocketSession: a pong is counted, asked for or not") {
  Talk talk;
  talk.receive(client_frame({.first = 0x8a, .payload = "x"}) + client_frame({.first = 0x8a}));
  CHECK(talk.session.pongs() == 2);
  CHECK(talk.owed().empty());
}

TEST_CASE(
    "[S0.16] WebSocketSession: the client's close is answered with its code, and that is all") {
  Talk talk;
  talk.receive(client_close(1000) + client_text("late") + client_frame({.first = 0x89}));
  CHECK(talk.session.over());
  CHECK(talk.messages.empty());
  const auto owed = talk.owed();
  REQUIRE(owed.size() == 1);
  CHECK(owed[0].opcode == 8);
  CHECK(owed[0].close_code() == 1000);
  talk.session.close(WebSocketClose::going_away);
  CHECK(talk.owed().empty());
}

TEST_CASE("[S0.16] WebSocketSession: a close without a code is answered without one") {
  Talk talk;
  talk.receive(client_frame({.first = 0x88}));
  const auto owed = talk.owed();
  REQUIRE(owed.size() == 1);
  CHECK(owed[0].payload.empty());
}

TEST_CASE("[S0.16] WebSocketSession: after our close only the client's is heard") {
  Talk talk;
  talk.receive(client_frame({.first = 0x89}));
  talk.session.close(WebSocketClose::going_away, "shutdown");
  CHECK(talk.session.closing());
  CHECK_FALSE(talk.session.over());
  const auto owed = talk.owed();
  REQUIRE(owed.size() == 1);  // and no pong before it
  CHECK(owed[0].close_code() == 1001);
  CHECK(owed[0].payload.substr(2) == "shutdown");
  talk.receive(client_text("too late") + client_frame({.first = 0x89}));
  CHECK(talk.messages.empty());
  CHECK_FALSE(talk.session.over());
  talk.receive(client_close(1001));
  CHECK(talk.session.over());
  CHECK(talk.owed().empty());
}

TEST_CASE("[S0.16] WebSocketSession: what breaks the protocol ends it at once, with the code") {
  Talk talk;
  talk.receive(client_text("good") + client_frame({.payload = "bad", .masked = false}) +
               client_text("never heard"));
  CHECK(talk.messages == std::vector<std::string>{"good"});
  CHECK(talk.session.over());
  const auto owed = talk.owed();
  REQUIRE(owed.size() == 1);
  CHECK(owed[0].close_code() == 1002);
  talk.receive(client_text("nor this"));
  CHECK(talk.messages.size() == 1);
}

TEST_CASE("[S0.16] WebSocketSession: who hears a message may close for it") {
  WebSocketSession session;
  std::vector<std::string> heard;
  session.receive(client_text("not JSON") + client_text("{}"), [&](std::string_view text) {
    heard.emplace_back(text);
    session.close(WebSocketClose::bad_data);
  });
  CHECK(heard == std::vector<std::string>{"not JSON"});
  std::string owed = session.owed();
  CHECK(take_server_frame(owed)->close_code() == 1007);
}

}  // namespace
}  // namespace devs
