#include "orchestrator/net/public_base.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

RequestHead head(std::vector<std::pair<std::string, std::string>> fields, std::string peer) {
  RequestHead made;
  made.host = "127.0.0.1:3100";
  made.peer_address = std::move(peer);
  made.fields = std::move(fields);
  return made;
}

}  // namespace

TEST_CASE("[S1.1] public_base: by Host, and by X-Forwarded only behind a listed proxy") {
  const std::vector<std::string> trusted{"10.0.0.1"};
  const std::vector<std::pair<std::string, std::string>> forwarded{
      {"x-forwarded-host", "tasks.example"}, {"x-forwarded-proto", "https"}};
  CHECK(public_base(head({}, "10.0.0.1"), trusted) == "http://127.0.0.1:3100");
  CHECK(public_base(head(forwarded, "10.0.0.1"), trusted) == "https://tasks.example");
  CHECK(public_base(head(forwarded, "10.0.0.2"), trusted) == "http://127.0.0.1:3100");
  CHECK(public_base(head(forwarded, "10.0.0.1"), {}) == "http://127.0.0.1:3100");
}

TEST_CASE("[S1.1] public_base: what a proxy says twice, or against the grammar, says nothing") {
  const std::vector<std::string> trusted{"10.0.0.1"};
  for (const std::string bad : {"a/b", "a b", "user@host", "", "a\"b", std::string(300, 'a')})
    CHECK(public_base(head({{"x-forwarded-host", bad}}, "10.0.0.1"), trusted) ==
          "http://127.0.0.1:3100");
  CHECK(public_base(head({{"x-forwarded-host", "a"}, {"x-forwarded-host", "b"}}, "10.0.0.1"),
                    trusted) == "http://127.0.0.1:3100");
  CHECK(public_base(head({{"x-forwarded-proto", "gopher"}}, "10.0.0.1"), trusted) ==
        "http://127.0.0.1:3100");
}

}  // namespace devs
