#include "orchestrator/upstream/inbound_message.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

InboundMessage decode(std::string text) {
  return decode_inbound({std::move(text), {}, false});
}

TEST_CASE("decode_inbound: a result passes verbatim, blanks aside") {
  const InboundMessage message =
      decode(R"( {"jsonrpc": "2.0", "id": 7, "result": {"b": 1.10, "a": [1e2, -0, "\u0041"]}} )");
  CHECK(message.kind == InboundMessage::Kind::response);
  CHECK(message.id == "7");
  CHECK(message.reply.result == R"({"b":1.10,"a":[1e2,-0,"\u0041"]})");
  CHECK_FALSE(message.reply.is_error);
  CHECK_FALSE(message.reply.fault);
}

TEST_CASE("decode_inbound: an error keeps code, message and data") {
  const InboundMessage message =
      decode(R"({"jsonrpc":"2.0","id":7,"error":{"code":-32042,"message":"no","data":[1.0]}})");
  REQUIRE(message.reply.fault);
  CHECK(*message.reply.fault == RpcFault{-32042, "no", "[1.0]"});
}

TEST_CASE("decode_inbound: a result that is no object is the upstream's error") {
  const InboundMessage message = decode(R"({"jsonrpc":"2.0","id":7,"result":[1]})");
  REQUIRE(message.reply.fault);
  CHECK(message.reply.fault->code == -32603);
}

TEST_CASE("decode_inbound: isError, nextCursor and the number of tools are read on the way") {
  const InboundMessage failed =
      decode(R"({"jsonrpc":"2.0","id":7,"result":{"content":[],"isError":true}})");
  CHECK(failed.reply.is_error);
  const InboundMessage page =
      decode(R"({"jsonrpc":"2.0","id":7,"result":{"tools":[{},{}],"nextCursor":"n"}})");
  CHECK(page.reply.listed == 2);
  CHECK(page.reply.next_cursor == "n");
}

TEST_CASE("decode_inbound: whatever is no message is bad and says why") {
  for (const char* text :
       {"Welcome!", "{", "[]", "[{\"jsonrpc\":\"2.0\",\"method\":\"x\"}]", "{}", "1",
        R"({"jsonrpc":"1.0","id":1,"result":{}})", R"({"jsonrpc":"2.0","id":null,"result":{}})",
        "{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}"}) {
    CAPTURE(text);
    const InboundMessage message = decode(text);
    CHECK(message.kind == InboundMessage::Kind::bad);
    CHECK_FALSE(message.why.empty());
    CHECK_FALSE(message.answers);
  }
}

TEST_CASE("decode_inbound: a refused answer still names the request it was for") {
  const InboundMessage twice = decode(R"({"jsonrpc":"2.0","id":7,"result":{"a":1,"a":2}})");
  CHECK(twice.kind == InboundMessage::Kind::bad);
  CHECK(twice.answers == std::optional<std::uint64_t>(7));

  const InboundMessage too_long = decode_inbound(
      {R"({"result":{"content":[{"text":"xxx)", R"(xxx"}]},"jsonrpc":"2.0","id":12})", true});
  CHECK(too_long.kind == InboundMessage::Kind::bad);
  CHECK(too_long.answers == std::optional<std::uint64_t>(12));
}

TEST_CASE("salvage_id: finds the id where only the message's own can stand") {
  const auto both = [](std::string_view text) { return salvage_id(text, text); };
  using Id = std::optional<std::uint64_t>;
  CHECK(both(R"({"jsonrpc":"2.0","id":5,"result":{"x)") == Id(5));
  CHECK(both(R"({"jsonrpc": "2.0", "id": 5, "error": {"x)") == Id(5));
  CHECK(both(R"({"id":5,"result":{"x)") == Id(5));
  CHECK(salvage_id(R"({"result":{"x)", R"(x"},"jsonrpc":"2.0","id":5})") == Id(5));
  CHECK(salvage_id(R"({"jsonrpc":"2.0","result":{"x)", R"(x"}, "id": 5 })") == Id(5));

  CHECK(salvage_id(R"({"result":{"x)", R"(x","y":{"z":1,"id":5}}})") == Id());
  CHECK(salvage_id(R"({"result":{"x)", R"(x","id":5}})") == Id());
  CHECK(both(R"({"jsonrpc":"2.0","id":5,"method":"x","params":{"result":1}})") == Id());
  CHECK(salvage_id(R"({"method":"x","params":{"x)", R"(x"},"jsonrpc":"2.0","id":5})") == Id());
  CHECK(both(R"({"jsonrpc":"2.0","id":"5","result":{}})") == Id());
  CHECK(both(R"({"jsonrpc":"2.0","id":-5,"result":{}})") == Id());
  CHECK(both(R"({"jsonrpc":"2.0","id":99999999999999999999,"result":{}})") == Id());
  CHECK(both("") == Id());
  CHECK(both("banner") == Id());
}

}  // namespace
}  // namespace devs
