#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orchestrator/net/websocket_frame.h"

namespace devs {

// One WebSocket as its server sees it: what of the client's bytes is a message, what
// the protocol itself owes the client (pongs, the close), and when it is over.
//
// Sends nothing: whoever holds it sends owed() between two frames.  Pure; confined to
// whoever holds it.
class WebSocketSession {
 public:
  explicit WebSocketSession(WebSocketReader::Limits limits = {}) : reader_(limits) {}

  // f(std::string_view message) for each text message that `bytes` complete, until
  // closing(); f may close().
  template <class F>
  void receive(std::string_view bytes, F&& f) {
    WebSocketReader::Said said;
    while (!over_) {
      switch (reader_.read(bytes, said)) {
        case WebSocketReader::Step::more:
          return;
        case WebSocketReader::Step::refused:
          return fail(reader_.refusal());
        case WebSocketReader::Step::said:
          if (said.opcode != WebSocketOpcode::text) {
            control(said);
          } else if (!closing_) {
            f(said.payload);
          }
      }
    }
  }

  // Begins the close from here: nothing but the client's close is heard after it.
  void close(WebSocketClose code, std::string_view reason = {});

  // Our close is owed, or was sent: nothing may be sent after what is owed.
  bool closing() const { return closing_; }
  // Nothing more is expected of the client: with what is owed the connection ends.
  bool over() const { return over_; }
  // Pongs seen so far.
  std::uint64_t pongs() const { return pongs_; }

  // What is to be sent now, whole frames; empty: nothing.  It counts as sent.
  std::string owed();

 private:
  void control(const WebSocketReader::Said& said);
  void fail(WebSocketClose code);

  WebSocketReader reader_;
  std::string owed_;  // a close, or a pong to the newest ping: older ones need none (5.5.3)
  bool closing_ = false;
  bool over_ = false;
  std::uint64_t pongs_ = 0;
};

}  // namespace devs
