#include "orchestrator/access/access.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

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

// --- named tokens, stream tokens, the bearer in the query

const std::string kUserToken = "a-users-own-token", kOperatorToken = "an-operators-own-token";

Access::Options house() {
  return {
      .enabled = true,
      .bearer_token = kToken,
      .tokens = {{"u1", digest_of(kUserToken), false}, {"op", digest_of(kOperatorToken), true}}};
}

struct House {
  explicit House(Access::Options options = house())
      : tokens(StreamTokens::open({}, dir.path(), clock).value()), access(options, tokens.get()) {}

  std::string token_of(const Principal& who, const std::string& topic = "task:t-1") {
    return std::get<StreamTokens::Made>(tokens->make(who, {topic}, std::nullopt)).token;
  }
  // "u1 user", "default operator", or the reason of the refusal.
  std::string verdict(const std::string& name, const std::string& value,
                      Credential credential = Credential::stream,
                      const std::vector<std::string>& headers = {}) const {
    RequestHead head = head_with(headers);
    head.query_params.emplace_back(name, value);
    Route route;
    route.credential = credential;
    const auto told = access.judge(head, route);
    if (const auto* refused = std::get_if<Access::Refused>(&told))
      return std::string(refused->reason);
    const auto& who = std::get<Principal>(told);
    return who.name + (who.is_operator ? " operator" : " user");
  }

  TempDir dir;
  FakeClock clock;
  std::unique_ptr<StreamTokens> tokens;
  Access access;
  mutable int made = 0;  // tokens, each for a topic of its own
};

const Principal kUser{.name = "u1", .is_operator = false};
const Principal kOperator{.name = "default", .is_operator = true};

TEST_CASE("Access: a token of the config file is its principal, with its role") {
  const House here;
  CHECK(here.verdict("x", "", Credential::bearer, {"Bearer " + kUserToken}) == "u1 user");
  CHECK(here.verdict("x", "", Credential::bearer, {"Bearer " + kOperatorToken}) == "op operator");
  CHECK(here.verdict("x", "", Credential::bearer, {"Bearer " + kToken}) == "default operator");
  CHECK(here.verdict("x", "", Credential::bearer, {"Bearer " + kUserToken + "x"}) ==
        "invalid_bearer_token");
}

TEST_CASE("[S1.7] Access: a stream token opens stream routes, under either name, and no other") {
  House here;
  const std::string token = here.token_of(kUser);
  for (const char* name : {"token", "streamToken"}) {
    CHECK(here.verdict(name, token) == "u1 user");
    CHECK(here.verdict(name, token, Credential::stream_or_query) == "u1 user");
    CHECK(here.verdict(name, token, Credential::bearer) == "missing_bearer_token");
  }
  CHECK(here.verdict("access_token", token) == "missing_bearer_token");
  CHECK(here.verdict("x", "", Credential::stream, {"Bearer " + token}) == "invalid_bearer_token");
  CHECK(here.verdict("token", "") == "invalid_stream_token");
}

TEST_CASE("Access: what came by a stream token reaches no further than its topics") {
  House here;
  RequestHead head;
  head.query_params.emplace_back("token", here.token_of(kUser, "task:t-9"));
  Route route;
  route.credential = Credential::stream;
  const auto told = here.access.judge(head, route);
  REQUIRE(std::holds_alternative<Principal>(told));
  REQUIRE(std::get<Principal>(told).grant);
  CHECK(std::get<Principal>(told).grant->scope == std::vector<std::string>{"task:t-9"});
}

// The verdict on a stream of that path for a token of those claims.
std::string on_path(const House& here, const std::optional<TaskClaims>& claims,
                    const std::vector<std::pair<std::string, std::string>>& params,
                    std::vector<std::pair<std::string, std::string>> query = {}) {
  RequestHead head;
  head.params = params;
  head.query_params = std::move(query);
  head.query_params.emplace_back(
      "token", std::get<StreamTokens::Made>(
                   here.tokens->make(kUser, {"task:t-1" + std::to_string(here.made++)},
                                     std::nullopt, claims))
                   .token);
  Route route;
  route.credential = Credential::stream;
  const auto told = here.access.judge(head, route);
  const auto* refused = std::get_if<Access::Refused>(&told);
  return refused == nullptr ? "let in" : std::string(refused->reason);
}

TEST_CASE("[S1.4] Access: a token of a task is good on its own path alone") {
  const House here;
  const TaskClaims claims{.task = "t-42",
                          .agent = "writer",
                          .organization = "acme",
                          .stream = "s-1",
                          .conversation = "c-9"};
  using Params = std::vector<std::pair<std::string, std::string>>;
  const Params path{{"org", "acme"}, {"agent", "writer"}, {"taskId", "t-42"}};
  CHECK(on_path(here, claims, path) == "let in");
  CHECK(on_path(here, claims, {{"taskId", "t-42"}}) == "let in");
  CHECK(on_path(here, claims, path, {{"streamId", "s-1"}, {"conversationId", "c-9"}}) == "let in");
  for (const Params& other : {Params{{"org", "acme"}, {"agent", "writer"}, {"taskId", "t-43"}},
                              Params{{"org", "acme"}, {"agent", "editor"}, {"taskId", "t-42"}},
                              Params{{"org", "umbrella"}, {"agent", "writer"}, {"taskId", "t-42"}}})
    CHECK(on_path(here, claims, other) == "stream_token_scope");
  CHECK(on_path(here, claims, path, {{"streamId", "s-2"}}) == "stream_token_scope");
  CHECK(on_path(here, claims, path, {{"conversationId", "c-8"}}) == "stream_token_scope");
}

