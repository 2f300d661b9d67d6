#include "orchestrator/net/websocket_session.h"

#include <utility>

namespace devs {

void WebSocketSession::control(const WebSocketReader::Said& said) {
  switch (said.opcode) {
    case WebSocketOpcode::ping:
      if (closing_) return;
      pong_.clear();
      append_websocket_frame(pong_, WebSocketOpcode::pong, said.payload);
      return;
    case WebSocketOpcode::pong:
      ++pongs_;
      return;
    default:
      break;
  }
  over_ = true;
  if (std::exchange(closing_, true)) return;  // the answer to ours
  // The same code, as is usual, and no reason.
  append_websocket_frame(close_, WebSocketOpcode::close, said.payload.substr(0, 2));
}

void WebSocketSession::fail(WebSocketClose code) {
  over_ = true;
  close(code);
}

void WebSocketSession::close(WebSocketClose code, std::string_view reason) {
  if (std::exchange(closing_, true)) return;
  pong_.clear();
  append_websocket_close(close_, code, reason);
}

std::string WebSocketSession::owed() {
  std::string frames = std::exchange(pong_, {});
  frames += std::exchange(close_, {});
  return frames;
}

}  // namespace devs
