#include "orchestrator/access/stream_tokens.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "protocol/base64.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace devs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Principal kUser{.name = "u1", .is_operator = false};
const Principal kOther{.name = "u2", .is_operator = false};
const Principal kOperator{.name = "default", .is_operator = true};

std::unique_ptr<StreamTokens> tokens_in(const TempDir& dir, const Clock& clock,
                                        StreamTokens::Options options = {}) {
  auto opened = StreamTokens::open(std::move(options), dir.path(), clock);
  REQUIRE(opened.ok());
  return std::move(*opened);
}

std::string made(StreamTokens& tokens, const Principal& who = kUser,
                 const std::string& topic = "task:t-1") {
  auto told = tokens.make(who, {topic}, std::nullopt);
  REQUIRE(std::holds_alternative<StreamTokens::Made>(told));
  return std::get<StreamTokens::Made>(told).token;
}

bool limited(StreamTokens& tokens, const Principal& who, const std::string& topic) {
  return std::holds_alternative<Duration>(tokens.make(who, {topic}, std::nullopt));
}

StreamClaims claims_of(const StreamTokens& tokens, const std::string& token) {
  const auto told = tokens.check(token);
  REQUIRE(std::holds_alternative<StreamClaims>(told));
  return std::get<StreamClaims>(told);
}

std::string reason_of(const StreamTokens& tokens, const std::string& token) {
  const auto told = tokens.check(token);
  const auto* reason = std::get_if<std::string_view>(&told);
  return reason == nullptr ? "good" : std::string(*reason);
}

Principal granted(const StreamClaims& claims) {
  return {.name = claims.subject,
          .is_operator = claims.is_operator,
          .grant = std::make_shared<const StreamGrant>(
              StreamGrant{claims.id, claims.issued_s, claims.scope})};
}

TEST_CASE("[S1.4] StreamTokens: a token lives as long as configured or asked, and no longer") {
  const TempDir dir;
  FakeClock clock;
  const auto tokens = tokens_in(dir, clock, {.ttl = seconds(120)});
  const std::string usual = made(*tokens);
  auto asked = tokens->make(kUser, {"task:t-2"}, seconds(60));
  const std::string shorter = std::get<StreamTokens::Made>(asked).token;
  CHECK(claims_of(*tokens, usual).expires_s - claims_of(*tokens, usual).issued_s == 120);
  clock.advance(seconds(60));
  CHECK(reason_of(*tokens, shorter) == "expired_stream_token");
  CHECK(reason_of(*tokens, usual) == "good");
  clock.advance(seconds(60));
  CHECK(reason_of(*tokens, usual) == "expired_stream_token");
}

