#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orchestrator/access/rate_limit.h"
#include "orchestrator/access/revoked_tokens.h"
#include "orchestrator/access/stream_ticket.h"
#include "orchestrator/net/principal.h"
#include "protocol/result.h"
#include "trace/clock.h"

namespace devs {

// Short-lived stand-ins for a bearer that may stand in a URL: made for a principal and
// some topics, good for any number of opens until they expire, revocable (streams 2.2).
//
// Thread-safe.  revoke() writes a file; standing() is for a reactor.
class StreamTokens {
 public:
  struct Options {
    std::string secret = {};  // STREAM_TOKEN_SECRET; empty: the key file of the trace directory
    std::string issuer = "mcp-orchestrator";  // STREAM_TOKEN_ISSUER
    std::chrono::seconds ttl{600};            // STREAM_TOKEN_TTL_SECONDS
    RateLimit::Options rate = {};             // STREAM_TOKEN_RATE_MAX, _WINDOW_MS
  };
  // A stream opened with a token ends so long after the token was made.
  static constexpr std::chrono::seconds kMaxStreamAge{43'200};

  // Keeps `stream_token.key` and `stream_tokens.revoked` in `dir`.
  static Result<std::unique_ptr<StreamTokens>> open(Options options,
                                                    const std::filesystem::path& dir,
                                                    const Clock& clock);

  // A token; or how long to wait, when too many were made for one of the topics.
  struct Made {
    std::string token;
    std::int64_t expires_s = 0;
  };
  std::variant<Made, Duration> make(const Principal& principal, std::vector<std::string> scope,
                                    std::optional<std::chrono::seconds> ttl,
                                    std::optional<TaskClaims> task = std::nullopt);
  std::variant<StreamClaims, std::string_view> check(std::string_view token) const;
  // Of the caller's own tokens; an operator's word holds for anybody's.
  Status revoke(const Principal& caller, std::string_view id);

  enum class Standing { good, revoked, expired };
  // Whether an open stream of that grant may go on.
  Standing standing(const Principal& principal) const;

  const Options& options() const { return options_; }

 private:
  StreamTokens(Options options, StreamTickets tickets, std::unique_ptr<RevokedTokens> revoked,
               const Clock& clock)
      : options_(std::move(options)),
        tickets_(std::move(tickets)),
        revoked_(std::move(revoked)),
        rate_(options_.rate),
        clock_(clock) {}
  std::int64_t now_s() const;

  const Options options_;
  const StreamTickets tickets_;
  const std::unique_ptr<RevokedTokens> revoked_;
  RateLimit rate_;
  const Clock& clock_;
};

}  // namespace devs
