#include "orchestrator/streams/stream_token_routes.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/access/access.h"
#include "orchestrator/net/http_front.h"
#include "protocol/base64.h"
#include "protocol/json.h"
#include "tests/support/fake_clock.h"
#include "tests/support/http_wire.h"
#include "tests/support/temp_dir.h"

namespace devs {
namespace {

// A front with the token routes and one stream route, and two principals: `default`
// ("boss's-bearer...") and `ann`.
const std::string kBoss = "the-bearer-of-the-boss", kAnn = "the-bearer-of-ann";
const std::string kPage = "http://app.test:5173";  // an allowed origin

struct TokenHouse {
  TempDir dir;
  FakeClock clock;
  Metrics metrics;
  Reactor reactor{system_clock(), metrics};
  WorkerPool workers{{.name = "http", .threads = 1, .queue_capacity = 64}};
  std::unique_ptr<StreamTokens> tokens = StreamTokens::open({}, dir.path(), clock).value();
  Access access{{.enabled = true,
                 .bearer_token = kBoss,
                 .tokens = {{.name = "ann", .sha256 = digest_of(kAnn), .is_operator = false}}},
                tokens.get()};
  std::unique_ptr<HttpFront> front;
  std::jthread turning;

  TokenHouse() {
    RouteTable routes;
    REQUIRE(add_stream_token_routes(routes, *tokens).ok());
    Route stream;
    stream.pattern = "/stream";
    stream.credential = Credential::stream;
    stream.handler = [](Exchange& exchange) {
      exchange.respond(json_answer(200, json_string(exchange.principal().name)));
    };
    REQUIRE(routes.add(std::move(stream)).ok());
    front = std::make_unique<HttpFront>(
        HttpFront::Options{.origins = {.list = {kPage}}, .auth_on = true}, std::move(routes),
        [this](Exchange& exchange, const Route& route) { return access.check(exchange, route); },
        reactor, workers, stderr_log(Log::Level::error), metrics);
    REQUIRE(front->listen().ok());
    turning = std::jthread([this] { reactor.run(); });
  }
  ~TokenHouse() {
    front->stop(system_clock().steady());
    workers.stop();
    reactor.stop();
    turning.join();
  }

  WireAnswer ask(const std::string& line, const std::string& bearer, const std::string& body = "",
                 bool from_page = false) {
    HttpWire wire(front->port());
    std::string request =
        line + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(front->port()) + "\r\n";
    if (!bearer.empty()) request += "Authorization: Bearer " + bearer + "\r\n";
    if (from_page) request += "Origin: " + kPage + "\r\n";
    if (!body.empty())
      request +=
          "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n";
    wire.send(request + "\r\n" + body);
    return wire.read_answer();
  }
  WireAnswer make(const std::string& bearer, const std::string& body) {
    return ask("POST /api/stream-tokens", bearer, body);
  }
  WireAnswer open(const std::string& token) { return ask("GET /stream?token=" + token, ""); }
};

std::string member(const std::string& json, std::string_view name) {
  return JsonView(json)[name].string().value_or("");
}
std::string jti_of(const std::string& token) {
  const std::size_t dot = token.find('.');
  const auto claims = base64url_decode(token.substr(dot + 1, token.rfind('.') - dot - 1));
  REQUIRE(claims);
  return member(*claims, "jti");
}

TEST_CASE("[S1.4] stream tokens: 201 with the token, its end and its scope, never cached") {
  TokenHouse house;
  const WireAnswer made =
      house.make(kBoss, R"({"scope":["task:t-42","all","all"],"ttl_seconds":60})");
  CHECK(made.status == 201);
  CHECK(made.header("cache-control") == "no-store");
  const std::string token = member(made.body, "token");
  CHECK(made.body ==
        R"({"success":true,"token":")" + token +
            R"(","expiresAt":"2026-11-21T01:25:05.000Z","scope":["all","task:t-42"]})");
  const WireAnswer opened = house.open(token);
  CHECK(opened.status == 200);
  CHECK(opened.body == "\"default\"");
  CHECK(house.ask("GET /stream?streamToken=" + token, "").status == 200);
  CHECK(house.open(token).status == 200);  // again: a native reconnect
}

