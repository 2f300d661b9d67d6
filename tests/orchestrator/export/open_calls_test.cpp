#include "orchestrator/export/open_calls.h"

#include <doctest/doctest.h>

#include <variant>

namespace devs {
namespace {

using Calls = OpenCalls<std::monostate>;

Calls::Call call(std::string id, Sequence sequence, std::string text = {}) {
  Calls::Call call;
  call.action.tool_call_id = std::move(id);
  call.action.sequence = sequence;
  call.action.text = std::move(text);
  return call;
}

TEST_CASE("OpenCalls: an action is taken out once, by its id") {
  Calls calls;
  CHECK(calls.open(call("a", 1)).empty());
  CHECK(calls.open(call("b", 2)).empty());
  CHECK(calls.take("b")->action.sequence == 2);
  CHECK(!calls.take("b"));
  CHECK(!calls.take("never"));
  const auto rest = calls.take_all();
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].action.sequence == 1);
}

TEST_CASE(
    "OpenCalls: an id used again gives up the call that had it, a missing id the call "
    "itself") {
  Calls calls;
  calls.open(call("a", 1));
  const auto given_up = calls.open(call("a", 2));
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].action.sequence == 1);
  CHECK(calls.take("a")->action.sequence == 2);
  CHECK(calls.open(call("", 3)).size() == 1);
  CHECK(calls.take_all().empty());
}

TEST_CASE(
    "OpenCalls: a million calls that never end stay within their bytes, oldest first "
    "out") {
  Calls calls(1'000'000);
  Sequence expected = 1;
  std::size_t kept = 0;
  for (Sequence i = 1; i <= 20'000; ++i) {
    ++kept;
    for (const auto& gone : calls.open(call("id-" + std::to_string(i), i, std::string(100, 'x')))) {
      CHECK(gone.action.sequence == expected);
      ++expected;
      --kept;
    }
  }
  CHECK(kept < 3'000);
  CHECK(calls.take_all().size() == kept);
  CHECK(calls.open(call("huge", 1, std::string(2'000'000, 'x'))).empty());  // alone it may stay
}

}  // namespace
}  // namespace devs
