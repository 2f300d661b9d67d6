#include "orchestrator/access/stream_ticket.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <optional>

#include "protocol/base64.h"
#include "protocol/ids.h"
#include "protocol/json.h"

namespace devs {
namespace {

constexpr JsonBounds kClaimsJson{4096, 3, 128, 512, 64, 32};
constexpr std::string_view kAudience = "sse";
constexpr std::size_t kKeyIdBytes = 4;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string key_id_of(std::string_view secret) {
  std::array<char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bytes_of(secret), secret.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return hex({digest.data(), kKeyIdBytes});
}

std::string head_of(std::string_view secret) {
  return base64url_encode(R"({"alg":"HS256","typ":"JWT","kid":")" + key_id_of(secret) + "\"}");
}

// Those of a task: all that must be there, or none.  False: broken.
bool take_task(JsonView told, std::optional<TaskClaims>& task) {
  JsonView id, agent, organization, stream, conversation;
  told.pick({{"taskId", &id},
             {"agentSlug", &agent},
             {"organizationSlug", &organization},
             {"streamId", &stream},
             {"conversationId", &conversation}});
  if (!id.present() && !agent.present() && !organization.present() && !stream.present() &&
      !conversation.present())
    return true;
  const auto good = [](JsonView text) { return text.is_string() && text.text().size() > 2; };
  const bool no_organization = organization.kind() == JsonView::Kind::null;
  if (!good(id) || !good(agent) || (!no_organization && !good(organization)) ||
      (stream.present() && !good(stream)) || (conversation.present() && !good(conversation)))
    return false;
  task = TaskClaims{.task = id.string().value_or(""),
                    .agent = agent.string().value_or(""),
                    .organization = organization.string(),
                    .stream = stream.string().value_or(""),
                    .conversation = conversation.string().value_or("")};
  return true;
}

std::optional<StreamClaims> claims_of(JsonView told, std::string_view issuer) {
  JsonView iss, aud, sub, role, iat, exp, jti, scp;
  told.pick({{"iss", &iss},
             {"aud", &aud},
             {"sub", &sub},
             {"role", &role},
             {"iat", &iat},
             {"exp", &exp},
             {"jti", &jti},
             {"scp", &scp}});
  if (!iss.is(issuer) || !aud.is(kAudience)) return std::nullopt;
  StreamClaims claims;
  claims.subject = sub.string().value_or("");
  claims.is_operator = role.is("operator");
  claims.id = jti.string().value_or("");
  const auto issued = iat.integer(), expires = exp.integer();
  if (!is_saop_id(claims.subject) || !is_uuid(claims.id) || !issued || !expires ||
      (!claims.is_operator && !role.is("user")))
    return std::nullopt;
  claims.issued_s = *issued;
  claims.expires_s = *expires;
  // Whoever shares the secret may not sign for longer than a revocation is remembered.
  if (claims.issued_s < 0 || claims.expires_s <= claims.issued_s ||
      claims.expires_s - claims.issued_s > kMaxStreamTtl)
    return std::nullopt;
  bool all_text = scp.is_array() && scp.size() > 0 && scp.size() <= kMaxStreamScope;
  scp.each_element([&](JsonView topic) {
    auto text = topic.string();
    all_text = all_text && text;
    if (text) claims.scope.push_back(std::move(*text));
  });
  if (!all_text || !take_task(told, claims.task)) return std::nullopt;
  return claims;
}

}  // namespace

StreamTickets::StreamTickets(std::span<const std::uint8_t> secret, std::string issuer)
    : secret_(secret.begin(), secret.end()), issuer_(std::move(issuer)), head_(head_of(secret_)) {
}

std::string StreamTickets::signature(std::string_view head_and_claims) const {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes_of(head_and_claims),
       head_and_claims.size(), mac.data(), &size);
  return base64url_encode({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

std::string StreamTickets::encode(const StreamClaims& claims) const {
  std::string text = "{\"iss\":" + json_string(issuer_) + ",\"aud\":" + json_string(kAudience) +
                     ",\"sub\":" + json_string(claims.subject) + ",\"role\":\"" +
                     (claims.is_operator ? "operator" : "user") +
                     "\",\"iat\":" + std::to_string(claims.issued_s) +
                     ",\"exp\":" + std::to_string(claims.expires_s) +
                     ",\"jti\":" + json_string(claims.id) + ",\"scp\":[";
  for (const std::string& topic : claims.scope) {
    if (text.back() != '[') text += ',';
    append_json_string(text, topic);
  }
  text += ']';
  if (claims.task) {
    const TaskClaims& task = *claims.task;
    text += ",\"taskId\":" + json_string(task.task) + ",\"agentSlug\":" + json_string(task.agent) +
            ",\"organizationSlug\":" +
            (task.organization ? json_string(*task.organization) : std::string("null"));
    if (!task.stream.empty()) text += ",\"streamId\":" + json_string(task.stream);
    if (!task.conversation.empty()) text += ",\"conversationId\":" + json_string(task.conversation);
  }
  text += '}';
  std::string token = head_ + '.' + base64url_encode(text);
  return token + '.' + signature(token);
}

std::variant<StreamClaims, std::string_view> StreamTickets::decode(std::string_view token,
                                                                   std::int64_t now_s) const {
  if (token.size() > kMaxStreamTokenBytes) return kInvalidStreamToken;
  // Our head, letter by letter, is `HS256` with this very key; no other is negotiated.
  const std::size_t dot = token.rfind('.');
  if (dot == token.npos || token.size() <= head_.size() || !token.starts_with(head_) ||
      token[head_.size()] != '.' || dot <= head_.size())
    return kInvalidStreamToken;
  const std::string right = signature(token.substr(0, dot));
  const std::string_view given = token.substr(dot + 1);
  if (given.size() != right.size() || CRYPTO_memcmp(given.data(), right.data(), right.size()) != 0)
    return kInvalidStreamToken;

  const auto text = base64url_decode(token.substr(head_.size() + 1, dot - head_.size() - 1));
  if (!text) return kInvalidStreamToken;
  const Result<std::string> checked = compact_json(*text, kClaimsJson);
  if (!checked.ok()) return kInvalidStreamToken;
  std::optional<StreamClaims> claims = claims_of(JsonView(*checked), issuer_);
  if (!claims) return kInvalidStreamToken;
  if (now_s >= claims->expires_s) return kExpiredStreamToken;
  return std::move(*claims);
}

}  // namespace devs
