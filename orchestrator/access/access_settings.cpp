#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "orchestrator/access/access.h"

namespace devs {
namespace {

// Below this a token can be guessed by somebody who is patient.
constexpr std::size_t kMinTokenBytes = 16;

// What examples and quick starts ship with: the first that anybody tries.
constexpr std::array<std::string_view, 16> kKnownDefaults{"changeme",
                                                          "change-me",
                                                          "change_me",
                                                          "secret",
                                                          "password",
                                                          "token",
                                                          "test",
                                                          "admin",
                                                          "default",
                                                          "bearer",
                                                          "your-token-here",
                                                          "your-secret-token",
                                                          "changemechangeme",
                                                          "change-me-please!",
                                                          "secretsecretsecret",
                                                          "1234567890123456"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

bool is_known_default(std::string_view token) {
  return std::ranges::find(kKnownDefaults, lower(token)) != kKnownDefaults.end();
}

bool is_usable(std::string_view token) {
  constexpr std::size_t kSchemeBytes = 7;  // "Bearer " takes its share of the field
  return token.size() + kSchemeBytes <= kMaxAuthorizationBytes &&
         std::ranges::all_of(token, [](char c) { return c >= 0x21 && c <= 0x7e; });
}

std::string_view value_of(const GetEnv& get, const char* name) {
  const char* value = get(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

constexpr std::size_t kMinSecretBytes = 32;  // what HS256 hashes into

Status read_stream_tokens(const GetEnv& get, StreamTokens::Options& options) {
  options.secret = value_of(get, "STREAM_TOKEN_SECRET");
  if (get("STREAM_TOKEN_SECRET") != nullptr && options.secret.size() < kMinSecretBytes)
    return Status(
        Code::invalid_argument,
        fmt::format("STREAM_TOKEN_SECRET: expected {} bytes or more, or unset", kMinSecretBytes));
  if (const auto issuer = value_of(get, "STREAM_TOKEN_ISSUER"); !issuer.empty())
    options.issuer = issuer;
  Status read = read_number(get, "STREAM_TOKEN_TTL_SECONDS", kMinStreamTtl, kMaxStreamTtl,
                            [&](std::int64_t n) { options.ttl = std::chrono::seconds(n); });
  if (read.ok())
    read = read_number(get, "STREAM_TOKEN_RATE_MAX", 1, 1'000,
                       [&](std::int64_t n) { options.rate.max = static_cast<std::size_t>(n); });
  if (read.ok())
    read = read_number(get, "STREAM_TOKEN_RATE_WINDOW_MS", 1'000, 3'600'000,
                       [&](std::int64_t n) { options.rate.window = std::chrono::milliseconds(n); });
  return read;
}

}  // namespace

Status read_number(const GetEnv& get, const char* name, std::int64_t least, std::int64_t most,
                   const std::function<void(std::int64_t)>& take) {
  const std::string_view text = value_of(get, name);
  if (text.empty()) return {};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    return Status(Code::invalid_argument,
                  fmt::format("{}: expected an integer from {} to {}", name, least, most));
  take(number);
  return {};
}

Result<Access::Options> access_from_environment(const GetEnv& get, Access::Options options) {
  if (Status read = read_stream_tokens(get, options.stream_tokens); !read.ok()) return read;
  const std::string_view enabled = value_of(get, "AUTH_ENABLED");
  if (enabled.empty() || enabled == "false") return options;
  if (enabled != "true") {
    return Status(Code::invalid_argument,
                  "AUTH_ENABLED: expected exactly `true`, `false`, empty or unset");
  }
  const std::string_view token = value_of(get, "MCP_BEARER_TOKEN");
  if (token.empty()) {
    return Status(Code::invalid_argument,
                  "MCP_BEARER_TOKEN: expected a non-empty token, because AUTH_ENABLED is "
                  "`true`");
  }
  if (!is_usable(token)) {
    return Status(Code::invalid_argument,
                  fmt::format("MCP_BEARER_TOKEN: expected visible ASCII without blanks, at "
                              "most {} bytes",
                              kMaxAuthorizationBytes - 7));
  }
  options.enabled = true;
  options.bearer_token = token;
  return options;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  std::string address(host);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 &&
         std::equal(std::begin(v6.s6_addr), std::end(v6.s6_addr),
                    std::begin(in6addr_loopback.s6_addr));
}

std::string weakness_of(const Access::Options& options) {
  if (!options.enabled) return {};
  if (is_known_default(options.bearer_token)) {
    return "MCP_BEARER_TOKEN is a well-known default: expected a random one of 16 "
           "bytes or "
           "more";
  }
  if (options.bearer_token.size() < kMinTokenBytes) {
    return fmt::format("MCP_BEARER_TOKEN has {} bytes: expected a random one of {} or more",
                       options.bearer_token.size(), kMinTokenBytes);
  }
  return {};
}

Status check_bind(std::string_view host, const Access::Options& options) {
  if (is_loopback(host)) return {};
  if (!options.enabled) {
    return Status(Code::invalid_argument,
                  fmt::format("host: {} is not loopback while AUTH_ENABLED is not `true`: "
                              "expected 127.0.0.1, ::1, or authentication on",
                              host));
  }
  if (std::string weak = weakness_of(options); !weak.empty()) {
    return Status(Code::invalid_argument,
                  fmt::format("{}, because host {} is not loopback", weak, host));
  }
  return {};
}

}  // namespace devs
