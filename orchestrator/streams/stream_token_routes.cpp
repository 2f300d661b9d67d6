#include "orchestrator/streams/stream_token_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/net/exchange.h"
#include "orchestrator/streams/rights.h"
#include "orchestrator/streams/stream_query.h"
#include "protocol/json.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

constexpr std::size_t kMaxBody = 8 * 1024;  // sixteen topics
constexpr JsonBounds kBodyJson{kMaxBody, 4, 128, 512, 64, 32};
constexpr std::string_view kScopeGrammar =
    "must be 1 to 16 of all, task:<id>, session:<id>, agent:<id>, owner:<name>, graph, "
    "channel:<name>/<id>";

// What is asked for; nullopt: `bad` says what of it is wrong.
struct Asked {
  std::vector<Topic> scope;
  std::optional<std::chrono::seconds> ttl;
};
std::optional<Asked> read_asked(const std::string& body, BadParameter& bad) {
  const Result<std::string> text = compact_json(body, kBodyJson);
  const JsonView told = text.ok() ? JsonView(*text) : JsonView();
  if (!told.is_object()) {
    bad = {"body", "must be a JSON object of at most 8 KB"};
    return std::nullopt;
  }
  Asked asked;
  const JsonView scope = told["scope"], ttl = told["ttl_seconds"];
  bool good = scope.is_array() && scope.size() > 0 && scope.size() <= kMaxStreamScope;
  scope.each_element([&](JsonView one) {
    const std::string name = one.string().value_or("");
    std::optional<Topic> topic = parse_topic(name, false);
    if (!topic) topic = parse_owner_topic(name);
    good = good && topic;
    if (topic) asked.scope.push_back(std::move(*topic));
  });
  if (!good) {
    bad = {"scope", kScopeGrammar};
    return std::nullopt;
  }
  std::ranges::sort(asked.scope);
  const auto twice = std::ranges::unique(asked.scope);
  asked.scope.erase(twice.begin(), twice.end());
  if (!ttl.present()) return asked;
  const auto seconds = ttl.integer();
  if (!seconds || *seconds < kMinStreamTtl || *seconds > kMaxStreamTtl) {
    bad = {"ttl_seconds", "must be an integer from 60 to 3600"};
    return std::nullopt;
  }
  asked.ttl = std::chrono::seconds(*seconds);
  return asked;
}

HttpAnswer make_token(const Principal& caller, const std::string& body, StreamTokens& tokens) {
  BadParameter bad;
  const std::optional<Asked> asked = read_asked(body, bad);
  if (!asked) return bad_parameter(bad);
  std::vector<std::string> scope;
  std::string list;
  for (const Topic& topic : asked->scope) {
    if (!may_follow(caller, topic)) return error_answer(403, "FORBIDDEN", "scope");
    scope.push_back(text_of(topic));
    list += (list.empty() ? "" : ",") + json_string(scope.back());
  }
  auto told = tokens.make(caller, std::move(scope), asked->ttl);
  if (const auto* wait = std::get_if<Duration>(&told))
    return rate_limited(tokens.options().rate, *wait);
  const auto& made = std::get<StreamTokens::Made>(told);
  if (made.token.size() > kMaxStreamTokenBytes)
    return bad_parameter({"scope", "makes a token too long for a URL: ask for fewer topics"});
  HttpAnswer answer = json_answer(
      201, fmt::format(R"({{"success":true,"token":"{}","expiresAt":"{}","scope":[{}]}})",
                       made.token, iso_of_ms(made.expires_s * 1000), list));
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

HttpAnswer revoke_token(const Principal& caller, const std::string& id, StreamTokens& tokens) {
  if (!is_uuid(id)) return bad_parameter({"jti", "must be a UUID"});
  if (Status revoked = tokens.revoke(caller, id); !revoked.ok()) return answer_of(revoked);
  return {.status = 204};
}

}  // namespace

Status add_stream_token_routes(RouteTable& routes, StreamTokens& tokens) {
  Route make;
  make.method = Method::post;
  make.pattern = "/api/stream-tokens";
  make.handler = [&tokens](Exchange& exchange) {
    exchange.respond(make_token(exchange.principal(), exchange.body(), tokens));
  };
  make.max_body = kMaxBody;
  make.content_types = {"application/json"};
  if (Status added = routes.add(std::move(make)); !added.ok()) return added;
  Route revoke;
  revoke.method = Method::del;
  revoke.pattern = "/api/stream-tokens/{jti}";
  revoke.handler = [&tokens](Exchange& exchange) {
    const std::string* const id = exchange.head().param("jti");
    exchange.respond(
        revoke_token(exchange.principal(), id != nullptr ? *id : std::string(), tokens));
  };
  return routes.add(std::move(revoke));
}

}  // namespace devs
