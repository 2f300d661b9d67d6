#include "orchestrator/net/negotiation.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "orchestrator/net/request_head.h"

namespace devs {
namespace {

RequestHead with(std::string_view field, const std::vector<std::string>& values) {
  RequestHead head;
  for (const std::string& value : values) head.fields.emplace_back(field, value);
  return head;
}
Asked gzip(const std::vector<std::string>& values) {
  return asked_for(with("accept-encoding", values), "accept-encoding", "gzip");
}
Asked html(const std::vector<std::string>& values) {
  return asked_for(with("accept", values), "accept", "text/html");
}

TEST_CASE("negotiation: a form is asked for by its name, its family or a wildcard") {
  CHECK(html({"text/html,application/xhtml+xml,*/*;q=0.8"}) == Asked::by_name);
  CHECK(html({"application/json", "TEXT/HTML; charset=utf-8"}) == Asked::by_name);
  CHECK(html({"text/*"}) == Asked::by_family);
  CHECK(html({"*/*"}) == Asked::by_wildcard);
  CHECK(gzip({"gzip, deflate, br, zstd"}) == Asked::by_name);
  CHECK(gzip({"*"}) == Asked::by_wildcard);
  for (const char* other : {"", "*", "text/plain", "text/", "text/htmlx", ",;, ;"})
    CHECK(html({other}) == Asked::not_at_all);
  for (const char* other : {"", "identity", "*/*", "gzipped", "x-gzip", "br"})
    CHECK(gzip({other}) == Asked::not_at_all);
  CHECK(gzip({}) == Asked::not_at_all);
}

TEST_CASE("negotiation: the most exact range decides, weight 0 takes back") {
  CHECK(gzip({"gzip;q=0"}) == Asked::not_at_all);
  CHECK(gzip({"*, gzip; q=0.000"}) == Asked::not_at_all);
  CHECK(gzip({"*;q=0"}) == Asked::not_at_all);
  CHECK(gzip({"*;q=0, GZIP;Q=0.001"}) == Asked::by_name);
  CHECK(html({"text/html;q=0, */*"}) == Asked::not_at_all);
  CHECK(html({"text/*;q=0, */*"}) == Asked::not_at_all);
}

TEST_CASE("negotiation: a copy is told by its entity tag, weak or strong, or by a star") {
  const auto has = [](const std::vector<std::string>& values) {
    return has_copy(with("if-none-match", values), "\"abc-gz\"");
  };
  for (const char* same : {"\"abc-gz\"", "W/\"abc-gz\"", "\"x\", \"abc-gz\"", "*"})
    CHECK(has({same}));
  CHECK(has({"\"x\"", "\"abc-gz\""}));
  for (const char* other : {"", "abc-gz", "\"abc\"", "\"abc-gz", "W/", ","})
    CHECK_FALSE(has({other}));
  CHECK_FALSE(has({}));
}

}  // namespace
}  // namespace devs
