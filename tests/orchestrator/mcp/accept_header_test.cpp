#include "orchestrator/mcp/accept_header.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace devs {
namespace {

Accepts of(const std::vector<std::string>& values) {
  RequestHead head;
  for (const std::string& value : values) head.fields.emplace_back("accept", value);
  return accepts_of(head);
}

TEST_CASE("Accept: both forms, wildcards and silence mean both") {
  const Accepts both{.json = true, .sse = true};
  CHECK(of({}) == both);
  CHECK(of({"application/json, text/event-stream"}) == both);
  CHECK(of({"text/event-stream,application/json"}) == both);
  CHECK(of({"application/json", "text/event-stream"}) == both);
  CHECK(of({"*/*"}) == both);
  CHECK(of({"application/*, text/*"}) == both);
  CHECK(of({"Application/JSON;charset=utf-8 , TEXT/Event-Stream ; q=0.5"}) == both);
}

TEST_CASE("Accept: one form is one form") {
  CHECK(of({"application/json"}) == Accepts{.json = true, .sse = false});
  CHECK(of({"application/*"}) == Accepts{.json = true, .sse = false});
  CHECK(of({"text/event-stream"}) == Accepts{.json = false, .sse = true});
  CHECK(of({"text/*;q=0.1"}) == Accepts{.json = false, .sse = true});
}

TEST_CASE("Accept: what is not asked for is not taken") {
  const Accepts neither;
  CHECK(of({""}) == neither);
  CHECK(of({"text/html"}) == neither);
  CHECK(of({"*/*;q=0"}) == neither);
  CHECK(of({"application/jsonx, xtext/event-stream"}) == neither);
  CHECK(of({"application/, */, /"}) == neither);
}

TEST_CASE("Accept: the most exact range decides, weight 0 takes back") {
  CHECK(of({"*/*, text/event-stream;q=0"}) == Accepts{.json = true, .sse = false});
  CHECK(of({"text/event-stream; Q=0.000, */*"}) == Accepts{.json = true, .sse = false});
  CHECK(of({"*/*;q=0, application/json"}) == Accepts{.json = true, .sse = false});
  CHECK(of({"application/json;q=0.001"}) == Accepts{.json = true, .sse = false});
}

}  // namespace
}  // namespace devs
