#include "orchestrator/net/origin_policy.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

OriginPolicy policy(bool auth_on = false) {
  OriginPolicy made({"proxy.example", "other.example:8443"},
                    {.list = {"https://page.example", "http://dev.example:*"},
                     .graph = {"http://localhost:3000", "http://127.0.0.1:*"}},
                    auth_on);
  made.set_port(3100);
  return made;
}

RequestHead from(std::string_view origin) {
  RequestHead head;
  head.fields.emplace_back("origin", origin);
  return head;
}

std::string granted(const OriginPolicy& policy, std::string_view origin,
                    CorsPolicy cors = CorsPolicy::list, bool preflight = false) {
  const auto grant = policy.judge_origin(from(origin), cors, preflight);
  return grant ? grant->origin : "refused";
}

TEST_CASE("OriginPolicy: the Hosts that are served") {
  using Verdict = OriginPolicy::HostVerdict;
  const OriginPolicy hosts = policy();
  for (const char* host : {"localhost:3100", "127.0.0.1:3100", "[::1]:3100", "LocalHost:3100",
                           "proxy.example", "PROXY.example:3100", "other.example:8443"})
    CHECK_MESSAGE(hosts.judge_host(host) == Verdict::served, host);
  for (const char* host : {"localhost", "localhost:3101", "evil.com", "127.0.0.1.evil.com:3100",
                           "proxy.example:1", "other.example", "[::2]:3100", "127.0.0.2:3100"})
    CHECK_MESSAGE(hosts.judge_host(host) == Verdict::foreign, host);
  for (const char* host : {"", "[::1", "localhost.", "localhost:", "localhost:0", "localhost:99999",
                           "127.0.0.1:8080@evil", "a b", "localhost:3100x", "[::1]x", "[x]", "::1",
                           "loc\xc3\xa4lhost", "a..b", "local/host"})
    CHECK_MESSAGE(hosts.judge_host(host) == Verdict::malformed, host);
}

TEST_CASE("OriginPolicy: list allows our own and what is configured, and echoes it") {
  const OriginPolicy origins = policy();
  for (const char* origin :
       {"http://localhost:3100", "http://127.0.0.1:3100", "http://[::1]:3100",
        "https://page.example", "HTTPS://Page.Example", "https://page.example:443",
        "http://dev.example:1", "http://dev.example", "http://proxy.example:3100"})
    CHECK_MESSAGE(granted(origins, origin) == origin, origin);
  for (const char* origin :
       {"null", "", "https://page.example.evil", "https://evil#page.example", "http://page.example",
        "https://page.example:444", "https://page.example/", "https://localhost:3100",
        "http://localhost:3101", "http://127.0.0.1.evil.example:3100", "https://dev.example:1",
        "page.example", "https://user@page.example", "://x", "https://p\xc3\xa4ge.example"})
    CHECK_MESSAGE(granted(origins, origin) == "refused", origin);
}

TEST_CASE("OriginPolicy: two Origins are refused; none says nothing") {
  const OriginPolicy origins = policy();
  RequestHead two = from("https://page.example");
  two.fields.emplace_back("origin", "https://page.example");
  CHECK_FALSE(origins.judge_origin(two, CorsPolicy::list, false).has_value());
  CHECK(origins.judge_origin(RequestHead(), CorsPolicy::list, false)->origin.empty());
}

TEST_CASE("OriginPolicy: a cross-site page without Origin may only navigate") {
  const OriginPolicy origins = policy();
  RequestHead head;
  head.fields.emplace_back("sec-fetch-site", "cross-site");
  CHECK_FALSE(origins.judge_origin(head, CorsPolicy::list, false).has_value());
  head.fields.emplace_back("sec-fetch-mode", "navigate");
  CHECK(origins.judge_origin(head, CorsPolicy::list, false).has_value());
  RequestHead same;
  same.fields.emplace_back("sec-fetch-site", "same-origin");
  CHECK(origins.judge_origin(same, CorsPolicy::list, false).has_value());
}

TEST_CASE("OriginPolicy: any is decided once it is known who is speaking") {
  const OriginPolicy open = policy(false);
  CHECK(granted(open, "https://anyone.example", CorsPolicy::any) == "https://anyone.example");
  CHECK(granted(open, "null", CorsPolicy::any) == "refused");
  CHECK(open.judge_any("https://anyone.example", true) == "*");
  CHECK_FALSE(open.judge_any("https://anyone.example", false).has_value());
  CHECK(open.judge_any("http://localhost:5173", false) == "http://localhost:5173");
  CHECK(open.judge_any("https://page.example", false) == "https://page.example");
  CHECK(granted(open, "https://anyone.example", CorsPolicy::any, true) == "refused");
  CHECK(granted(open, "http://127.0.0.1:9", CorsPolicy::any, true) == "http://127.0.0.1:9");
  CHECK(granted(policy(true), "https://anyone.example", CorsPolicy::any, true) == "*");
}

TEST_CASE("[S4.9] [D4.2] OriginPolicy: graph has origins of its own, the port alone may be any") {
  const OriginPolicy origins = policy();
  const auto graph = [&origins](std::string_view origin, bool preflight = false) {
    return granted(origins, origin, CorsPolicy::graph, preflight);
  };
  for (const char* allowed :
       {"http://localhost:3000", "http://127.0.0.1:1", "http://127.0.0.1:65535", "http://127.0.0.1",
        "http://127.0.0.1:3100"}) {
    CAPTURE(allowed);
    CHECK(graph(allowed) == allowed);
    CHECK(graph(allowed, true) == allowed);
  }
  for (const char* refused :
       {"http://127.0.0.1.evil.example", "http://127.0.0.1.evil.example:3000",
        "http://127.0.0.1:3000.evil.example", "https://127.0.0.1:3000", "http://localhost:3001",
        "http://evil.example", "null", "", "http://127.0.0.1:*", "https://page.example",
        "http://127.0.0.1:3000/path"}) {
    CAPTURE(refused);
    CHECK(graph(refused) == "refused");
    CHECK(graph(refused, true) == "refused");
  }
  // And what is allowed to it is allowed to no other policy.
  CHECK(granted(origins, "http://127.0.0.1:1", CorsPolicy::list) == "refused");
}

}  // namespace
}  // namespace devs
