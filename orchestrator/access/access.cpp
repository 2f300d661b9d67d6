#include "orchestrator/access/access.h"

#include <openssl/crypto.h>

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

// Does the path, and the query, say what the claims say?  What they do not name is not asked.
bool fits(const TaskClaims& claims, const RequestHead& head) {
  const auto says = [](const std::string* told, const std::string& claimed) {
    return told == nullptr || *told == claimed;
  };
  return says(head.param("taskId"), claims.task) && says(head.param("agent"), claims.agent) &&
         says(head.param("org"), claims.organization.value_or("global")) &&
         (claims.stream.empty() || says(head.query_param("streamId"), claims.stream)) &&
         (claims.conversation.empty() ||
          says(head.query_param("conversationId"), claims.conversation));
}

}  // namespace

Access::Access(const Options& options, const StreamTokens* stream_tokens)
    : enabled_(options.enabled),
      query_bearer_(options.query_bearer),
      tokens_{{.name = "default", .sha256 = digest_of(options.bearer_token), .is_operator = true}},
      stream_tokens_(stream_tokens) {
  assert((!enabled_ || !options.bearer_token.empty()) && "an empty token would let all in");
  tokens_.insert(tokens_.end(), options.tokens.begin(), options.tokens.end());
}

HttpAnswer unauthorized(std::string_view reason) {
  HttpAnswer answer = error_answer(401, "UNAUTHORIZED", reason);
  answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"mcp-orchestrator\"");
  return answer;
}

std::optional<HttpAnswer> Access::check(Exchange& exchange, const Route& route) const {
  Verdict verdict = judge(exchange.head(), route);
  if (const auto* refused = std::get_if<Refused>(&verdict)) return unauthorized(refused->reason);
  exchange.set_principal(std::get<Principal>(std::move(verdict)));
  return std::nullopt;
}

Access::Verdict Access::judge(const RequestHead& head, const Route& route) const {
  if (!enabled_) return Principal{.name = "local", .is_operator = true};
  // Nobody was asked who they are, so they are nobody in particular.
  if (route.credential == Credential::none) {
    return Principal{.name = "anonymous", .is_operator = false};
  }
  if (route.credential != Credential::bearer && head.count("authorization") == 0)
    if (const std::string* const token = query_credential(head))
      return judge_query(*token, route.credential, head);
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
  const NamedToken* const owner = owner_of(*token);
  if (owner == nullptr) return Refused{kInvalid};
  return Principal{.name = owner->name, .is_operator = owner->is_operator};
}

Access::Verdict Access::judge_query(const std::string& token, Credential credential,
                                    const RequestHead& head) const {
  if (query_bearer_ && credential == Credential::stream_or_query)
    if (const NamedToken* const owner = owner_of(token))
      return Principal{.name = owner->name, .is_operator = owner->is_operator};
  if (stream_tokens_ == nullptr) return Refused{kInvalidStreamToken};
  auto told = stream_tokens_->check(token);
  if (const auto* reason = std::get_if<std::string_view>(&told)) return Refused{*reason};
  auto& claims = std::get<StreamClaims>(told);
  if (claims.task && !fits(*claims.task, head)) return Refused{kStreamTokenScope};
  // Its principal may have gone, or may do less, since the token was made.
  const NamedToken* const now = principal(claims.subject);
  if (now == nullptr) return Refused{kInvalidStreamToken};
  return Principal{.name = now->name,
                   .is_operator = now->is_operator && claims.is_operator,
                   .grant = std::make_shared<const StreamGrant>(StreamGrant{
                       std::move(claims.id), claims.issued_s, std::move(claims.scope)})};
}

// All are compared, also behind the right one.
const NamedToken* Access::owner_of(std::string_view bearer) const {
  const TokenDigest given = digest_of(bearer);
  const NamedToken* owner = nullptr;
  for (const NamedToken& token : tokens_)
    if (CRYPTO_memcmp(given.data(), token.sha256.data(), given.size()) == 0) owner = &token;
  return owner;
}

const NamedToken* Access::principal(std::string_view name) const {
  for (const NamedToken& token : tokens_)
    if (token.name == name) return &token;
  return nullptr;
}

}  // namespace devs
