#include "orchestrator/net/websocket_frame.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/websocket_wire.h"

namespace devs {
namespace {

using Step = WebSocketReader::Step;

struct Heard {
  std::vector<std::string> said;  // opcode digit, then payload
  int refused = 0;                // the code; 0: not refused
};

Heard hear(std::string_view bytes, std::size_t piece, WebSocketReader::Limits limits = {}) {
  WebSocketReader reader(limits);
  Heard heard;
  while (!bytes.empty()) {
    std::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    for (Step step = Step::said; step == Step::said;) {
      WebSocketReader::Said said;
      step = reader.read(now, said);
      if (step == Step::said)
        heard.said.push_back(std::to_string(static_cast<int>(said.opcode)) +
                             std::string(said.payload));
      if (step == Step::refused) {
        heard.refused = static_cast<int>(reader.refusal());
        return heard;
      }
    }
  }
  return heard;
}

// Whole, byte by byte, and in threes: nothing may depend on how bytes come.
Heard hear_everyhow(std::string_view bytes, WebSocketReader::Limits limits = {}) {
  const Heard whole = hear(bytes, bytes.size(), limits);
  for (const std::size_t piece : {1U, 3U, 7U}) {
    const Heard pieces = hear(bytes, piece, limits);
    CHECK(pieces.said == whole.said);
    CHECK(pieces.refused == whole.refused);
  }
  return whole;
}

TEST_CASE("[S0.16] WebSocketReader: a masked text message is read, however it comes") {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65'535U, 65'536U}) {
    const std::string text(size, 'x');
    const Heard heard = hear_everyhow(client_text(text) + client_text("y"));
    CHECK(heard.refused == 0);
    CHECK(heard.said == std::vector<std::string>{"1" + text, "1y"});
  }
}

TEST_CASE("[S0.16] WebSocketReader: fragments are one message, and control frames come between") {
  const std::string bytes = client_frame({.first = 0x01, .payload = "a\xe2\x82"}) +
                            client_frame({.first = 0x89, .payload = "p"}) +
                            client_frame({.first = 0x00, .payload = ""}) +
                            client_frame({.first = 0x8a, .payload = ""}) +
                            client_frame({.first = 0x80, .payload = "\xac!"}) + client_text("next");
  const Heard heard = hear_everyhow(bytes);
  CHECK(heard.refused == 0);
  CHECK(heard.said == std::vector<std::string>{"9p", "10", "1a\xe2\x82\xac!", "1next"});
}

