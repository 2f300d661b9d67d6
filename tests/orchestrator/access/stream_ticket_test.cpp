#include "orchestrator/access/stream_ticket.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

#include "protocol/base64.h"

namespace devs {
namespace {

constexpr std::int64_t kNow = 1'795'224'245;
const std::string kSecret = "0123456789abcdef0123456789abcdef";
const std::string kOtherSecret = "0123456789abcdef0123456789abcdeg";

StreamTickets tickets(const std::string& secret = kSecret,
                      const std::string& issuer = "mcp-orchestrator") {
  return StreamTickets({reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()},
                       issuer);
}

StreamClaims claims() {
  return {.subject = "u1",
          .is_operator = false,
          .id = "019a1b2c-3d4e-7f50-8a6b-0c1d2e3f4a5b",
          .issued_s = kNow - 10,
          .expires_s = kNow + 590,
          .scope = {"owner:u1", "task:t-42"}};
}

std::string part(const std::string& token, int index) {
  const std::size_t first = token.find('.'), last = token.rfind('.');
  if (index == 0) return token.substr(0, first);
  return index == 1 ? token.substr(first + 1, last - first - 1) : token.substr(last + 1);
}

// Signed as ours are, whatever it says: only the content can be refused.
std::string signed_by(const std::string& secret, const std::string& head, const std::string& text) {
  std::string token = base64url_encode(head) + '.' + base64url_encode(text);
  unsigned char mac[32];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(token.data()), token.size(), mac, &size);
  return token + '.' + base64url_encode({reinterpret_cast<const char*>(mac), size});
}

std::string verdict(const std::string& token, std::int64_t now = kNow) {
  const auto told = tickets().decode(token, now);
  const auto* reason = std::get_if<std::string_view>(&told);
  return reason == nullptr ? "let in" : std::string(*reason);
}

const std::string kText = *base64url_decode(part(tickets().encode(claims()), 1));
const std::string kHead = *base64url_decode(part(tickets().encode(claims()), 0));

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("[S1.4] StreamTickets: a token is a JWT with every claim, and comes back as it went") {
  const std::string token = tickets().encode(claims());
  CHECK(kHead.starts_with(R"({"alg":"HS256","typ":"JWT","kid":")"));
  CHECK(kHead.size() == std::string(R"({"alg":"HS256","typ":"JWT","kid":"12345678"})").size());
  CHECK(kText ==
        R"({"iss":"mcp-orchestrator","aud":"sse","sub":"u1","role":"user","iat":1795224235,)"
        R"("exp":1795224835,"jti":"019a1b2c-3d4e-7f50-8a6b-0c1d2e3f4a5b",)"
        R"("scp":["owner:u1","task:t-42"]})");
  const auto told = tickets().decode(token, kNow);
  REQUIRE(std::holds_alternative<StreamClaims>(told));
  CHECK(std::get<StreamClaims>(told) == claims());
  CHECK(signed_by(kSecret, kHead, kText) == token);
}

TEST_CASE("[S1.4] StreamTickets: a task's claims come back as they went, null too") {
  StreamClaims told = claims();
  for (const std::optional<std::string>& organization :
       {std::optional<std::string>("acme"), std::optional<std::string>()})
    for (const std::string stream : {"", "s-1"}) {
      told.task = TaskClaims{.task = "t-42",
                             .agent = "writer",
                             .organization = organization,
                             .stream = stream,
                             .conversation = stream};
      const auto read = tickets().decode(tickets().encode(told), kNow);
      REQUIRE(std::holds_alternative<StreamClaims>(read));
      CHECK(std::get<StreamClaims>(read) == told);
    }
}

TEST_CASE("[S1.4] StreamTickets: a task's token that lacks one of its claims is none") {
  StreamClaims told = claims();
  told.task = TaskClaims{
      .task = "t-42", .agent = "writer", .organization = "acme", .stream = {}, .conversation = {}};
  const std::string text = *base64url_decode(part(tickets().encode(told), 1));
  CHECK(text.ends_with(R"("taskId":"t-42","agentSlug":"writer","organizationSlug":"acme"})"));
  for (const char* claim : {R"("taskId":"t-42",)", R"("agentSlug":"writer",)"})
    CHECK(verdict(signed_by(kSecret, kHead, with(text, claim, ""))) == "invalid_stream_token");
  CHECK(verdict(signed_by(kSecret, kHead, with(text, R"(,"organizationSlug":"acme")", ""))) ==
        "invalid_stream_token");
  CHECK(verdict(signed_by(kSecret, kHead, with(text, R"("t-42")", "42"))) ==
        "invalid_stream_token");
  CHECK(verdict(signed_by(kSecret, kHead, text)) == "let in");
}

TEST_CASE("[S1.4] StreamTickets: usable to its last second, expired from the next on") {
  const std::string token = tickets().encode(claims());
  CHECK(verdict(token, kNow + 589) == "let in");
  CHECK(verdict(token, kNow + 590) == "expired_stream_token");
  CHECK(verdict(token, kNow + 1'000'000) == "expired_stream_token");
}

TEST_CASE("[S1.4] StreamTickets: every way of not being ours is refused, and with its reason") {
  const std::string good = tickets().encode(claims());
  const auto said = [](const std::string& from, const std::string& to) {
    return signed_by(kSecret, kHead, with(kText, from, to));
  };
  const auto headed = [](const std::string& from, const std::string& to) {
    return signed_by(kSecret, with(kHead, from, to), kText);
  };
  std::string one_bit_off = good;
  one_bit_off[good.size() / 2] = one_bit_off[good.size() / 2] == 'A' ? 'B' : 'A';
  const struct {
    const char* what;
    std::string token;
  } kMutations[] = {
      {"empty", ""},
      {"no token at all", "nonsense"},
      {"two parts", part(good, 0) + '.' + part(good, 1)},
      {"four parts", good + ".x"},
      {"no signature", part(good, 0) + '.' + part(good, 1) + '.'},
      {"half a signature", good.substr(0, good.size() - 20)},
      {"a longer signature", good + "AAAA"},
      {"one letter off", one_bit_off},
      {"another key", signed_by(kOtherSecret, kHead, kText)},
      {"another key of ours", tickets(kOtherSecret).encode(claims())},
      {"no algorithm", headed("HS256", "none")},
      {"no algorithm, no signature",
       base64url_encode(with(kHead, "HS256", "none")) + '.' + part(good, 1) + '.'},
      {"HS384", headed("HS256", "HS384")},
      {"RS256", headed("HS256", "RS256")},
      {"hs256", headed("HS256", "hs256")},
      {"another key id", headed(kHead.substr(kHead.size() - 10, 8), "00000000")},
      {"no key id", signed_by(kSecret, R"({"alg":"HS256","typ":"JWT"})", kText)},
      {"another issuer", said("mcp-orchestrator", "elsewhere")},
      {"no issuer", said(R"("iss":"mcp-orchestrator",)", "")},
      {"another audience", said(R"("aud":"sse")", R"("aud":"api")")},
      {"a list of audiences", said(R"("aud":"sse")", R"("aud":["sse"])")},
      {"no audience", said(R"("aud":"sse",)", "")},
      {"no subject", said(R"("sub":"u1",)", "")},
      {"a subject with a comma", said(R"("sub":"u1")", R"("sub":"u1,u2")")},
      {"no role", said(R"("role":"user",)", "")},
      {"another role", said(R"("role":"user")", R"("role":"admin")")},
      {"no time of issue", said(R"("iat":1795224235,)", "")},
      {"no end", said(R"("exp":1795224835,)", "")},
      {"an end that is text", said("1795224835", "\"1795224835\"")},
      {"an end with a point", said("1795224835", "1795224835.0")},
      {"an end before its beginning", said("1795224835", "1795224235")},
      {"an end further than any token's", said("1795224835", "1795227836")},
      {"an endless one", said("1795224835", "9007199254740991")},
      {"no id", said(R"("jti":"019a1b2c-3d4e-7f50-8a6b-0c1d2e3f4a5b",)", "")},
      {"an id that is no UUID", said("019a1b2c-3d4e-7f50-8a6b-0c1d2e3f4a5b", "x")},
      {"no scope", said(R"(,"scp":["owner:u1","task:t-42"])", "")},
      {"an empty scope", said(R"(["owner:u1","task:t-42"])", "[]")},
      {"a scope of one word", said(R"(["owner:u1","task:t-42"])", "\"all\"")},
      {"a scope of numbers", said(R"(["owner:u1","task:t-42"])", "[1]")},
      {"a claim twice", said(R"("sub":"u1")", R"("sub":"u1","sub":"u2")")},
      {"no JSON", signed_by(kSecret, kHead, "{")},
      {"no object", signed_by(kSecret, kHead, "[]")},
      {"padding", part(good, 0) + '.' + part(good, 1) + "=." + part(good, 2)},
      {"blanks", ' ' + good},
      {"too long", good + std::string(kMaxStreamTokenBytes, 'A')},
  };
  for (const auto& [what, token] : kMutations) {
    CAPTURE(what);
    CHECK(verdict(token) == "invalid_stream_token");
  }
  CHECK(verdict(good) == "let in");
}

TEST_CASE("[S1.4] StreamTickets: a wrong token that has expired too is wrong, not expired") {
  CHECK(verdict(signed_by(kOtherSecret, kHead, kText), kNow + 1000) == "invalid_stream_token");
}

TEST_CASE("StreamTickets: every letter changed is a token refused") {
  const std::string good = tickets().encode(claims());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    CAPTURE(at);
    CHECK(verdict(bad) == "invalid_stream_token");
  }
}

}  // namespace
}  // namespace devs
