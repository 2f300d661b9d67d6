#include "protocol/mcp_modern.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("[M62] modern_result: no member comes twice, whatever the result has already") {
  const CacheHints hints{.ttl_ms = 60'000, .is_public = true};
  const std::string info =
      R"("io.modelcontextprotocol/serverInfo":{"name":"mcp-orchestrator","version":"1"})";
  CHECK(modern_result("{}", "1") == R"({"resultType":"complete","_meta":{)" + info + "}}");
  CHECK(modern_result(R"({"ttlMs":5,"resultType":"complete","_meta":{}})", "1", hints) ==
        R"({"cacheScope":"public","ttlMs":5,"resultType":"complete","_meta":{)" + info + "}}");
  CHECK(modern_result(R"({"a":1,"_meta":null,"b":2})", "1") ==
        R"({"resultType":"complete","a":1,"_meta":{)" + info + R"(},"b":2})");
  CHECK(modern_result(R"({"_meta":{"x":1}})", "1", hints) ==
        R"({"resultType":"complete","ttlMs":60000,"cacheScope":"public","_meta":{)" + info +
            R"(,"x":1}})");
}

}  // namespace
}  // namespace devs
