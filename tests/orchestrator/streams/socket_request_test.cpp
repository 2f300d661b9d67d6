#include "orchestrator/streams/socket_request.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

using Kind = SocketRequest::Kind;

TEST_CASE("[S0.16] read_socket_request: the three things a client may ask for") {
  const SocketRequest subscribe = read_socket_request(R"( { "subscribe" : "t-42" } )");
  CHECK(subscribe.kind == Kind::subscribe);
  CHECK(subscribe.text == "t-42");
  CHECK(read_socket_request(R"({"unsubscribe":"*"})").kind == Kind::unsubscribe);
  const SocketRequest sync =
      read_socket_request(R"({"type":"SYNC_REQUEST","sinceCheckpointId":"e-1","more":[1]})");
  CHECK(sync.kind == Kind::sync);
  CHECK(sync.text == "e-1");
}

TEST_CASE(
    "[S0.16] read_socket_request: what is no JSON object is told apart from what is unknown") {
  for (const char* const text : {"", "subscribe", "{", "[]", "1", "\"x\"", "null", "{\"a\":1}{}"}) {
    CAPTURE(text);
    CHECK(read_socket_request(text).kind == Kind::not_json);
  }
  for (const char* const text :
       {"{}", R"({"subscribe":1})", R"({"subscribe":["t"]})", R"({"type":"SYNC_REQUEST"})",
        R"({"type":"OTHER","sinceCheckpointId":"e-1"})", R"({"subscribe":"a","unsubscribe":"b"})",
        R"({"subscribe":"a","type":"SYNC_REQUEST","sinceCheckpointId":"e-1"})"}) {
    CAPTURE(text);
    CHECK(read_socket_request(text).kind == Kind::unknown);
  }
  // JSON, but more of it than we look at.
  const std::string deep = R"({"subscribe":)" + std::string(64, '[') + std::string(64, ']') + '}';
  CHECK(read_socket_request(deep).kind == Kind::unknown);
}

TEST_CASE("[S0.16] socket_topic: a star, a task, or a topic as it is") {
  CHECK(socket_topic("*") == "all");
  CHECK(socket_topic("t-42") == "task:t-42");
  CHECK(socket_topic("a:b") == "task:a:b");
  CHECK(socket_topic("task:t-42") == "task:t-42");
  CHECK(socket_topic("session:s") == "session:s");
  CHECK(socket_topic("graph") == "graph");
  CHECK(socket_topic("no topic") == "no topic");
}

}  // namespace
}  // namespace devs
