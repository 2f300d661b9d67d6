#include "orchestrator/net/websocket_session.h"

#include <utility>

namespace devs {

void WebSocketSession::control(const WebSocketReader::Said& said) {
  switch (said.opcode) {
    case WebSocketOpcode::ping:
      if (closing_) return;
      owed_.clear();
      append_websocket_frame(owed_, WebSocketOpcode::pong, said.payload);
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
  owed_.clear();
  append_websocket_frame(owed_, WebSocketOpcode::close, said.payload.substr(0, 2));
}

void WebSocketSession::fail(WebSocketClose code) {
  over_ = true;
  close(code);
}

void WebSocketSession::close(WebSocketClose code, std::string_view reason) {
  if (std::exchange(closing_, true)) return;
  owed_.clear();
  append_websocket_close(owed_, code, reason);
}

std::string WebSocketSession::owed() {
  return std::exchange(owed_, {});
}

}  // namespace devs
