#include "orchestrator/net/origin_policy.h"

#include <arpa/inet.h>

#include <algorithm>

namespace devs {

namespace {

constexpr std::size_t kMaxName = 253;  // of a host, RFC 1035

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_name(std::string_view host) {
  if (host.empty() || host.size() > kMaxName || host.back() == '.' || host.front() == '.')
    return false;
  if (host.find("..") != std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

std::optional<std::uint16_t> read_port(std::string_view digits) {
  if (digits.empty() || digits.size() > 5) return std::nullopt;
  unsigned port = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port == 0 || port > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

bool is_loopback_name(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

std::uint16_t port_of(const Origin& origin) {
  if (origin.authority.port != 0) return origin.authority.port;
  return origin.scheme == "https" ? 443 : origin.scheme == "http" ? 80 : 0;
}

}  // namespace

std::optional<Authority> read_authority(std::string_view text) {
  Authority authority{.host = lowered(text), .port = 0};
  std::size_t end = authority.host.find(':');
  if (text.starts_with('[')) {
    const std::size_t close = authority.host.find(']');
    if (close == std::string::npos) return std::nullopt;
    in6_addr address{};
    if (inet_pton(AF_INET6, authority.host.substr(1, close - 1).c_str(), &address) != 1)
      return std::nullopt;
    end = close + 1;
    if (end == authority.host.size()) return authority;
    if (authority.host[end] != ':') return std::nullopt;
  }
  if (end != std::string::npos) {
    const auto port = read_port(std::string_view(authority.host).substr(end + 1));
    if (!port) return std::nullopt;
    authority.port = *port;
    authority.host.resize(end);
  }
  if (!text.starts_with('[') && !is_name(authority.host)) return std::nullopt;
  return authority;
}

std::optional<Origin> read_origin(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Origin origin{.scheme = lowered(text.substr(0, colon)), .authority = {}};
  const bool scheme_ok = std::all_of(origin.scheme.begin(), origin.scheme.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
  auto authority = read_authority(text.substr(colon + 3));
  if (!scheme_ok || !authority) return std::nullopt;
  origin.authority = std::move(*authority);
  return origin;
}

OriginPolicy::OriginPolicy(const std::vector<std::string>& hosts, const Origins& origins,
                           bool auth_on)
    : list_(patterns_of(origins.list)), graph_(patterns_of(origins.graph)), auth_on_(auth_on) {
  for (const std::string& host : hosts)
    if (auto authority = read_authority(host)) hosts_.push_back(std::move(*authority));
}

std::vector<OriginPolicy::Pattern> OriginPolicy::patterns_of(
    const std::vector<std::string>& origins) {
  std::vector<Pattern> patterns;
  for (const std::string& text : origins) {
    const bool any_port = text.ends_with(":*");
    const std::string_view exact(text.data(), text.size() - (any_port ? 2 : 0));
    if (auto origin = read_origin(exact)) patterns.push_back({std::move(*origin), any_port});
  }
  return patterns;
}

bool OriginPolicy::serves(const Authority& authority) const {
  const std::uint16_t port = authority.port == 0 ? 80 : authority.port;
  if (is_loopback_name(authority.host) && port == port_) return true;
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const Authority& host) {
    if (host.host != authority.host) return false;
    return host.port == authority.port || (host.port == 0 && authority.port == port_);
  });
}

OriginPolicy::HostVerdict OriginPolicy::judge_host(std::string_view host) const {
  const auto authority = read_authority(host);
  if (!authority) return HostVerdict::malformed;
  return serves(*authority) ? HostVerdict::served : HostVerdict::foreign;
}

bool OriginPolicy::is_listed(const Origin& origin, const std::vector<Pattern>& patterns) const {
  if (origin.scheme == "http" && serves({origin.authority.host, port_of(origin)})) return true;
  return std::any_of(patterns.begin(), patterns.end(), [&origin](const Pattern& pattern) {
    return pattern.origin.scheme == origin.scheme &&
           pattern.origin.authority.host == origin.authority.host &&
           (pattern.any_port || port_of(pattern.origin) == port_of(origin));
  });
}

std::optional<CorsGrant> OriginPolicy::judge_origin(const RequestHead& head, CorsPolicy policy,
                                                    bool preflight) const {
  const std::size_t sent = head.count("origin");
  if (sent == 0) {
    const bool foreign_page =
        head.field("sec-fetch-site") == "cross-site" && head.field("sec-fetch-mode") != "navigate";
    if (foreign_page) return std::nullopt;
    return CorsGrant{};
  }
  const std::string_view text = head.field("origin");
  const auto origin = read_origin(text);
  if (sent > 1 || !origin) return std::nullopt;
  if (policy == CorsPolicy::any && (!preflight || auth_on_)) {
    return CorsGrant{.origin = preflight ? "*" : std::string(text), .methods = {}};
  }
  if (policy == CorsPolicy::any) {
    const auto verdict = judge_any(text, false);
    if (!verdict) return std::nullopt;
    return CorsGrant{.origin = *verdict, .methods = {}};
  }
  if (!is_listed(*origin, policy == CorsPolicy::graph ? graph_ : list_)) return std::nullopt;
  return CorsGrant{.origin = std::string(text), .methods = {}};
}

std::optional<std::string> OriginPolicy::judge_any(std::string_view text,
                                                   bool authenticated) const {
  if (authenticated) return "*";
  const auto origin = read_origin(text);
  if (!origin) return std::nullopt;
  if (is_loopback_name(origin->authority.host) || is_listed(*origin, list_))
    return std::string(text);
  return std::nullopt;
}

}  // namespace devs
