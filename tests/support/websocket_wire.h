#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/raw_client.h"

namespace devs {

// The client's side of RFC 6455, written for tests: says anything, right or wrong.

// What a client frame begins with, and whether it is masked.
struct ClientFrame {
  std::uint8_t first = 0x81;  // FIN and text
  std::string_view payload = {};
  bool masked = true;
  int length_bytes = -1;  // 0, 2 or 8; -1: the shortest that fits
};

inline std::string client_frame(const ClientFrame& frame) {
  constexpr std::string_view kMask = "\x12\x34\x56\x78";
  const std::size_t size = frame.payload.size();
  const int more = frame.length_bytes >= 0 ? frame.length_bytes
                   : size < 126            ? 0
                   : size <= 0xffff        ? 2
                                           : 8;
  std::string text(1, static_cast<char>(frame.first));
  const std::size_t second = more == 0 ? size : more == 2 ? 126 : 127;
  text += static_cast<char>(second | (frame.masked ? 0x80U : 0U));
  for (int i = more; i-- > 0;) text += static_cast<char>(size >> 8 * i & 0xffU);
  if (frame.masked) text += kMask;
  for (std::size_t i = 0; i < size; ++i)
    text += frame.masked ? static_cast<char>(frame.payload[i] ^ kMask[i % 4]) : frame.payload[i];
  return text;
}
inline std::string client_text(std::string_view payload) {
  return client_frame({.first = 0x81, .payload = payload});
}
inline std::string client_close(int code) {
  const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return client_frame({.first = 0x88, .payload = payload});
}

// One frame of the server.
struct ServerFrame {
  int opcode = 0;
  bool last = false;
  bool masked = false;
  std::string payload;
  int close_code() const {
    return payload.size() < 2 ? 0
                              : static_cast<unsigned char>(payload[0]) * 256 +
                                    static_cast<unsigned char>(payload[1]);
  }
};

// Takes the first whole frame off `bytes`; nullopt: there is none yet.
inline std::optional<ServerFrame> take_server_frame(std::string& bytes) {
  const auto at = [&bytes](std::size_t i) {
    return std::uint64_t{static_cast<std::uint8_t>(bytes[i])};
  };
  if (bytes.size() < 2) return std::nullopt;
  const std::uint64_t shortly = at(1) & 0x7fU;
  const std::size_t more = shortly == 127 ? 8 : shortly == 126 ? 2 : 0;
  if (bytes.size() < 2 + more) return std::nullopt;
  std::uint64_t length = more == 0 ? shortly : 0;
  for (std::size_t i = 0; i < more; ++i) length = length << 8U | at(2 + i);
  if (bytes.size() < 2 + more + length) return std::nullopt;
  ServerFrame frame{.opcode = static_cast<int>(at(0) & 0x0fU),
                    .last = (at(0) & 0x80U) != 0,
                    .masked = (at(1) & 0x80U) != 0,
                    .payload = bytes.substr(2 + more, length)};
  bytes.erase(0, 2 + more + length);
  return frame;
}

inline std::string upgrade_fields() {
  return "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
}

// A WebSocket over a RawClient.
class WebSocketWire {
 public:
  // Sends the handshake; opened() says whether it was accepted.
  WebSocketWire(RawClient client, std::string_view path, std::uint16_t port,
                std::string_view more = {})
      : client_(std::move(client)) {
    client_.say(get_text(path, port, upgrade_fields() + std::string(more)));
    head_ = client_.answer(true);
    bytes_ = client_.take();
  }
  bool opened() const { return head_.status == 101; }
  const RawAnswer& head() const { return head_; }
  RawClient& raw() { return client_; }

  void say(std::string_view bytes) { client_.say(bytes); }
  void text(std::string_view payload) { client_.say(client_text(payload)); }

  // The next frame of any kind; nullopt: the connection ended, or none came in time.
  std::optional<ServerFrame> frame() {
    std::optional<ServerFrame> got = take_server_frame(bytes_);
    while (!got) {
      const bool more = client_.read_until([](const std::string& in) { return !in.empty(); });
      if (!more) return std::nullopt;
      bytes_ += client_.take();
      got = take_server_frame(bytes_);
    }
    return got;
  }
  // The next text message; empty: another frame, or none.
  std::string message() {
    const std::optional<ServerFrame> got = frame();
    return got && got->opcode == 1 && got->last && !got->masked ? got->payload : std::string();
  }
  // The code of the close, whatever came before it; 0: the connection ended without.
  int closed_with() {
    for (;;) {
      const std::optional<ServerFrame> got = frame();
      if (!got) return 0;
      if (got->opcode == 8) return got->close_code();
    }
  }

 private:
  RawClient client_;
  RawAnswer head_;
  std::string bytes_;
};

}  // namespace devs
