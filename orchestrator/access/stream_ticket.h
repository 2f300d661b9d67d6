#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace devs {

// What a stream token for one task says besides: each must be what the path says.
struct TaskClaims {
  std::string task, agent;                  // `taskId`, `agentSlug`
  std::optional<std::string> organization;  // `organizationSlug`; nullopt: null, `global` in a path
  std::string stream, conversation;         // `streamId`, `conversationId`; empty: absent
  bool operator==(const TaskClaims&) const = default;
};

// What a stream token says (streams 2.2): who may follow which topics, until when.
struct StreamClaims {
  std::string subject;  // the principal it was made for
  bool is_operator = false;
  std::string id;                  // `jti`
  std::int64_t issued_s = 0;       // seconds since 1970
  std::int64_t expires_s = 0;      // not usable from this second on
  std::vector<std::string> scope;  // topics, as text
  std::optional<TaskClaims> task = std::nullopt;
  bool operator==(const StreamClaims&) const = default;
};

// Why a stream token is none; the text of the 401.
inline constexpr std::string_view kInvalidStreamToken = "invalid_stream_token";
inline constexpr std::string_view kExpiredStreamToken = "expired_stream_token";
inline constexpr std::string_view kStreamTokenScope = "stream_token_scope";

// A token longer than this is not looked at: it and others must fit a query.
inline constexpr std::size_t kMaxStreamTokenBytes = 3'584;
inline constexpr std::size_t kMaxStreamScope = 16;                        // topics of one
inline constexpr std::int64_t kMinStreamTtl = 60, kMaxStreamTtl = 3'600;  // seconds

// Signs and checks stream tokens: JWT (RFC 7519) in compact form, HS256 and nothing
// else.  Immutable, thread-safe.
class StreamTickets {
 public:
  // REQUIRES: `secret` has 32 bytes or more.
  StreamTickets(std::span<const std::uint8_t> secret, std::string issuer);

  std::string encode(const StreamClaims& claims) const;
  // The claims, or the reason of the refusal.  The signature is checked, in constant
  // time, before a byte of the claims is read.
  std::variant<StreamClaims, std::string_view> decode(std::string_view token,
                                                      std::int64_t now_s) const;

 private:
  std::string signature(std::string_view head_and_claims) const;

  const std::string secret_, issuer_;
  const std::string head_;  // ready-made: base64url, with the key's id
};

}  // namespace devs
