#pragma once

#include <optional>
#include <string_view>

#include "orchestrator/net/head_parser.h"
#include "orchestrator/net/origin_policy.h"
#include "orchestrator/net/route_table.h"

namespace devs {

// What a head that was read is allowed to do next.
struct Admitted {
  const Route* route = nullptr;  // null: `answer` says the rest
  CorsGrant cors;
  // A refusal (the connection closes after it) or a preflight's answer.
  std::optional<HttpAnswer> answer;
  std::string_view reason;  // of the refusal, of a closed list; empty: no refusal
};

// The checks of a request that need only its head, cheap first; the first that
// fails answers (http front, section 3, rows 6 to 12).  Pure; immutable once the
// port is known.
class Admission {
 public:
  // `auth_on`: a request without any credential is refused before its body is read.
  Admission(const RouteTable& routes, OriginPolicy policy, bool auth_on = false)
      : routes_(routes), policy_(std::move(policy)), auth_on_(auth_on) {}

  void set_port(std::uint16_t port) { policy_.set_port(port); }
  const OriginPolicy& policy() const { return policy_; }

  // Puts the route's parameters into the head when it is admitted.
  Admitted judge(HeadParser& parsed) const;

 private:
  Admitted preflight(const RequestHead& head, const RouteMatch& match, const Route* row,
                     CorsGrant grant) const;

  const RouteTable& routes_;
  OriginPolicy policy_;
  const bool auth_on_;
};

// `{"error":"<of the status>","reason":"<reason>"}`, `Connection: close`.
HttpAnswer refusal_answer(int status, std::string_view reason);

}  // namespace devs
