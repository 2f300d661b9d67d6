#pragma once

#include <string>
#include <string_view>

namespace devs {

// What a client says on `/trace/ws` (streams 10).  Pure.
struct SocketRequest {
  enum class Kind {
    not_json,     // no JSON object
    unknown,      // an object that asks for nothing known, or for two things
    subscribe,    // `text`: a topic
    unsubscribe,  // the same
    sync          // `text`: an event id
  };
  Kind kind = Kind::not_json;
  std::string text = {};
};
SocketRequest read_socket_request(std::string_view message);

// A topic as clients of a socket name it: `*` is `all`, a task's id its topic, others stay.
std::string socket_topic(std::string_view text);

}  // namespace devs
