#include "orchestrator/access/stream_tokens.h"

#include <utility>

#include "orchestrator/access/key_file.h"
#include "trace/random.h"

namespace devs {
namespace {

std::int64_t seconds_of(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.wall().time_since_epoch()).count();
}

Result<StreamTickets> tickets_of(const StreamTokens::Options& options,
                                 const std::filesystem::path& dir) {
  if (!options.secret.empty())
    return StreamTickets(std::span(reinterpret_cast<const std::uint8_t*>(options.secret.data()),
                                   options.secret.size()),
                         options.issuer);
  const Result<SecretKey> key = open_key_file(dir / "stream_token.key");
  if (!key.ok()) return key.status();
  return StreamTickets(*key, options.issuer);
}

}  // namespace

Result<std::unique_ptr<StreamTokens>> StreamTokens::open(Options options,
                                                         const std::filesystem::path& dir,
                                                         const Clock& clock) {
  Result<StreamTickets> tickets = tickets_of(options, dir);
  if (!tickets.ok()) return tickets.status();
  auto revoked = RevokedTokens::open(dir / "stream_tokens.revoked", seconds_of(clock));
  if (!revoked.ok()) return revoked.status();
  return std::unique_ptr<StreamTokens>(
      new StreamTokens(std::move(options), std::move(*tickets), std::move(*revoked), clock));
}

std::int64_t StreamTokens::now_s() const {
  return seconds_of(clock_);
}

std::variant<StreamTokens::Made, Duration> StreamTokens::make(
    const Principal& principal, std::vector<std::string> scope,
    std::optional<std::chrono::seconds> ttl, std::optional<TaskClaims> task) {
  std::vector<std::string> keys;
  for (const std::string& topic : scope) keys.push_back(principal.name + ' ' + topic);
  if (const auto wait = rate_.take(keys, clock_.steady())) return *wait;
  const std::int64_t now = now_s(), expires = now + ttl.value_or(options_.ttl).count();
  return Made{tickets_.encode({.subject = principal.name,
                               .is_operator = principal.is_operator,
                               .id = new_uuid_v7(clock_),
                               .issued_s = now,
                               .expires_s = expires,
                               .scope = std::move(scope),
                               .task = std::move(task)}),
              expires};
}

std::variant<StreamClaims, std::string_view> StreamTokens::check(std::string_view token) const {
  auto claims = tickets_.decode(token, now_s());
  if (const auto* good = std::get_if<StreamClaims>(&claims);
      good != nullptr && revoked_->is_revoked(good->subject, good->id))
    return kInvalidStreamToken;
  return claims;
}

Status StreamTokens::revoke(const Principal& caller, std::string_view id) {
  const std::int64_t now = now_s();
  return revoked_->revoke(caller.is_operator ? RevokedTokens::kOfAnybody : caller.name, id,
                          now + kMaxStreamTtl, now);
}

StreamTokens::Standing StreamTokens::standing(const Principal& principal) const {
  if (!principal.grant) return Standing::good;
  if (revoked_->is_revoked(principal.name, principal.grant->id)) return Standing::revoked;
  return now_s() - principal.grant->issued_s >= kMaxStreamAge.count() ? Standing::expired
                                                                      : Standing::good;
}

}  // namespace devs
