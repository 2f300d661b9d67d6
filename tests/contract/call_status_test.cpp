#include <doctest/doctest.h>

#include "protocol/tool.h"

namespace devs {
namespace {

TEST_CASE("contract: every call status has the name and exit code of SAOP 4.4") {
  CHECK(name_of(CallStatus::success) == "SUCCESS");
  CHECK(exit_code_of(CallStatus::success) == 0);
  CHECK(name_of(CallStatus::tool_error) == "TOOL_ERROR");
  CHECK(exit_code_of(CallStatus::tool_error) == 1);
  CHECK(name_of(CallStatus::validation_failed) == "VALIDATION_FAILED");
  CHECK(exit_code_of(CallStatus::validation_failed) == 2);
  CHECK(name_of(CallStatus::upstream_unavailable) == "UPSTREAM_UNAVAILABLE");
  CHECK(exit_code_of(CallStatus::upstream_unavailable) == 69);
  CHECK(name_of(CallStatus::timeout_exceeded) == "TIMEOUT_EXCEEDED");
  CHECK(exit_code_of(CallStatus::timeout_exceeded) == 124);
  CHECK(name_of(CallStatus::access_denied) == "ACCESS_DENIED");
  CHECK(exit_code_of(CallStatus::access_denied) == 126);
  CHECK(name_of(CallStatus::unknown_tool) == "UNKNOWN_TOOL");
  CHECK(exit_code_of(CallStatus::unknown_tool) == 127);
  CHECK(name_of(CallStatus::cancelled) == "CANCELLED");
  CHECK(exit_code_of(CallStatus::cancelled) == 130);
  CHECK(name_of(CallStatus::abandoned) == "ABANDONED");
  CHECK(exit_code_of(CallStatus::abandoned) == 137);
}

}  // namespace
}  // namespace devs
