#include "orchestrator/access/access.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace devs {
namespace {

const std::string kToken = "f3a9c01d2b7e4455";

RequestHead head_with(const std::vector<std::string>& authorizations) {
  RequestHead head;
  head.path = "/mcp";
  for (const std::string& value : authorizations) {
    head.fields.emplace_back("authorization", value);
  }
  return head;
}

Access closed() {
  return Access({.enabled = true, .bearer_token = kToken});
}

std::string reason_of(const std::vector<std::string>& authorizations) {
  const Access access = closed();
  const auto verdict = access.judge(head_with(authorizations), Route{});
  const auto* refused = std::get_if<Access::Refused>(&verdict);
  return refused == nullptr ? "let in" : std::string(refused->reason);
}

TEST_CASE("Access: open, everybody is `local` whatever they send") {
  const Access access{Access::Options{}};
  for (const auto& sent : {std::vector<std::string>{}, {"Bearer nonsense"}, {"Basic eDp5"}}) {
    const auto verdict = access.judge(head_with(sent), Route{});
    REQUIRE(std::holds_alternative<Principal>(verdict));
    CHECK(std::get<Principal>(verdict) == Principal{.name = "local", .is_operator = true});
  }
}

TEST_CASE("[S0.6] Access: the right token is `default`, the scheme in any case") {
  const Access access = closed();
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER ", "Bearer   "}) {
    const auto verdict = access.judge(head_with({scheme + kToken}), Route{});
    REQUIRE(std::holds_alternative<Principal>(verdict));
    CHECK(std::get<Principal>(verdict) == Principal{.name = "default", .is_operator = true});
  }
}

TEST_CASE("[S0.6] Access: no bearer token at all is `missing_bearer_token`") {
  CHECK(reason_of({}) == "missing_bearer_token");
  CHECK(reason_of({""}) == "missing_bearer_token");
  CHECK(reason_of({"Bearer"}) == "missing_bearer_token");
  CHECK(reason_of({"Bearer "}) == "missing_bearer_token");
  CHECK(reason_of({"Basic bG9jYWw6" + kToken}) == "missing_bearer_token");
  CHECK(reason_of({"Bearer" + kToken}) == "missing_bearer_token");
  CHECK(reason_of({kToken}) == "missing_bearer_token");
}

TEST_CASE("[S0.6] Access: anything but the whole token is `invalid_bearer_token`") {
  CHECK(reason_of({"bearer x"}) == "invalid_bearer_token");
  CHECK(reason_of({"Bearer " + kToken.substr(0, kToken.size() - 1)}) == "invalid_bearer_token");
  CHECK(reason_of({"Bearer " + kToken.substr(1)}) == "invalid_bearer_token");
  CHECK(reason_of({"Bearer " + kToken + "0"}) == "invalid_bearer_token");
  CHECK(reason_of({"Bearer " + kToken + " "}) == "invalid_bearer_token");
  CHECK(reason_of({"Bearer " + kToken + "," + kToken}) == "invalid_bearer_token");
  for (std::size_t at = 0; at < kToken.size(); ++at) {
    std::string one_bit_off = kToken;
    one_bit_off[at] = static_cast<char>(one_bit_off[at] ^ 1);
    CHECK(reason_of({"Bearer " + one_bit_off}) == "invalid_bearer_token");
  }
}

TEST_CASE("Access: two credentials are none, even when both are right") {
  CHECK(reason_of({"Bearer " + kToken, "Bearer " + kToken}) == "invalid_bearer_token");
}

TEST_CASE("Access: a credential over 4096 bytes or not visible ASCII is not looked at") {
  const std::string longest(4096 - 7, 'k');
  const Access access({.enabled = true, .bearer_token = longest});
  CHECK(std::holds_alternative<Principal>(access.judge(head_with({"Bearer " + longest}), Route{})));
  // One blank more is one byte too many, although the token is right.
  CHECK(std::holds_alternative<Access::Refused>(
      access.judge(head_with({"Bearer  " + longest}), Route{})));
  CHECK(reason_of({"Bearer f3a9c01d2b7e445\x80"}) == "invalid_bearer_token");
  CHECK(reason_of({"Bearer f3a9c01d2b7e445\t"}) == "invalid_bearer_token");
}

TEST_CASE("Access: a route that asks for no credential gives no rights either") {
  Route health;
  health.credential = Credential::none;
  const auto verdict = closed().judge(head_with({}), health);
  REQUIRE(std::holds_alternative<Principal>(verdict));
  CHECK_FALSE(std::get<Principal>(verdict).is_operator);
}

}  // namespace
}  // namespace devs
