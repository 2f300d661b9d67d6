#include "orchestrator/streams/stream_query.h"

#include <doctest/doctest.h>

#include <string>

using namespace devs;

namespace {

struct Read {
  Filter filter;
  BadParameter bad;
};
Read read(std::vector<std::pair<std::string, std::string>> query, bool uuids = false) {
  RequestHead head;
  head.query_params = std::move(query);
  Read result;
  result.filter = filter_of(head, uuids, result.bad);
  return result;
}

EnvelopeFacts facts(std::string type, std::string task = "", std::string session = "",
                    std::string agent = "") {
  return {std::move(type), "", std::move(task), std::move(session), std::move(agent)};
}

}  // namespace

TEST_CASE("[S0.13] filter: the narrowest id is the topic, the rest filters") {
  CHECK(read({}).filter.topic == Filter::Topic::all);
  CHECK(read({{"agentId", "a"}}).filter.topic == Filter::Topic::agent);
  CHECK(read({{"agentId", "a"}, {"sessionId", "s"}}).filter.topic == Filter::Topic::session);
  const Filter all = read({{"agentId", "a"}, {"sessionId", "s"}, {"taskId", "t"}}).filter;
  CHECK(all.topic == Filter::Topic::task);
  CHECK(all.topic_id() == "t");
  CHECK(all.matches(facts("thought", "t", "s", "a")));
  CHECK_FALSE(all.matches(facts("thought", "t", "s", "b")));
  CHECK_FALSE(all.matches(facts("thought", "t", "", "a")));
  CHECK_FALSE(all.matches(facts("thought", "u", "s", "a")));
}

TEST_CASE("[S0.13] filter: types") {
  const Filter filter = read({{"types", "thought,action,thought"}}).filter;
  CHECK(filter.types == std::vector<std::string>{"action", "thought"});
  CHECK(filter.matches(facts("thought")));
  CHECK_FALSE(filter.matches(facts("observation")));
  CHECK_FALSE(filter.matches(facts("THOUGHT")));
  for (const std::string bad : {"", ",", "a,", ",a", "a,,b"}) {
    CAPTURE(bad);
    CHECK(read({{"types", bad}}).bad.field == "types");
  }
  CHECK(read({{"types", std::string(65, 'a')}}).bad.field == "types");
  CHECK(read({{"types", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"}}).bad.field.empty());
  CHECK(read({{"types", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"}}).bad.field == "types");
}

TEST_CASE("[S0.13] filter: an id outside its grammar is refused by name") {
  for (const std::string name : {"taskId", "sessionId", "agentId"}) {
    CHECK(read({{name, ""}}).bad.field == name);
    CHECK(read({{name, "a b"}}).bad.field == name);
    CHECK(read({{name, std::string(129, 'a')}}).bad.field == name);
    CHECK(read({{name, std::string(128, 'a')}}).bad.field.empty());
    CHECK(read({{name, "t-42"}}, true).bad.field == name);
    CHECK(read({{name, "019ab3c2-7d10-7a55-9f0e-2b1c5d7e9a01"}}, true).bad.field.empty());
  }
  CHECK(read({{"unknown", "a b"}}).bad.field.empty());
  CHECK(read({{"topics", "task:a"}}).bad.field == "topics");
}

TEST_CASE("filter: entries of channels and graphs live on topics of their own") {
  CHECK_FALSE(read({}).filter.matches(facts("channel")));
  CHECK_FALSE(read({}).filter.matches(facts("graph")));
  CHECK(read({}).filter.matches(facts("lifecycle")));
  CHECK(read({}).filter.matches(facts("my.type")));
}

TEST_CASE("filter: equal keys, equal filters") {
  CHECK(read({{"types", "b,a"}}).filter.key() == read({{"types", "a,b"}}).filter.key());
  CHECK(read({{"taskId", "a"}}).filter.key() != read({{"sessionId", "a"}}).filter.key());
  CHECK(read({{"types", "a\n1:b"}}).filter.key() != read({{"types", "a,b"}}).filter.key());
}
