#pragma once

#include <string>

#include "tests/orchestrator/streams/stream_house.h"
#include "tests/support/websocket_wire.h"

namespace devs {

// A WebSocket on `/trace/ws`; waiting turns the house's reactor.
inline WebSocketWire socket_on(StreamHouse& house, const std::string& query = "",
                               const std::string& headers = "", int receive_buffer = 0) {
  return WebSocketWire(
      RawClient(
          house.front.port(), [&house] { house.reactor.turn(std::chrono::milliseconds(1)); }, false,
          receive_buffer),
      "/trace/ws" + query, house.front.port(), headers);
}
// The same once it has been greeted.
inline WebSocketWire greeted_on(StreamHouse& house, const std::string& query = "",
                                const std::string& headers = "", int receive_buffer = 0) {
  WebSocketWire wire = socket_on(house, query, headers, receive_buffer);
  wire.message();
  return wire;
}

inline std::string entry_message(const StreamHouse& house, Sequence n, const std::string& body,
                                 const std::string& name = "") {
  return R"({"id":")" + house.id(n) + R"(","name":")" + name + R"(","envelope":)" + body + '}';
}
// `{"type":...,"events":[...]}` of the entries from..to, each a thought of its number.
inline std::string events_message(const StreamHouse& house, const std::string& type, Sequence from,
                                  Sequence to) {
  std::string events;
  for (Sequence n = from; n <= to; ++n)
    events += (events.empty() ? "" : ",") + entry_message(house, n, thought(n));
  return R"({"type":")" + type + R"(","events":[)" + events + "]}";
}
inline std::string sync_request(const std::string& id) {
  return R"({"type":"SYNC_REQUEST","sinceCheckpointId":")" + id + R"("})";
}

}  // namespace devs
