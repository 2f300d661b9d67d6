#include "orchestrator/streams/published_body.h"

#include <doctest/doctest.h>

#include <string>

using namespace devs;

TEST_CASE("published body: one envelope, its white space removed, its bytes untouched") {
  const PublishedBody body =
      read_json_body(" { \"type\" : \"thought\", \"x\": 1.10,\n\"y\":\"\\u00e9 \"} ");
  REQUIRE(body.drafts.size() == 1);
  CHECK(body.drafts[0].body == R"({"type":"thought","x":1.10,"y":"\u00e9 "})");
  CHECK(body.drafts[0].facts.type == "thought");
  CHECK_FALSE(body.drafts[0].stamp_at.has_value());
  CHECK(body.refused.empty());
}

TEST_CASE("published body: a refusal names index, path and reason") {
  const PublishedBody body = read_json_body(R"([{"type":"a"},{"type":7},{"type":"a","type":"b"}])");
  REQUIRE(body.refused.size() == 1);  // duplicate names: the text as a whole is no JSON we take
  const PublishedBody wrong = read_json_body(R"([{"type":"a"},{"type":7},{"turn_index":1}])");
  CHECK(wrong.drafts.size() == 1);
  REQUIRE(wrong.refused.size() == 2);
  CHECK(wrong.refused[0].place == 1);
  CHECK(wrong.refused[0].path == "/type");
  CHECK(wrong.refused[0].message == "must be a string");
  CHECK(wrong.refused[1].place == 2);
  CHECK(wrong.refused[1].message == "is required");
}

TEST_CASE("published body: an array holds 1 to 1000 envelopes") {
  const auto array_of = [](std::size_t count) {
    std::string text = "[";
    for (std::size_t n = 0; n < count; ++n) text += (n ? "," : "") + std::string(R"({"type":"a"})");
    return text + ']';
  };
  CHECK(read_json_body(array_of(1000)).drafts.size() == 1000);
  const PublishedBody over = read_json_body(array_of(1001));
  CHECK(over.too_many);
  CHECK(over.drafts.empty());
  CHECK(read_json_body("[]").refused.size() == 1);
}

TEST_CASE("published body: an array of large envelopes is held to the bounds of each") {
  std::string large = R"({"type":"a","payload":{"list":[0)";
  for (int n = 0; n < 30'000; ++n) large += ",0";
  large += "]}}";
  CHECK(read_json_body('[' + large + ',' + large + ',' + large + ',' + large + ']').drafts.size() ==
        4);
  std::string larger = R"({"type":"a","payload":{"list":[0)";
  for (int n = 0; n < 120'000; ++n) larger += ",0";
  larger += "]}}";
  CHECK(read_json_body('[' + larger + ']').refused.size() == 1);
}

TEST_CASE("published body: NDJSON is taken line by line, empty lines skipped") {
  const PublishedBody body =
      read_ndjson_body("{\"type\":\"a\"}\r\n\n  \n{nonsense\n{\"type\":\"b\"}");
  REQUIRE(body.drafts.size() == 2);
  CHECK(body.drafts[1].facts.type == "b");
  REQUIRE(body.refused.size() == 1);
  CHECK(body.refused[0].place == 4);
  std::string lines;
  for (int n = 0; n < 1000; ++n) lines += "{\"type\":\"a\"}\n";
  CHECK(read_ndjson_body(lines).drafts.size() == 1000);
  CHECK(read_ndjson_body(lines + "{\"type\":\"a\"}").too_many);
  CHECK(read_ndjson_body("").drafts.empty());
}

TEST_CASE("published body: names of control events are reserved") {
  for (const std::string name : {"gap", "reset", "evicted", "goodbye", "envelope_oversize"}) {
    const PublishedBody body =
        read_json_body(R"({"type":"system","payload":{"event":")" + name + "\"}}");
    REQUIRE(body.refused.size() == 1);
    CHECK(body.refused[0].path == "/payload/event");
  }
  CHECK(read_json_body(R"({"type":"system","payload":{"event":"UPSTREAM_UP"}})").refused.empty());
}

TEST_CASE("published body: a turn envelope is pointed to its own route") {
  const PublishedBody body = read_json_body(R"({"header":{},"payload":{}})");
  REQUIRE(body.refused.size() == 1);
  CHECK(body.refused[0].message.find("/saop/turns") != std::string::npos);
}
