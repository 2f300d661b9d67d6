#include "orchestrator/streams/own_profiles.h"

#include <doctest/doctest.h>

#include <string>

using namespace devs;

namespace {

std::string refusal_of(std::string_view list) {
  std::vector<StreamProfile> profiles(7);
  const std::string expected = read_own_profiles(JsonView(list), profiles);
  CHECK((profiles.size() == 7) == !expected.empty());  // all or nothing
  return expected;
}
// With one member changed or added.
std::string refusal_with(std::string_view member, std::string_view value) {
  std::string one = R"({"name":"builds","path":"/builds/{id}","topic":"task:{id}"})";
  const std::string key = '"' + std::string(member) + "\":";
  if (const std::size_t at = one.find(key); at != one.npos) {
    const std::size_t from = at + key.size();
    one.replace(from, one.find_first_of(",}", one.find('"', from + 1)) - from, value);
  } else {
    one.insert(1, key + std::string(value) + ',');
  }
  return refusal_of('[' + one + ']');
}

}  // namespace

TEST_CASE("own profiles: every member reaches the row, what is not told has its default") {
  std::vector<StreamProfile> profiles;
  REQUIRE(read_own_profiles(
              JsonView(R"([{"name":"builds","path":"/builds/{id}/stream","topic":"channel:b/{id}",)"
                       R"("framing":"named","heartbeat_ms":500,"max_clients":3},)"
                       R"({"name":"all","path":"/mine","topic":"all"}])"),
              profiles)
              .empty());
  REQUIRE(profiles.size() == 2);
  CHECK(profiles[0].key == "builds");
  CHECK(profiles[0].path == "/builds/{id}/stream");
  CHECK(profiles[0].topic == "channel:b/{id}");
  CHECK(profiles[0].projection == "named");
  CHECK(profiles[0].first.starts_with("event: connected\n"));
  CHECK(profiles[0].heartbeat_period == std::chrono::milliseconds(500));
  CHECK(profiles[0].max_clients == 3);
  CHECK(profiles[1].projection == "raw");
  CHECK(profiles[1].first == ": connected\n\n");
  CHECK(profiles[1].heartbeat_period == std::chrono::seconds(15));
  CHECK(profiles[1].max_clients == 0);
  CHECK(profiles[1].credential == Credential::stream);
}

TEST_CASE("own profiles: what is wrong is named, with the stream it is wrong in") {
  CHECK(refusal_of("[]").empty());
  CHECK(refusal_of("{}").find("a list") == 0);
  CHECK(refusal_of("[7]") == "an object of name, path and topic (stream 0)");
  for (const char* const name : {"\"\"", "\"A\"", "\"a b\"", "7"})
    CHECK(refusal_with("name", name).starts_with("as name"));
  for (const char* const path :
       {"\"\"", "\"/\"", "\"builds\"", "\"/a//b\"", "\"/../b\"", "\"/a b\"", "\"/_\"", "\"/a?b\"",
        "\"/x{id}\"", "\"/{}\"", "\"/%41\""})
    CHECK(refusal_with("path", path).starts_with("as path"));
  for (const char* const topic :
       {"\"\"", "\"task:\"", "\"task:{other}\"", "\"channel:{id}\"", "\"owner:u1\""})
    CHECK(refusal_with("topic", topic).starts_with("as topic"));
  CHECK(refusal_with("framing", "\"xml\"").starts_with("as framing"));
  CHECK(refusal_with("framing", "7").starts_with("as framing"));
  CHECK(refusal_with("heartbeat_ms", "99").starts_with("as heartbeat_ms"));
  CHECK(refusal_with("heartbeat_ms", "30001").starts_with("as heartbeat_ms"));
  CHECK(refusal_with("max_clients", "0").starts_with("as max_clients"));
  CHECK(refusal_with("max_clients", "1.5").starts_with("as max_clients"));
  CHECK(refusal_with("ends", "[]").starts_with("no member but"));
  const std::string one = R"({"name":"a","path":"/a","topic":"all"})";
  CHECK(refusal_of('[' + one + ',' + one + ']') == "each name once (stream 1)");
  CHECK(refusal_of('[' + one + R"(,{"name":"b","path":"/a","topic":"all"}])") ==
        "each path once (stream 1)");
}

TEST_CASE("own profiles: so many, and no more") {
  std::string list = "[";
  for (std::size_t n = 0; n <= kMaxOwnProfiles; ++n) list.append(n == 0 ? "" : ",").append("{}");
  CHECK(refusal_of(list + ']') == "a list of at most 64 kinds of stream");
}
