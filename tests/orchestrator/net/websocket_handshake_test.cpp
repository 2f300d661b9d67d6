#include "orchestrator/net/websocket_handshake.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

RequestHead asking() {
  RequestHead head;
  head.fields = {{"host", "localhost"},
                 {"upgrade", "websocket"},
                 {"connection", "keep-alive, Upgrade"},
                 {"sec-websocket-version", "13"},
                 {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  return head;
}

RequestHead with(std::string_view name, std::string_view value) {
  RequestHead head = asking();
  for (auto& [have, text] : head.fields)
    if (have == name) text = value;
  return head;
}

int refused(const RequestHead& head) {
  const auto answer = websocket_refusal(head);
  return answer ? answer->status : 0;
}

TEST_CASE("[S0.16] websocket_accept: the example of RFC 6455") {
  CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("[S0.16] websocket_refusal: a handshake of version 13 passes, in any case") {
  CHECK(refused(asking()) == 0);
  CHECK(refused(with("upgrade", "WebSocket")) == 0);
  CHECK(refused(with("upgrade", "h2c, websocket")) == 0);
  const HttpAnswer answer = websocket_accepted(asking());
  CHECK(answer.status == 101);
  CHECK(answer.headers.back().second == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("[S0.16] websocket_refusal: what asks for no WebSocket is told to: 426") {
  CHECK(refused(with("upgrade", "h2c")) == 426);
  CHECK(refused(with("upgrade", "")) == 426);
  CHECK(refused(with("sec-websocket-version", "8")) == 426);
  CHECK(refused(with("sec-websocket-version", "")) == 426);
  RequestHead head = asking();
  head.method = Method::head;
  CHECK(refused(head) == 426);
  head = asking();
  head.http_1_0 = true;
  CHECK(refused(head) == 426);
  const auto answer = websocket_refusal(with("sec-websocket-version", "14"));
  REQUIRE(answer);
  CHECK(answer->headers.front() == std::pair<std::string, std::string>{"Upgrade", "websocket"});
  CHECK(answer->headers.back().second == "13");
}

TEST_CASE("[S0.16] websocket_refusal: a handshake gone wrong is 400") {
  CHECK(refused(with("connection", "keep-alive")) == 400);
  CHECK(refused(with("sec-websocket-key", "")) == 400);
  CHECK(refused(with("sec-websocket-key", "c2hvcnQ=")) == 400);
  CHECK(refused(with("sec-websocket-key", "!!!!!!!!!!!!!!!!!!!!!!==")) == 400);
  RequestHead twice = asking();
  twice.fields.emplace_back("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
  CHECK(refused(twice) == 400);
  twice = asking();
  twice.fields.emplace_back("sec-websocket-version", "13");
  CHECK(refused(twice) == 400);
}

}  // namespace
}  // namespace devs
