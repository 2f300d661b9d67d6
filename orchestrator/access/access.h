#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "orchestrator/net/exchange.h"
#include "orchestrator/net/http_message.h"
#include "orchestrator/net/principal.h"
#include "orchestrator/net/request_head.h"
#include "orchestrator/net/route_table.h"
#include "protocol/result.h"

namespace devs {

// The one decision: who is speaking, and may they.
//
// Open (authentication off), everybody is `local`.  With authentication on, a
// route that asks for a credential wants `Authorization: Bearer <token>`, one
// field, at most kMaxAuthorizationBytes of visible ASCII; whoever has the token
// is `default`.  The answer belongs to the request: nothing is remembered between
// two requests of one connection.
//
// Tokens are compared as SHA-256 digests in constant time, so neither length nor
// prefix of the secret can be measured.  Immutable, thread-safe.
class Access {
 public:
  struct Options {
    bool enabled = false;      // AUTH_ENABLED
    std::string bearer_token;  // MCP_BEARER_TOKEN; REQUIRES: not empty when enabled
  };

  explicit Access(const Options& options);

  // As HttpFront::Authorize: sets the principal, or returns the 401 to send.
  std::optional<HttpAnswer> check(Exchange& exchange, const Route& route) const;

  // What check() decides by.  The reason of a refusal is of the closed list of
  // 401 bodies; it never tells how near a wrong token was.
  struct Refused {
    std::string_view reason;
    bool operator==(const Refused&) const = default;
  };
  using Verdict = std::variant<Principal, Refused>;
  Verdict judge(const RequestHead& head, const Route& route) const;

 private:
  using Digest = std::array<unsigned char, 32>;

  Verdict judge_bearer(const RequestHead& head) const;
  static Digest digest_of(std::string_view token);

  const bool enabled_;
  const Digest token_;
};

// One Authorization value; longer ones are an attack on whoever hashes them.
inline constexpr std::size_t kMaxAuthorizationBytes = 4096;

// Reads a variable of the environment; nullptr when it is not set.
using GetEnv = std::function<const char*(const char* name)>;

// AUTH_ENABLED exactly `true`: on, and MCP_BEARER_TOKEN must be usable.  Unset,
// empty or `false`: off.  Anything else fails naming the setting and what was
// expected, because a value not understood must never mean "off".
Result<Access::Options> access_from_environment(const GetEnv& get);

// May a listener with these options bind `host` (a literal address, or
// `localhost`)?  Anything but loopback is refused while authentication is off, or
// with a weak token.
Status check_bind(std::string_view host, const Access::Options& options);

// Why the token is weak, in words for the operator's log; empty when it is not,
// or authentication is off.  Never contains the token.
std::string weakness_of(const Access::Options& options);

bool is_loopback(std::string_view host);

}  // namespace devs