TEST_CASE("[S1.4] Access: no organization is `global` in a path, and only that") {
  const House here;
  const TaskClaims claims{
      .task = "t-42", .agent = "writer", .organization = {}, .stream = {}, .conversation = {}};
  CHECK(on_path(here, claims, {{"org", "global"}, {"agent", "writer"}, {"taskId", "t-42"}}) ==
        "let in");
  CHECK(on_path(here, claims, {{"org", "acme"}, {"agent", "writer"}, {"taskId", "t-42"}}) ==
        "stream_token_scope");
}

TEST_CASE("Access: the header wins: a wrong one is refused beside a good stream token") {
  House here;
  const std::string token = here.token_of(kUser);
  CHECK(here.verdict("token", token, Credential::stream, {"Bearer wrong"}) ==
        "invalid_bearer_token");
  CHECK(here.verdict("token", token, Credential::stream, {"Basic eDp5"}) == "missing_bearer_token");
  CHECK(here.verdict("token", "rubbish", Credential::stream, {"Bearer " + kToken}) ==
        "default operator");
}

TEST_CASE("Access: a bearer in the query opens what takes it, when that is switched on") {
  const House off;
  CHECK(off.verdict("token", kUserToken, Credential::stream_or_query) == "invalid_stream_token");
  Access::Options options = house();
  options.query_bearer = true;
  const House on(options);
  CHECK(on.verdict("token", kUserToken, Credential::stream_or_query) == "u1 user");
  CHECK(on.verdict("token", kToken, Credential::stream_or_query) == "default operator");
  CHECK(on.verdict("token", kUserToken, Credential::stream) == "invalid_stream_token");
  CHECK(on.verdict("token", kUserToken, Credential::bearer) == "missing_bearer_token");
}

TEST_CASE("[S1.14] Access: a principal that is gone, or may less, is so for its tokens too") {
  House before;
  const std::string users = before.token_of(kUser),
                    operators = before.token_of({.name = "op", .is_operator = true});
  CHECK(before.verdict("token", users) == "u1 user");
  CHECK(before.verdict("token", operators) == "op operator");
  Access::Options options = house();
  options.tokens = {{"op", digest_of(kOperatorToken), false}};
  const Access after(options, before.tokens.get());
  RequestHead head;
  Route route;
  route.credential = Credential::stream;
  head.query_params = {{"token", users}};
  CHECK(std::get<Access::Refused>(after.judge(head, route)).reason == "invalid_stream_token");
  head.query_params = {{"token", operators}};
  CHECK_FALSE(std::get<Principal>(after.judge(head, route)).is_operator);
}

TEST_CASE("[S1.4] [S1.8] Access: an expired stream token says so") {
  House here;
  const std::string token = here.token_of(kOperator);
  here.clock.advance(std::chrono::seconds(600));
  CHECK(here.verdict("token", token) == "expired_stream_token");
}

std::string tokens_refused(const std::string& list) {
  std::vector<NamedToken> tokens;
  return read_named_tokens(JsonView(list), tokens);
}

TEST_CASE("named tokens: read from the file, or told what was expected and where") {
  const std::string a(64, 'a'), b(64, 'B');
  std::vector<NamedToken> tokens;
  CHECK(read_named_tokens(JsonView(R"([{"name":"u1","sha256":")" + a + R"(","role":"user"},)" +
                                   R"({"role":"operator","name":"ops@x","sha256":")" + b + "\"}]"),
                          tokens)
            .empty());
  REQUIRE(tokens.size() == 2);
  CHECK(tokens[0].name == "u1");
  CHECK_FALSE(tokens[0].is_operator);
  CHECK(tokens[1].is_operator);
  CHECK(tokens[1].sha256[31] == 0xbb);

  const auto one = [](const std::string& name, const std::string& sha, const std::string& more) {
    return R"({"name":)" + name + R"(,"sha256":")" + sha + "\"" + more + "}";
  };
  const std::string user = R"(,"role":"user")";
  const struct {
    std::string list, says;
  } kWrong[] = {
      {"{}", "a list"},
      {"[1]", "an object"},
      {"[" + one("\"u1\"", a, "") + "]", "role operator or user (token 0)"},
      {"[" + one("\"u1\"", a, R"(,"role":"admin")") + "]", "role operator or user"},
      {"[" + one("\"u1\"", a.substr(1), user) + "]", "64 hex digits"},
      {"[" + one("\"u1\"", "g" + a.substr(1), user) + "]", "64 hex digits"},
      {"[" + one("\"u,1\"", a, user) + "]", "as name"},
      {"[" + one("7", a, user) + "]", "as name"},
      {"[" + one("\"default\"", a, user) + "]", "another name"},
      {"[" + one("\"local\"", a, user) + "]", "another name"},
      {"[" + one("\"u1\"", a, user + R"(,"token":"x")") + "]", "no member but"},
      {"[" + one("\"u1\"", a, user) + "," + one("\"u1\"", b, user) + "]",
       "each name once (token 1)"},
      {"[" + one("\"u1\"", a, user) + "," + one("\"u2\"", a, user) + "]", "each sha256 once"},
  };
  for (const auto& [list, says] : kWrong) {
    CAPTURE(list);
    const std::string told = tokens_refused(list);
    CHECK(told.find(says) != std::string::npos);
    CHECK(told.find(a) == std::string::npos);
  }
}

}  // namespace
}  // namespace devs
