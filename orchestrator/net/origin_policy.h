#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/request_head.h"
#include "orchestrator/net/route_table.h"

namespace devs {

// `name`, `1.2.3.4` or `[v6]`, lower-case, and the port that was written; 0: none.
struct Authority {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Authority&) const = default;
};

// `host[:port]` in any case: no user part, no trailing dot, nothing else.
std::optional<Authority> read_authority(std::string_view text);

struct Origin {
  std::string scheme;
  Authority authority;  // port 0: the scheme's own
};
// `scheme://host[:port]` and nothing behind it; `null` is not one.
std::optional<Origin> read_origin(std::string_view text);

// What an answer says to a page of another origin.
struct CorsGrant {
  std::string origin;   // `*` or the Origin echoed; empty: nothing is said
  std::string methods;  // `GET, OPTIONS`
  bool operator==(const CorsGrant&) const = default;
};

// Which Host a request may name and which pages may send it (http front, section
// 3 rows 7 and 8): what stops DNS rebinding and other people's pages.
//
// Immutable after listening.
class OriginPolicy {
 public:
  // Origins of the policies `list` and `any`, and of the policy `graph`.  The port `*` is
  // any.
  struct Origins {
    std::vector<std::string> list, graph;
  };
  OriginPolicy(const std::vector<std::string>& hosts, const Origins& origins, bool auth_on);
  void set_port(std::uint16_t port) { port_ = port; }

  enum class HostVerdict { served, malformed, foreign };
  HostVerdict judge_host(std::string_view host) const;

  // Nothing: refused.  An empty origin: none was sent, nothing is said.  Policy
  // `any` is decided later, by judge_any(), if the Origin is well-formed.
  std::optional<CorsGrant> judge_origin(const RequestHead& head, CorsPolicy policy,
                                        bool preflight) const;
  // The verdict of policy `any`, once it is known who is speaking.
  std::optional<std::string> judge_any(std::string_view origin, bool authenticated) const;

 private:
  struct Pattern {
    Origin origin;
    bool any_port = false;
  };
  bool serves(const Authority& authority) const;
  static std::vector<Pattern> patterns_of(const std::vector<std::string>& origins);
  bool is_listed(const Origin& origin, const std::vector<Pattern>& patterns) const;

  std::vector<Authority> hosts_;
  const std::vector<Pattern> list_, graph_;
  const bool auth_on_;
  std::uint16_t port_ = 0;
};

}  // namespace devs
