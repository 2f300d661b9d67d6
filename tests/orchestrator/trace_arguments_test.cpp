#include "orchestrator/trace_arguments.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("filter_of: lists are lists, and a bad value names its option") {
  TraceArguments arguments;
  arguments.filter = {{"type", "thought,action"}, {"min_duration_ms", "2.5"}};
  const auto filter = filter_of(arguments);
  REQUIRE(filter.ok());
  CHECK(filter->types == std::vector<std::string>{"thought", "action"});
  CHECK(filter->min_duration_ms == 2.5);
  CHECK(filter_text(arguments) == "min_duration_ms=2.5 type=thought,action");
  arguments.filter["min_duration_ms"] = "soon";
  CHECK(filter_of(arguments).status().message().starts_with("--min-duration-ms must be"));
  arguments.filter = {{"tool", ""}};
  CHECK(!filter_of(arguments).ok());
}

TEST_CASE("matches: an entry that lacks a fact does not match what asks for it") {
  EnvelopeFacts facts;
  facts.type = "observation";
  facts.tool = "echo";
  QueryFilter filter;
  CHECK(matches(filter, facts));
  filter.tools = {"read", "echo"};
  CHECK(matches(filter, facts));
  filter.min_duration_ms = 0;
  CHECK(!matches(filter, facts));
  facts.duration_ms = 0;
  CHECK(matches(filter, facts));
  filter.statuses = {"SUCCESS"};
  CHECK(!matches(filter, facts));
}

TEST_CASE("query_string: values cannot add parameters") {
  CHECK(query_string({}).empty());
  CHECK(query_string({{"q", "a&b=c d/\xC3\xA9"}, {"type", "thought,action"}}) ==
        "?q=a%26b%3Dc%20d%2F%C3%A9&type=thought,action");
}

}  // namespace
}  // namespace devs
