#include "protocol/json_rpc.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

RpcMessage message(std::string_view text) {
  auto decoded = decode_rpc(text);
  REQUIRE_MESSAGE(std::holds_alternative<RpcMessage>(decoded), std::string(text));
  return std::get<RpcMessage>(decoded);
}

RpcRefusal refusal(std::string_view text) {
  auto decoded = decode_rpc(text);
  REQUIRE_MESSAGE(std::holds_alternative<RpcRefusal>(decoded), std::string(text));
  return std::get<RpcRefusal>(decoded);
}

TEST_CASE("decode_rpc: a request, a notification and both kinds of response") {
  const std::string request =
      R"({"params":{"a":1},"method":"tools\/call","id":7,"jsonrpc":"2.0","x":1})";
  const RpcMessage asked = message(request);
  CHECK(asked.kind == RpcMessage::Kind::request);
  CHECK(asked.id == "7");
  CHECK(asked.method == "tools/call");
  CHECK(asked.params.text() == R"({"a":1})");

  const RpcMessage told = message(R"({"jsonrpc":"2.0","method":"m","params":[]})");
  CHECK(told.kind == RpcMessage::Kind::notification);
  CHECK(told.id.empty());
  CHECK(told.params.is_array());

  const RpcMessage answered = message(R"({"jsonrpc":"2.0","id":"a","result":null})");
  CHECK(answered.kind == RpcMessage::Kind::response);
  CHECK(answered.result.text() == "null");
  CHECK_FALSE(answered.error.present());
  CHECK(answered.method.empty());

  const RpcMessage failed = message(R"({"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":""}})");
  CHECK(failed.error["code"].integer() == -1);
}

TEST_CASE("decode_rpc: an id keeps its type and spelling") {
  for (const std::string id : {"0", "-0", "-1", "9007199254740992", "-9007199254740992", R"("")",
                               R"("1")", R"("\u0061")", R"("\ud83d\ude00")"}) {
    CHECK(message(R"({"jsonrpc":"2.0","method":"m","id":)" + id + "}").id == id);
  }
  const std::string longest = '"' + std::string(256, 'x') + '"';
  CHECK(message(R"({"jsonrpc":"2.0","method":"m","id":)" + longest + "}").id == longest);
}

TEST_CASE("decode_rpc: an id that is none is refused, and there is none to answer to") {
  for (const std::string& id :
       {std::string("null"), std::string("true"), std::string("{}"), std::string("[1]"),
        std::string("1.0"), std::string("1E+2"), std::string("9007199254740993"),
        std::string("-9007199254740993"), std::string("18446744073709551616"),
        '"' + std::string(257, 'x') + '"'}) {
    const RpcRefusal refused = refusal(R"({"jsonrpc":"2.0","method":"m","id":)" + id + "}");
    CHECK(refused.fault.code == -32600);
    CHECK(refused.id.empty());
  }
}

TEST_CASE("decode_rpc: what is JSON but not JSON-RPC is refused, to its own id") {
  for (const char* members :
       {R"("method":"m")", R"("jsonrpc":"1.0","method":"m")", R"("jsonrpc":2,"method":"m")",
        R"("jsonrpc":2.0,"method":"m")", R"("jsonrpc":"2.0")", R"("jsonrpc":"2.0","method":"")",
        R"("jsonrpc":"2.0","method":1)", R"("jsonrpc":"2.0","method":null)",
        R"("jsonrpc":"2.0","method":"m","params":null)",
        R"("jsonrpc":"2.0","method":"m","params":"x")",
        R"("jsonrpc":"2.0","method":"m","params":1)", R"("jsonrpc":"2.0","method":"m","result":{})",
        R"("jsonrpc":"2.0","method":"m","error":{})", R"("jsonrpc":"2.0","result":{},"error":{})",
        R"("jsonrpc":"2.0","error":"x")", R"("jsonrpc":"2.0","error":null)"}) {
    const RpcRefusal refused = refusal("{\"id\":\"q\"," + std::string(members) + "}");
    CAPTURE(members);
    CHECK(refused.fault.code == -32600);
    CHECK(refused.id == "\"q\"");
    CHECK_FALSE(refused.fault.message.empty());
  }
  for (const char* text :
       {"[]", "[[]]", "1", "null", "\"x\"", "true", "{}", R"({"jsonrpc":"2.0","result":{}})"}) {
    CHECK(refusal(text).fault.code == -32600);
    CHECK(refusal(text).id.empty());
  }
}

TEST_CASE("encode_rpc: one line each, in the order people expect") {
  CHECK(encode_rpc_result("1", "{}") == R"({"jsonrpc":"2.0","id":1,"result":{}})");
  CHECK(encode_rpc_error("\"a\"", {-32602, "bad \"x\"", ""}) ==
        R"({"jsonrpc":"2.0","id":"a","error":{"code":-32602,"message":"bad \"x\""}})");
  CHECK(encode_rpc_error("", {-32603, "m", R"({"reason":"recorder"})"}) ==
        R"({"jsonrpc":"2.0","error":{"code":-32603,"message":"m",)"
        R"("data":{"reason":"recorder"}}})");
  CHECK(encode_rpc_request("3", "ping", "") == R"({"jsonrpc":"2.0","id":3,"method":"ping"})");
  CHECK(encode_rpc_request("3", "m", "[1]") ==
        R"({"jsonrpc":"2.0","id":3,"method":"m","params":[1]})");
  CHECK(encode_rpc_notification("n/x", R"({"a":1})") ==
        R"({"jsonrpc":"2.0","method":"n/x","params":{"a":1}})");
}

TEST_CASE("encode_rpc: what is encoded decodes to itself") {
  const std::string text = encode_rpc_request("\"\\u0061\"", "a\"b\n", R"({"x":[1.10]})");
  const RpcMessage back = message(text);
  CHECK(back.id == "\"\\u0061\"");
  CHECK(back.method == "a\"b\n");
  CHECK(back.params.text() == R"({"x":[1.10]})");
  CHECK(message(encode_rpc_error("1", {1, "\xFF\n", "[]"})).error["data"].is_array());
}

TEST_CASE("fault_of: no refusal but the caller's own blames the caller") {
  CHECK(fault_of(Status(Code::invalid_argument, "/x: no")) == RpcFault{-32602, "/x: no", ""});
  CHECK(fault_of(Status(Code::internal, "a bug")) == RpcFault{-32603, "a bug", ""});
  CHECK(fault_of(Status(Code::unavailable, "m")) ==
        RpcFault{-32603, "m", R"({"reason":"unavailable"})"});
}

}  // namespace
}  // namespace devs