TEST_CASE("[S0.16] WebSocketReader: what breaks the protocol is refused with its code") {
  struct Wrong {
    const char* what;
    std::string bytes;
    int code;
  };
  const std::string big(65'537, 'x');
  const std::string long_control(126, 'x');
  const std::vector<Wrong> wrongs{
      {"unmasked", client_frame({.payload = "{}", .masked = false}), 1002},
      {"first reserved bit", client_frame({.first = 0xc1, .payload = "{}"}), 1002},
      {"last reserved bit", client_frame({.first = 0x91, .payload = "{}"}), 1002},
      {"opcode 3", client_frame({.first = 0x83}), 1002},
      {"opcode 11", client_frame({.first = 0x8b}), 1002},
      {"binary", client_frame({.first = 0x82, .payload = "{}"}), 1003},
      {"nothing to continue", client_frame({.first = 0x80, .payload = "x"}), 1002},
      {"a message within a message",
       client_frame({.first = 0x01, .payload = "x"}) + client_text("y"), 1002},
      {"binary within a message", client_frame({.first = 0x01}) + client_frame({.first = 0x82}),
       1002},
      {"a ping in fragments", client_frame({.first = 0x09}), 1002},
      {"a long ping", client_frame({.first = 0x89, .payload = long_control}), 1002},
      {"a length longer than it need be", client_frame({.payload = "x", .length_bytes = 2}), 1002},
      {"the same in eight bytes", client_frame({.payload = "x", .length_bytes = 8}), 1002},
      {"a length with its first bit", std::string("\x81\xff\x80\0\0\0\0\0\0\0mask", 14), 1002},
      {"one byte too long", client_text(big), 1009},
      {"too long in fragments",
       client_frame({.first = 0x01, .payload = std::string_view(big).substr(2)}) +
           client_frame({.first = 0x80, .payload = "xx"}),
       1009},
      {"no UTF-8", client_text("\xc3("), 1007},
      {"a surrogate", client_text("\xed\xa0\x80"), 1007},
      {"close with one byte", client_frame({.first = 0x88, .payload = "x"}), 1002},
      {"close with 999", client_close(999), 1002},
      {"close with 1005", client_close(1005), 1002},
      {"close with 1006", client_close(1006), 1002},
      {"close with 5000", client_close(5000), 1002},
      {"close with a reason that is no UTF-8",
       client_frame({.first = 0x88, .payload = "\x03\xe8\xff"}), 1007},
  };
  for (const Wrong& wrong : wrongs) {
    CAPTURE(wrong.what);
    const Heard heard = hear_everyhow(wrong.bytes);
    CHECK(heard.refused == wrong.code);
    CHECK(heard.said.empty());
  }
}

TEST_CASE("[S0.16] WebSocketReader: a length is refused before its payload comes") {
  WebSocketReader reader({});
  WebSocketReader::Said said;
  const std::string whole = client_text(std::string(65'537, 'x'));
  std::string_view header = std::string_view(whole).substr(0, 14);
  CHECK(reader.read(header, said) == Step::refused);
  CHECK(reader.refusal() == WebSocketClose::too_big);
}

TEST_CASE("[S0.16] WebSocketReader: a message in ever more fragments is refused") {
  std::string bytes = client_frame({.first = 0x01});
  for (int i = 0; i < 9; ++i) bytes += client_frame({.first = 0x00});
  CHECK(hear_everyhow(bytes, {.message_bytes = 100, .fragments = 10}).refused == 0);
  bytes += client_frame({.first = 0x80});
  CHECK(hear_everyhow(bytes, {.message_bytes = 100, .fragments = 10}).refused == 1009);
}

TEST_CASE("[S0.16] WebSocketReader: a close with a code a peer may send is said") {
  for (const int code : {1000, 1001, 1003, 1007, 1014, 3000, 4999})
    CHECK(hear(client_close(code), 99).said.size() == 1);
  CHECK(hear(client_frame({.first = 0x88}), 99).said == std::vector<std::string>{"8"});
}

TEST_CASE("[S0.16] append_websocket_frame: unmasked, whole, of the shortest length") {
  for (const std::size_t size : {0U, 125U, 126U, 65'535U, 65'536U}) {
    std::string bytes;
    append_websocket_frame(bytes, WebSocketOpcode::text, std::string(size, 'x'));
    CHECK(bytes.size() == size + (size < 126 ? 2 : size < 65'536 ? 4 : 10));
    std::string rest = bytes + "more";
    const auto frame = take_server_frame(rest);
    REQUIRE(frame);
    CHECK(frame->opcode == 1);
    CHECK(frame->last);
    CHECK_FALSE(frame->masked);
    CHECK(frame->payload == std::string(size, 'x'));
    CHECK(rest == "more");
    const std::string two = bytes + bytes;
    std::string_view ours = two;
    CHECK(take_websocket_payload(ours).size() == size);
    CHECK(ours == bytes);
  }
}

TEST_CASE("[S0.16] append_websocket_close: code and reason, within a control frame") {
  std::string bytes;
  append_websocket_close(bytes, WebSocketClose::going_away, "bye");
  CHECK(bytes ==
        "\x88\x05\x03\xe9"
        "bye");
  bytes.clear();
  append_websocket_close(bytes, WebSocketClose::normal, std::string(200, 'x'));
  CHECK(bytes.size() == 2 + 125);
}

}  // namespace
}  // namespace devs
