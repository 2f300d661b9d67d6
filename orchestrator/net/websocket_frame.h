#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace devs {

// Frames of RFC 6455, as a server writes them and reads them: version 13, no
// extensions.  Pure.

enum class WebSocketOpcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

// Why a connection ends (RFC 6455 7.4.1).
enum class WebSocketClose : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  bad_data = 1007,  // no UTF-8, or not what its type asks for
  policy = 1008,
  too_big = 1009,
  try_again_later = 1013,
};

// What goes before a payload of that size: unmasked, the last frame of its message.
// REQUIRES: at most 125 bytes for a control frame.
void append_websocket_header(std::string& out, WebSocketOpcode opcode, std::size_t size);
// Both together.
void append_websocket_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload);
// `reason` is cut to what fits.
void append_websocket_close(std::string& out, WebSocketClose code, std::string_view reason = {});
// What append_websocket_frame() was given, of the first frame in `frames`, which begins
// after it then.  REQUIRES: whole frames of this house.
std::string_view take_websocket_payload(std::string_view& frames);

// A client's frames, byte by byte as they come.  Everything a client may get wrong is
// an answer with the code to close with; nothing it sends makes it hold more than
// the limits say.
//
// After a refusal nothing more may be read.  Confined to whoever holds it.
class WebSocketReader {
 public:
  struct Limits {
    std::size_t message_bytes = 65'536;  // of all its frames together: 1009
    std::size_t fragments = 1'024;       // so that a message comes to an end: 1009
  };
  explicit WebSocketReader(Limits limits) : limits_(limits) {}

  // One whole thing the client said: a text message, or a control frame.
  struct Said {
    WebSocketOpcode opcode = WebSocketOpcode::text;  // text, close, ping or pong
    std::string_view payload;                        // text: UTF-8.  Until the next read()
  };
  enum class Step { more, said, refused };
  // Takes from the front of `bytes`, up to what completes one thing.
  Step read(std::string_view& bytes, Said& said);
  // REQUIRES: refused.
  WebSocketClose refusal() const { return refusal_; }

 private:
  Step refuse(WebSocketClose code);
  bool take_header(std::string_view& bytes, Step& step);
  bool judge_kind();
  bool judge_length();
  Step finish(Said& said);
  WebSocketOpcode opcode() const;
  bool is_last() const;
  bool is_control() const;

  const Limits limits_;
  WebSocketClose refusal_ = WebSocketClose::protocol_error;
  std::array<std::uint8_t, 14> header_{};
  std::size_t header_size_ = 0;  // come so far
  std::size_t header_end_ = 2;   // as far as is known
  std::uint64_t length_ = 0;     // of the present frame
  std::uint64_t taken_ = 0;
  bool in_payload_ = false;
  std::size_t fragments_ = 0;  // of the message begun; 0: none
  bool was_said_ = false;      // the text or control frame below was handed out
  std::string message_;
  std::string control_;
};

}  // namespace devs