TEST_CASE("[S1.4] stream tokens: what is no request for one is 400 and names the field") {
  TokenHouse house;
  const struct {
    const char *body, *field;
  } kWrong[] = {
      {"[]", "body"},
      {"{", "body"},
      {"{}", "scope"},
      {R"({"scope":[]})", "scope"},
      {R"({"scope":"all"})", "scope"},
      {R"({"scope":[1]})", "scope"},
      {R"({"scope":["tool:x"]})", "scope"},
      {R"({"scope":["task:a b"]})", "scope"},
      {R"({"scope":["owner:a,b"]})", "scope"},
      {R"({"scope":["all"],"ttl_seconds":59})", "ttl_seconds"},
      {R"({"scope":["all"],"ttl_seconds":3601})", "ttl_seconds"},
      {R"({"scope":["all"],"ttl_seconds":"600"})", "ttl_seconds"},
  };
  for (const auto& [body, field] : kWrong) {
    CAPTURE(body);
    const WireAnswer refused = house.make(kBoss, body);
    CHECK(refused.status == 400);
    CHECK(member(refused.body, "field") == field);
  }
  CHECK(house.ask("DELETE /api/stream-tokens/42", kBoss).status == 400);
}

TEST_CASE("[S1.4] stream tokens: nobody makes one that reaches further than they do") {
  TokenHouse house;
  for (const char* beyond : {"all", "graph", "owner:bob"}) {
    const WireAnswer refused =
        house.make(kAnn, R"({"scope":["task:t-1",")" + std::string(beyond) + "\"]}");
    CHECK(refused.status == 403);
    CHECK(refused.body == R"({"error":"FORBIDDEN","reason":"scope"})");
  }
  for (const char* within : {"task:t-1", "owner:ann", "channel:debates/42", "session:s"})
    CHECK(house.make(kAnn, R"({"scope":[")" + std::string(within) + "\"]}").status == 201);
  const WireAnswer nobody = house.make("", R"({"scope":["all"]})");
  CHECK(nobody.status == 401);
}

TEST_CASE("[S1.5] stream tokens: the sixth in 30 s is 429 and says when") {
  TokenHouse house;
  for (int i = 0; i < 5; ++i) CHECK(house.make(kAnn, R"({"scope":["task:t-1"]})").status == 201);
  house.clock.advance(std::chrono::milliseconds(20'500));
  const WireAnswer sixth = house.make(kAnn, R"({"scope":["task:t-1"]})");
  CHECK(sixth.status == 429);
  CHECK(sixth.body == R"({"error":"RATE_LIMITED","limit":5,"window_ms":30000})");
  CHECK(sixth.header("retry-after") == "10");
  CHECK(house.make(kBoss, R"({"scope":["task:t-1"]})").status == 201);
  CHECK(house.make(kAnn, R"({"scope":["task:t-2"]})").status == 201);
}

TEST_CASE("[S1.5] stream tokens: a page of an allowed origin may read when to come back") {
  TokenHouse house;
  const auto make = [&house] {
    return house.ask("POST /api/stream-tokens", kAnn, R"({"scope":["task:t-1"]})", true);
  };
  for (int i = 0; i < 5; ++i) CHECK(make().status == 201);
  const WireAnswer sixth = make();
  CHECK(sixth.status == 429);
  CHECK(sixth.header("retry-after") == "30");
  CHECK(sixth.header("access-control-allow-origin") == kPage);
  CHECK(sixth.header("access-control-expose-headers") == "Retry-After");
}

TEST_CASE("[S1.14] stream tokens: a deleted one opens nothing; another's is not mine to delete") {
  TokenHouse house;
  const std::string anns = member(house.make(kAnn, R"({"scope":["task:t-1"]})").body, "token");
  const std::string boss = member(house.make(kBoss, R"({"scope":["all"]})").body, "token");
  CHECK(house.ask("DELETE /api/stream-tokens/" + jti_of(boss), kAnn).status == 204);
  CHECK(house.open(boss).status == 200);
  CHECK(house.ask("DELETE /api/stream-tokens/" + jti_of(anns), kAnn).status == 204);
  const WireAnswer refused = house.open(anns);
  CHECK(refused.status == 401);
  CHECK(refused.body == R"({"error":"UNAUTHORIZED","reason":"invalid_stream_token"})");
  CHECK(refused.header("www-authenticate") == R"(Bearer realm="mcp-orchestrator")");
  CHECK(house.ask("DELETE /api/stream-tokens/" + jti_of(boss), kBoss).status == 204);
  CHECK(house.open(boss).status == 401);
}

TEST_CASE("[S1.7] stream tokens: no credential but in the query of a stream") {
  TokenHouse house;
  const std::string token = member(house.make(kBoss, R"({"scope":["all"]})").body, "token");
  CHECK(house.ask("POST /api/stream-tokens?token=" + token, "", R"({"scope":["all"]})").status ==
        401);
  CHECK(house.make(token, R"({"scope":["all"]})").status == 401);
  CHECK(house.ask("DELETE /api/stream-tokens/" + jti_of(token) + "?token=" + token, "").status ==
        401);
  CHECK(house.ask("GET /stream", token).status == 401);
  CHECK(house.open(token).status == 200);
}

}  // namespace
}  // namespace devs
