#include "orchestrator/net/admission.h"

#include <algorithm>
#include <array>

namespace devs {

namespace {

constexpr std::size_t kMaxCredential = 4'096;

struct ErrorName {
  int status;
  std::string_view name;
};
constexpr std::array kErrorNames{
    ErrorName{400, "BAD_REQUEST"},
    ErrorName{401, "UNAUTHORIZED"},
    ErrorName{403, "FORBIDDEN"},
    ErrorName{404, "NOT_FOUND"},
    ErrorName{405, "METHOD_NOT_ALLOWED"},
    ErrorName{408, "REQUEST_TIMEOUT"},
    ErrorName{411, "LENGTH_REQUIRED"},
    ErrorName{413, "BODY_TOO_LARGE"},
    ErrorName{414, "URI_TOO_LONG"},
    ErrorName{415, "UNSUPPORTED_MEDIA_TYPE"},
    ErrorName{417, "EXPECTATION_FAILED"},
    ErrorName{431, "HEAD_TOO_LARGE"},
    ErrorName{500, "INTERNAL"},
    ErrorName{501, "NOT_IMPLEMENTED"},
    ErrorName{503, "OVERLOADED"},
    ErrorName{504, "DEADLINE_EXCEEDED"},
    ErrorName{505, "VERSION_NOT_SUPPORTED"},
};

Admitted refused(int status, std::string_view reason) {
  return Admitted{
      .route = nullptr, .cors = {}, .answer = refusal_answer(status, reason), .reason = reason};
}

// Row 6, as far as the route decides it.
std::optional<Admitted> judge_body(const RequestHead& head, const Route& route) {
  const bool sends = head.method == Method::post || head.method == Method::put;
  if (!sends || route.max_body == 0) {
    const bool empty = head.body == RequestHead::Body::none ||
                       (head.body == RequestHead::Body::length && head.content_length == 0);
    if (!empty) return refused(sends ? 413 : 400, "body");
    return std::nullopt;
  }
  if (head.body == RequestHead::Body::none && !route.body_optional) return refused(411, "length");
  if (head.content_length > route.max_body) return refused(413, "body");
  return std::nullopt;
}

// Those of the fields a page wants to send whose names begin with `prefix`.
std::string asked_fields(const RequestHead& head, std::string_view prefix) {
  std::string_view asked = head.field("access-control-request-headers");
  std::string out;
  while (!asked.empty()) {
    const std::size_t comma = std::min(asked.find(','), asked.size());
    std::string_view name = asked.substr(0, comma);
    asked.remove_prefix(std::min(comma + 1, asked.size()));
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (!is_token(name) || !same_text(name.substr(0, prefix.size()), prefix)) continue;
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

// `type` or `type; charset=utf-8`; any other parameter could change what it means.
bool is_type(std::string_view sent, std::string_view type) {
  if (!same_text(sent.substr(0, type.size()), type)) return false;
  sent.remove_prefix(std::min(type.size(), sent.size()));
  const auto skip_blanks = [&sent] {
    while (!sent.empty() && (sent.front() == ' ' || sent.front() == '\t')) sent.remove_prefix(1);
  };
  skip_blanks();
  if (sent.empty()) return true;
  if (sent.front() != ';') return false;
  sent.remove_prefix(1);
  skip_blanks();
  return same_text(sent, "charset=utf-8") || same_text(sent, "charset=\"utf-8\"");
}

// Row 10.
bool type_ok(const RequestHead& head, const Route& route) {
  const std::string_view coding = head.field("content-encoding");
  if (head.count("content-encoding") > 1 || (!coding.empty() && !same_text(coding, "identity")))
    return false;
  const bool has_body = head.body == RequestHead::Body::chunked || head.content_length > 0;
  if (!has_body || route.content_types.empty()) return true;
  if (head.count("content-type") != 1) return false;
  const std::string_view sent = head.field("content-type");
  return std::any_of(route.content_types.begin(), route.content_types.end(),
                     [sent](const std::string& type) { return is_type(sent, type); });
}

// Row 11: the form of a credential, not whether it is any good.
bool credential_ok(const RequestHead& head, const Route& route) {
  if (route.credential == Credential::none) return true;
  const std::string_view sent = head.field("authorization");
  return head.count("authorization") <= 1 && sent.size() <= kMaxCredential &&
         std::all_of(sent.begin(), sent.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string without_head(std::string allow) {
  if (const std::size_t at = allow.find("HEAD, "); at != std::string::npos) allow.erase(at, 6);
  return allow;
}

}  // namespace

HttpAnswer refusal_answer(int status, std::string_view reason) {
  const auto row = std::find_if(kErrorNames.begin(), kErrorNames.end(),
                                [status](const ErrorName& name) { return name.status == status; });
  HttpAnswer answer =
      error_answer(status, row == kErrorNames.end() ? "REFUSED" : row->name, reason);
  answer.close = true;
  return answer;
}

Admitted Admission::judge(HeadParser& parsed) const {
  RequestHead& head = parsed.head();
  const bool options = parsed.method_known() && head.method == Method::options;
  RouteMatch match;
  if (parsed.method_known()) match = routes_.match(head.method, head.path);
  if (match.route) {
    if (auto refusal = judge_body(head, *match.route)) return std::move(*refusal);
  } else if (head.method != Method::post && head.method != Method::put &&
             (head.body == RequestHead::Body::chunked || head.content_length > 0)) {
    return refused(400, "body");
  }

  switch (policy_.judge_host(head.host)) {
    case OriginPolicy::HostVerdict::served:
      break;
    case OriginPolicy::HostVerdict::malformed:
      return refused(400, "host");
    case OriginPolicy::HostVerdict::foreign:
      return refused(403, "host");
  }

  // A preflight is judged as the request it asks for.
  const Route* row = match.route;
  if (options && !match.allow.empty()) {
    const auto asked = method_of(head.field("access-control-request-method"));
    if (asked) row = routes_.match(*asked, head.path).route;
    for (const Method each : {Method::get, Method::post, Method::put, Method::del})
      if (!row) row = routes_.match(each, head.path).route;
  }
  auto grant = policy_.judge_origin(head, row ? row->cors : CorsPolicy::list, options);
  if (!grant) return refused(403, "origin");

  if (!parsed.method_known()) return refused(501, "method");
  if (options) {
    if (head.path != "*" && !row) return refused(404, "route");
    if (row && !grant->origin.empty()) grant->methods = without_head(match.allow);
    Admitted answered = preflight(head, match, row, std::move(*grant));
    answered.route = row;
    return answered;
  }
  if (!match.route) {
    if (match.allow.empty()) return refused(404, "route");
    Admitted refusal = refused(405, "method");
    refusal.answer->headers.emplace_back("Allow", match.allow);
    return refusal;
  }
  if (match.bad_param) return refused(400, "path");
  if (!type_ok(head, *match.route)) return refused(415, "content_type");
  const bool in_query = match.route->credential != Credential::bearer && query_credential(head);
  const bool missing = auth_on_ && match.route->credential != Credential::none &&
                       head.count("authorization") == 0 && !in_query;
  if (missing || !credential_ok(head, *match.route)) {
    Admitted refusal = refused(401, missing ? "missing_bearer_token" : "invalid_bearer_token");
    refusal.answer->headers.emplace_back("WWW-Authenticate", R"(Bearer realm="mcp-orchestrator")");
    return refusal;
  }
  if (parsed.expectation_unknown()) return refused(417, "expect");
  if (!grant->origin.empty())
    grant->methods = without_head(routes_.match(Method::options, head.path).allow);
  head.params = std::move(match.params);
  return Admitted{
      .route = match.route, .cors = std::move(*grant), .answer = std::nullopt, .reason = {}};
}

// The same for everybody who may ask, but for fields whose names nobody knows beforehand.
Admitted Admission::preflight(const RequestHead& head, const RouteMatch& match, const Route* row,
                              CorsGrant grant) const {
  HttpAnswer answer{
      .status = 204, .type = ContentType::none, .body = {}, .headers = {}, .close = false};
  if (!match.allow.empty()) answer.headers.emplace_back("Allow", match.allow);
  if (!grant.origin.empty()) {
    answer.headers.emplace_back("Access-Control-Max-Age", "600");
    if (row && !row->cors_allow_prefix.empty()) {
      const std::string asked = asked_fields(head, row->cors_allow_prefix);
      // A second field of that name adds to the first (RFC 9110 5.3).
      if (!asked.empty()) answer.headers.emplace_back("Access-Control-Allow-Headers", asked);
    }
    if (head.field("access-control-request-private-network") == "true")
      answer.headers.emplace_back("Access-Control-Allow-Private-Network", "true");
  }
  return Admitted{
      .route = nullptr, .cors = std::move(grant), .answer = std::move(answer), .reason = {}};
}

}  // namespace devs
