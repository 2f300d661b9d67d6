#include "orchestrator/mcp/result_meta.h"

#include <doctest/doctest.h>

#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

const std::string kReceipt = R"({"tool_call_id":"c-1"})";

std::string receipt_in(std::string result) {
  const std::string with = with_receipt(std::move(result), kReceipt);
  REQUIRE(compact_json(with, kRequestJson).ok());  // no name twice, still JSON
  CHECK(JsonView(with)["_meta"]["devs.saop/receipt"].text() == kReceipt);
  return with;
}

TEST_CASE("with_receipt: everything else stays byte for byte") {
  CHECK(receipt_in(R"({"content":[],"n":1.10})") ==
        R"({"_meta":{"devs.saop/receipt":{"tool_call_id":"c-1"}},"content":[],"n":1.10})");
  CHECK(receipt_in("{}") == R"({"_meta":{"devs.saop/receipt":{"tool_call_id":"c-1"}}})");
}

TEST_CASE("with_receipt: a `_meta` that is there is kept") {
  CHECK(receipt_in(R"({"content":[],"_meta":{"a":-0}})") ==
        R"({"content":[],"_meta":{"devs.saop/receipt":{"tool_call_id":"c-1"},"a":-0}})");
  CHECK(receipt_in(R"({"_meta":{}})") ==
        R"({"_meta":{"devs.saop/receipt":{"tool_call_id":"c-1"}}})");
}

TEST_CASE("with_receipt: a receipt of somebody else is replaced") {
  CHECK(receipt_in(R"({"_meta":{"x":1,"devs.saop/receipt":"forged"},"content":[]})") ==
        R"({"_meta":{"x":1,"devs.saop/receipt":{"tool_call_id":"c-1"}},"content":[]})");
  receipt_in(R"({"_meta":{"devs.saop\/receipt":[1]}})");
}

TEST_CASE("with_receipt: a `_meta` that is no object is none") {
  receipt_in(R"({"_meta":null,"content":[]})");
  receipt_in(R"({"content":[],"_meta":"x"})");
}

TEST_CASE("with_receipt: without a receipt nothing happens") {
  CHECK(with_receipt(R"({"content":[]})", "") == R"({"content":[]})");
  CHECK(with_receipt("[]", kReceipt) == "[]");
}

}  // namespace
}  // namespace devs
