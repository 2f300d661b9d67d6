#include "orchestrator/streams/admissions.h"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

using namespace devs;

namespace {

const Principal kOperator{"local", true};
const Principal kGuest{"guest", false};

std::optional<HttpAnswer> refusal(std::variant<Admissions::Slot, HttpAnswer>& result) {
  if (auto* answer = std::get_if<HttpAnswer>(&result)) return std::move(*answer);
  return std::nullopt;
}

}  // namespace

TEST_CASE("[SX.9] Admissions: the cap in all is 503, with body and Retry-After") {
  auto desk = std::make_shared<Admissions>(Admissions::Options{.max_clients = 2});
  auto one = desk->admit(kOperator, "127.0.0.1");
  {
    auto two = desk->admit(kOperator, "127.0.0.1");
    CHECK(desk->open() == 2);
    auto three = desk->admit(kOperator, "127.0.0.1");
    const auto answer = refusal(three);
    REQUIRE(answer);
    CHECK(answer->status == 503);
    CHECK(answer->type == ContentType::json);
    CHECK(answer->body == R"({"error":"Too many clients","max":2})");
    CHECK(answer->headers ==
          std::vector<std::pair<std::string, std::string>>{{"Retry-After", "5"}});
  }
  CHECK(desk->open() == 1);
  auto again = desk->admit(kOperator, "127.0.0.1");
  CHECK_FALSE(refusal(again));
}

TEST_CASE("[SX.9] Admissions: the cap per principal is 429, not for operators") {
  auto desk = std::make_shared<Admissions>(Admissions::Options{});
  std::vector<std::variant<Admissions::Slot, HttpAnswer>> open;
  for (int n = 0; n < 64; ++n) open.push_back(desk->admit(kGuest, "127.0.0.1"));
  auto more = desk->admit(kGuest, "127.0.0.1");
  const auto answer = refusal(more);
  REQUIRE(answer);
  CHECK(answer->status == 429);
  CHECK(answer->body == R"({"error":"Too many streams","max":64})");
  auto other = desk->admit({"other", false}, "127.0.0.1");
  CHECK_FALSE(refusal(other));
  for (int n = 0; n < 100; ++n) {
    open.push_back(desk->admit(kOperator, "127.0.0.1"));
    CHECK_FALSE(refusal(open.back()));
  }
  open.clear();
  auto freed = desk->admit(kGuest, "127.0.0.1");
  CHECK_FALSE(refusal(freed));
}

TEST_CASE("[SX.9] Admissions: the cap per address is 429, not for loopback") {
  auto desk = std::make_shared<Admissions>(Admissions::Options{});
  std::vector<std::variant<Admissions::Slot, HttpAnswer>> open;
  for (int n = 0; n < 256; ++n) open.push_back(desk->admit(kOperator, "192.0.2.1"));
  auto more = desk->admit(kOperator, "192.0.2.1");
  const auto answer = refusal(more);
  REQUIRE(answer);
  CHECK(answer->status == 429);
  CHECK(answer->body == R"({"error":"Too many streams","max":256})");
  auto elsewhere = desk->admit(kOperator, "192.0.2.2");
  CHECK_FALSE(refusal(elsewhere));
  for (int n = 0; n < 300; ++n) {
    open.push_back(desk->admit(kOperator, n % 2 == 0 ? "127.0.0.9" : "::1"));
    CHECK_FALSE(refusal(open.back()));
  }
}
