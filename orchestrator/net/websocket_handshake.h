#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/net/http_message.h"
#include "orchestrator/net/request_head.h"

namespace devs {

// The opening handshake of RFC 6455, section 4.2.  Pure.

// What to answer a request that asks for no WebSocket of version 13; null: it does.
// 426 for what is no upgrade or another version, 400 for a handshake gone wrong.
std::optional<HttpAnswer> websocket_refusal(const RequestHead& head);

// 101, with which the connection becomes a WebSocket.  REQUIRES: no refusal.
HttpAnswer websocket_accepted(const RequestHead& head);

// `Sec-WebSocket-Accept` for that key.
std::string websocket_accept(std::string_view key);

}  // namespace devs
