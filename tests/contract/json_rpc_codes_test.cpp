#include <doctest/doctest.h>

#include <string>

#include "protocol/json_rpc.h"

// Pins.  What is on the wire is spelled here, never imported.
namespace devs {
namespace {

TEST_CASE("contract: the JSON-RPC codes") {
  CHECK(kRpcParseError == -32700);
  CHECK(kRpcInvalidRequest == -32600);
  CHECK(kRpcMethodNotFound == -32601);
  CHECK(kRpcInvalidParams == -32602);
  CHECK(kRpcInternal == -32603);
}

TEST_CASE("contract: every Code has its JSON-RPC error") {
  const auto wire = [](Code code) { return encode_rpc_error("1", fault_of(Status(code, "why"))); };
  const std::string head = R"({"jsonrpc":"2.0","id":1,"error":{"code":)";
  CHECK(wire(Code::invalid_argument) == head + R"(-32602,"message":"why"}})");
  CHECK(wire(Code::not_found) == head + R"(-32602,"message":"why"}})");
  CHECK(wire(Code::internal) == head + R"(-32603,"message":"why"}})");
  CHECK(wire(Code::unauthenticated) ==
        head + R"(-32603,"message":"why","data":{"reason":"unauthenticated"}}})");
  CHECK(wire(Code::permission_denied) ==
        head + R"(-32603,"message":"why","data":{"reason":"permission_denied"}}})");
  CHECK(wire(Code::resource_exhausted) ==
        head + R"(-32603,"message":"why","data":{"reason":"resource_exhausted"}}})");
  CHECK(wire(Code::deadline_exceeded) ==
        head + R"(-32603,"message":"why","data":{"reason":"deadline_exceeded"}}})");
  CHECK(wire(Code::cancelled) ==
        head + R"(-32603,"message":"why","data":{"reason":"cancelled"}}})");
  CHECK(wire(Code::data_loss) ==
        head + R"(-32603,"message":"why","data":{"reason":"data_loss"}}})");
  CHECK(wire(Code::unavailable) ==
        head + R"(-32603,"message":"why","data":{"reason":"unavailable"}}})");
}

}  // namespace
}  // namespace devs
