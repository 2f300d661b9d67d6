#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orchestrator/access/named_tokens.h"
#include "orchestrator/access/stream_tokens.h"
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
// field, at most kMaxAuthorizationBytes of visible ASCII; whoever has
// MCP_BEARER_TOKEN is `default`, whoever has a token of the config file has its name.
// A stream route takes a stream token in its query instead (Credential), but
// looks at it only when there is no header: the header wins, even a wrong one.
// The answer belongs to the request: nothing is remembered between two requests of
// one connection.
//
// Bearers are compared as SHA-256 digests in constant time, each with every one there
// is, so neither length nor prefix nor owner of a secret can be measured.  Immutable,
// thread-safe.
class Access {
 public:
  struct Options {
    bool enabled = false;                 // AUTH_ENABLED
    std::string bearer_token = {};        // MCP_BEARER_TOKEN; REQUIRES: not empty when enabled
    std::vector<NamedToken> tokens = {};  // auth.tokens
    bool query_bearer = false;            // auth.query_bearer: a bearer may stand in a URL
    StreamTokens::Options stream_tokens = {};
  };

  // Without `stream_tokens` nobody comes in by one.  REQUIRES: it outlives this.
  explicit Access(const Options& options, const StreamTokens* stream_tokens = nullptr);

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
  Verdict judge_bearer(const RequestHead& head) const;
  Verdict judge_query(const std::string& token, Credential credential,
                      const RequestHead& head) const;
  const NamedToken* owner_of(std::string_view bearer) const;
  const NamedToken* principal(std::string_view name) const;

  const bool enabled_, query_bearer_;
  std::vector<NamedToken> tokens_;  // `default` first
  const StreamTokens* const stream_tokens_;
};

// The 401 of every route: `{"error":"UNAUTHORIZED","reason":"..."}`.
HttpAnswer unauthorized(std::string_view reason);

// One Authorization value; longer ones are an attack on whoever hashes them.
inline constexpr std::size_t kMaxAuthorizationBytes = 4096;

// Reads a variable of the environment; nullptr when it is not set.
using GetEnv = std::function<const char*(const char* name)>;

// A number of that variable, if it is set and not empty; refused outside its bounds.
Status read_number(const GetEnv& get, const char* name, std::int64_t least, std::int64_t most,
                   const std::function<void(std::int64_t)>& take);

// AUTH_ENABLED exactly `true`: on, and MCP_BEARER_TOKEN must be usable.  Unset,
// empty or `false`: off.  Anything else fails naming the setting and what was
// expected, because a value not understood must never mean "off".  The same for
// STREAM_TOKEN_SECRET (32 bytes or more), STREAM_TOKEN_ISSUER, STREAM_TOKEN_TTL_SECONDS,
// STREAM_TOKEN_RATE_MAX and STREAM_TOKEN_RATE_WINDOW_MS.  `of_file`: what the config file
// said.
Result<Access::Options> access_from_environment(const GetEnv& get, Access::Options of_file = {});

// May a listener with these options bind `host` (a literal address, or
// `localhost`)?  Anything but loopback is refused while authentication is off, or
// with a weak token.
Status check_bind(std::string_view host, const Access::Options& options);

// Why the token is weak, in words for the operator's log; empty when it is not,
// or authentication is off.  Never contains the token.
std::string weakness_of(const Access::Options& options);

bool is_loopback(std::string_view host);

}  // namespace devs