TEST_CASE("[S1.5] StreamTokens: five in 30 s pass, the sixth waits; per user and per topic") {
  const TempDir dir;
  FakeClock clock;
  const auto tokens = tokens_in(dir, clock);
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(limited(*tokens, kUser, "task:t-1"));
    clock.advance(milliseconds(1000));
  }
  auto sixth = tokens->make(kUser, {"task:t-1"}, std::nullopt);
  REQUIRE(std::holds_alternative<Duration>(sixth));
  CHECK(std::get<Duration>(sixth) == seconds(25));
  CHECK_FALSE(limited(*tokens, kUser, "task:t-2"));
  CHECK_FALSE(limited(*tokens, kOther, "task:t-1"));
  clock.advance(milliseconds(24'999));
  CHECK(limited(*tokens, kUser, "task:t-1"));
  clock.advance(milliseconds(1));
  CHECK_FALSE(limited(*tokens, kUser, "task:t-1"));
  CHECK(limited(*tokens, kUser, "task:t-1"));  // the second of the five still counts
}

TEST_CASE("[S1.5] StreamTokens: a token for two topics counts for both or for none") {
  const TempDir dir;
  FakeClock clock;
  const auto tokens = tokens_in(dir, clock, {.rate = {.max = 1}});
  CHECK_FALSE(limited(*tokens, kUser, "task:t-1"));
  CHECK(std::holds_alternative<Duration>(
      tokens->make(kUser, {"task:t-1", "task:t-2"}, std::nullopt)));
  CHECK_FALSE(limited(*tokens, kUser, "task:t-2"));
}

TEST_CASE("[S1.5] RateLimit: its table is bounded; whom it forgets was used longest ago") {
  FakeClock clock;
  RateLimit rate({.max = 1, .window = seconds(30), .max_keys = 10'000});
  CHECK_FALSE(rate.take({"first"}, clock.steady()));
  CHECK_FALSE(rate.take({"second"}, clock.steady()));
  for (int i = 0; i < 20'000; ++i) rate.take({"key " + std::to_string(i)}, clock.steady());
  CHECK(rate.keys() == 10'000);
  CHECK(rate.take({"key 19999"}, clock.steady()));
  CHECK(rate.take({"key 10000"}, clock.steady()));
  CHECK_FALSE(rate.take({"first"}, clock.steady()));
}

TEST_CASE("[S1.14] StreamTokens: a revoked token opens nothing and ends what it opened") {
  const TempDir dir;
  FakeClock clock;
  const auto tokens = tokens_in(dir, clock);
  const std::string token = made(*tokens), spared = made(*tokens);
  const StreamClaims claims = claims_of(*tokens, token);
  CHECK(tokens->standing(granted(claims)) == StreamTokens::Standing::good);
  REQUIRE(tokens->revoke(kUser, claims.id).ok());
  CHECK(reason_of(*tokens, token) == "invalid_stream_token");
  CHECK(tokens->standing(granted(claims)) == StreamTokens::Standing::revoked);
  CHECK(reason_of(*tokens, spared) == "good");
}

TEST_CASE("[S1.14] StreamTokens: nobody revokes another's token but an operator") {
  const TempDir dir;
  FakeClock clock;
  const auto tokens = tokens_in(dir, clock);
  const std::string token = made(*tokens);
  const std::string id = claims_of(*tokens, token).id;
  REQUIRE(tokens->revoke(kOther, id).ok());
  CHECK(reason_of(*tokens, token) == "good");
  REQUIRE(tokens->revoke(kOperator, id).ok());
  CHECK(reason_of(*tokens, token) == "invalid_stream_token");
}

TEST_CASE("[S1.14] StreamTokens: a revocation outlives a restart, and is forgotten when over") {
  const TempDir dir;
  FakeClock clock;
  std::string token;
  {
    const auto tokens = tokens_in(dir, clock);
    token = made(*tokens);
    REQUIRE(tokens->revoke(kUser, claims_of(*tokens, token).id).ok());
  }
  CHECK(reason_of(*tokens_in(dir, clock), token) == "invalid_stream_token");
  clock.advance(seconds(kMaxStreamTtl));
  auto later = RevokedTokens::open(
      dir.path() / "stream_tokens.revoked",
      std::chrono::duration_cast<seconds>(clock.wall().time_since_epoch()).count());
  REQUIRE(later.ok());
  CHECK((*later)->size() == 0);
  CHECK(reason_of(*tokens_in(dir, clock), token) == "expired_stream_token");
}

TEST_CASE("[S1.14] StreamTokens: a stream may go on twelve hours after its token was made") {
  const TempDir dir;
  FakeClock clock;
  const auto tokens = tokens_in(dir, clock);
  const Principal reader = granted(claims_of(*tokens, made(*tokens)));
  clock.advance(seconds(43'199));
  CHECK(tokens->standing(reader) == StreamTokens::Standing::good);
  clock.advance(seconds(1));
  CHECK(tokens->standing(reader) == StreamTokens::Standing::expired);
  CHECK(tokens->standing(kUser) == StreamTokens::Standing::good);  // came with its bearer
}

TEST_CASE("RevokedTokens: bounded, for one principal and in all") {
  auto revoked = RevokedTokens::open({}, 0);
  REQUIRE(revoked.ok());
  RevokedTokens& list = **revoked;
  for (std::size_t i = 0; i < RevokedTokens::kMaxOfOne; ++i)
    REQUIRE(list.revoke("u1", std::to_string(i), 10, 0).ok());
  CHECK(list.revoke("u1", "more", 10, 0).code() == Code::resource_exhausted);
  CHECK(list.revoke("u1", "0", 10, 0).ok());  // known
  CHECK(list.revoke("u", "0", 10, 0).ok());   // a name that another begins with
  for (std::size_t i = list.size(); i < RevokedTokens::kMax; ++i)
    REQUIRE(list.revoke(RevokedTokens::kOfAnybody, std::to_string(i), 10, 0).ok());
  CHECK(list.revoke(RevokedTokens::kOfAnybody, "more", 10, 0).code() == Code::resource_exhausted);
  CHECK(list.revoke("u1", "more", 20, 10).ok());  // the others are over
  CHECK(list.size() == 1);
}

TEST_CASE("RevokedTokens: a torn last line is none; what is no such list is refused by name") {
  const TempDir dir;
  std::ofstream(dir.path() / "revoked") << "1795224245 u1 0\nrubbish\n";
  const auto torn = dir.path() / "torn";
  std::ofstream(torn) << "9999999999 u1 0\n9999999999 u1 1";  // never acknowledged
  {
    const auto revoked = RevokedTokens::open(torn, 0);
    REQUIRE(revoked.ok());
    CHECK((*revoked)->is_revoked("u1", "0"));
    CHECK_FALSE((*revoked)->is_revoked("u1", "1"));
    REQUIRE((*revoked)->revoke("u1", "2", 9'999'999'999, 0).ok());
  }
  CHECK((*RevokedTokens::open(torn, 0))->is_revoked("u1", "2"));
  const auto opened = RevokedTokens::open(dir.path() / "revoked", 0);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.status().message().find("revoked") != std::string::npos);
}

TEST_CASE("[S1.4] StreamTokens: the key is the directory's, for its owner only, or the secret's") {
  const TempDir dir, other;
  FakeClock clock;
  const std::string token = made(*tokens_in(dir, clock));
  struct stat seen {};
  REQUIRE(::stat((dir.path() / "stream_token.key").c_str(), &seen) == 0);
  CHECK((seen.st_mode & 0777) == 0600);
  CHECK(seen.st_size == 32);
  CHECK(reason_of(*tokens_in(dir, clock), token) == "good");
  CHECK(reason_of(*tokens_in(other, clock), token) == "invalid_stream_token");

  const StreamTokens::Options shared{.secret = std::string(32, 's')};
  const std::string of_secret = made(*tokens_in(dir, clock, shared));
  CHECK(reason_of(*tokens_in(other, clock, shared), of_secret) == "good");
}

}  // namespace
}  // namespace devs
