#include "orchestrator/access/access.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <cassert>
#include <utility>

namespace devs {
namespace {

constexpr std::string_view kMissing = "missing_bearer_token";
constexpr std::string_view kInvalid = "invalid_bearer_token";

bool is_visible_ascii(std::string_view text) {
  for (const char c : text) {
    if (c < 0x21 || c > 0x7e) return false;
  }
  return true;
}

// RFC 9110 11.1: the scheme is case-insensitive.  What follows it, without the
// blanks between; nullopt when the scheme is another one.
std::optional<std::string_view> after_bearer(std::string_view value) {
  constexpr std::string_view kScheme = "bearer";
  if (value.size() < kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    if ((value[i] | 0x20) != kScheme[i]) return std::nullopt;
  }
  value.remove_prefix(kScheme.size());
  if (!value.empty() && value.front() != ' ') return std::nullopt;
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  return value;
}

}  // namespace

Access::Access(const Options& options)
    : enabled_(options.enabled), token_(digest_of(options.bearer_token)) {
  assert((!enabled_ || !options.bearer_token.empty()) && "an empty token would let all in");
}

std::optional<HttpAnswer> Access::check(Exchange& exchange, const Route& route) const {
  Verdict verdict = judge(exchange.head(), route);
  if (const auto* refused = std::get_if<Refused>(&verdict)) {
    HttpAnswer answer = error_answer(401, "UNAUTHORIZED", refused->reason);
    answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"mcp-orchestrator\"");
    return answer;
  }
  exchange.set_principal(std::get<Principal>(std::move(verdict)));
  return std::nullopt;
}

Access::Verdict Access::judge(const RequestHead& head, const Route& route) const {
  if (!enabled_) return Principal{.name = "local", .is_operator = true};
  // Nobody was asked who they are, so they are nobody in particular.
  if (route.credential == Credential::none) {
    return Principal{.name = "anonymous", .is_operator = false};
  }
  // The header wins: a wrong one is refused even beside a good stream token,
  // which is looked at, on stream routes, only when there is no header.
  return judge_bearer(head);
}

Access::Verdict Access::judge_bearer(const RequestHead& head) const {
  const std::size_t fields = head.count("authorization");
  if (fields == 0) return Refused{kMissing};
  const std::string_view value = head.field("authorization");
  if (fields > 1 || value.size() > kMaxAuthorizationBytes) return Refused{kInvalid};
  const auto token = after_bearer(value);
  if (!token || token->empty()) return Refused{kMissing};
  if (!is_visible_ascii(*token)) return Refused{kInvalid};
  const Digest given = digest_of(*token);
  if (CRYPTO_memcmp(given.data(), token_.data(), token_.size()) != 0) {
    return Refused{kInvalid};
  }
  return Principal{.name = "default", .is_operator = true};
}

Access::Digest Access::digest_of(std::string_view token) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

}  // namespace devs
