#include <doctest/doctest.h>

#include <map>
#include <string>

#include "orchestrator/access/access.h"

namespace devs {
namespace {

using Environment = std::map<std::string, std::string>;

Result<Access::Options> from(const Environment& environment) {
  return access_from_environment([&environment](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST_CASE("[S0.6] Access: AUTH_ENABLED unset, empty or `false` is off") {
  for (const Environment& off :
       {Environment{}, Environment{{"AUTH_ENABLED", ""}}, Environment{{"AUTH_ENABLED", "false"}},
        Environment{{"MCP_BEARER_TOKEN", "a-token-nobody-asks-for"}}}) {
    const auto options = from(off);
    REQUIRE(options.ok());
    CHECK_FALSE(options->enabled);
  }
}

TEST_CASE("[S0.6] Access: AUTH_ENABLED exactly `true` is on with its token") {
  const auto options = from({{"AUTH_ENABLED", "true"}, {"MCP_BEARER_TOKEN", "0123456789abcdef!"}});
  REQUIRE(options.ok());
  CHECK(options->enabled);
  CHECK(options->bearer_token == "0123456789abcdef!");
}

TEST_CASE("[S1.4] Access: stream tokens are set by the environment, within bounds") {
  const auto options = from({{"STREAM_TOKEN_SECRET", std::string(32, 's')},
                             {"STREAM_TOKEN_ISSUER", "elsewhere"},
                             {"STREAM_TOKEN_TTL_SECONDS", "60"},
                             {"STREAM_TOKEN_RATE_MAX", "7"},
                             {"STREAM_TOKEN_RATE_WINDOW_MS", "1000"}});
  REQUIRE(options.ok());
  CHECK(options->stream_tokens.secret == std::string(32, 's'));
  CHECK(options->stream_tokens.issuer == "elsewhere");
  CHECK(options->stream_tokens.ttl == std::chrono::seconds(60));
  CHECK(options->stream_tokens.rate.max == 7);
  CHECK(options->stream_tokens.rate.window == std::chrono::milliseconds(1000));
  CHECK(from({})->stream_tokens.ttl == std::chrono::seconds(600));
  const std::string short_secret(31, 's');
  const std::pair<const char*, std::string> kWrong[] = {
      {"STREAM_TOKEN_SECRET", short_secret},     {"STREAM_TOKEN_SECRET", ""},
      {"STREAM_TOKEN_TTL_SECONDS", "59"},        {"STREAM_TOKEN_TTL_SECONDS", "3601"},
      {"STREAM_TOKEN_TTL_SECONDS", "60s"},       {"STREAM_TOKEN_RATE_MAX", "0"},
      {"STREAM_TOKEN_RATE_WINDOW_MS", "-30000"},
  };
  for (const auto& [name, value] : kWrong) {
    CAPTURE(name);
    const auto refused = from({{name, value}});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.status().message().starts_with(std::string(name) + ": expected "));
    CHECK(refused.status().message().find(short_secret) == std::string::npos);
  }
}

TEST_CASE("[S0.6] [D0.7] Access: a value of AUTH_ENABLED that is not understood is never `off`") {
  for (const char* odd :
       {"TRUE", "True", "1", "0", "yes", "no", "on", "FALSE", " true", "true ", "true\n", " "}) {
    CAPTURE(odd);
    const auto options = from({{"AUTH_ENABLED", odd}, {"MCP_BEARER_TOKEN", "0123456789abcdef"}});
    REQUIRE_FALSE(options.ok());
    CHECK(options.status().message().find("AUTH_ENABLED") == 0);
    CHECK(options.status().message().find("`true`") != std::string::npos);
  }
}

TEST_CASE("[S0.6] [D0.7] Access: authentication without a usable token refuses to start") {
  for (const Environment& bad :
       {Environment{{"AUTH_ENABLED", "true"}},
        Environment{{"AUTH_ENABLED", "true"}, {"MCP_BEARER_TOKEN", ""}},
        Environment{{"AUTH_ENABLED", "true"}, {"MCP_BEARER_TOKEN", "two words of a token"}},
        Environment{{"AUTH_ENABLED", "true"}, {"MCP_BEARER_TOKEN", "line\nend-in-the-token"}},
        Environment{{"AUTH_ENABLED", "true"}, {"MCP_BEARER_TOKEN", std::string(4090, 'x')}}}) {
    const auto options = from(bad);
    REQUIRE_FALSE(options.ok());
    CHECK(options.status().message().find("MCP_BEARER_TOKEN: expected") == 0);
  }
  CHECK(from({{"AUTH_ENABLED", "true"}, {"MCP_BEARER_TOKEN", std::string(4089, 'x')}}).ok());
}

TEST_CASE("[S0.6] Access: an address that is not loopback needs authentication") {
  const Access::Options open;
  const Access::Options closed{.enabled = true, .bearer_token = "f3a9c01d2b7e4455"};
  for (const char* near : {"127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"}) {
    CAPTURE(near);
    CHECK(check_bind(near, open).ok());
    CHECK(check_bind(near, closed).ok());
  }
  for (const char* far : {"0.0.0.0", "::", "[::]", "192.168.1.7", "10.0.0.1", "fe80::1",
                          "127.0.0.1.evil.example", "127.1", "::ffff:127.0.0.1", ""}) {
    CAPTURE(far);
    const Status refused = check_bind(far, open);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.message().find("AUTH_ENABLED") != std::string::npos);
    CHECK(check_bind(far, closed).ok());
  }
}

TEST_CASE("Access: a weak token is a warning on loopback and a refusal elsewhere") {
  for (const char* weak : {"changeme", "ChangeMe", "secret", "123456789012345", "changemechangeme",
                           "1234567890123456"}) {
    CAPTURE(weak);
    const Access::Options options{.enabled = true, .bearer_token = weak};
    CHECK(weakness_of(options).find("MCP_BEARER_TOKEN") == 0);
    CHECK(weakness_of(options).find(weak) == std::string::npos);
    CHECK(check_bind("127.0.0.1", options).ok());
    CHECK_FALSE(check_bind("0.0.0.0", options).ok());
    CHECK(check_bind("0.0.0.0", options).message().find(weak) == std::string::npos);
  }
  CHECK(weakness_of({.enabled = true, .bearer_token = "sixteen-bytes-ok"}).empty());
  CHECK(weakness_of({.enabled = false, .bearer_token = ""}).empty());
}

}  // namespace
}  // namespace devs
