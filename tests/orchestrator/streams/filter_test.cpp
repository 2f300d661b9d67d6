#include "orchestrator/streams/filter.h"

#include <doctest/doctest.h>

#include <string>

using namespace devs;

namespace {

bool matches(const Filter& filter, std::string body, std::string topics = {}) {
  Entry entry;
  entry.sequence = 1;
  entry.body = std::move(body);
  entry.facts = facts_of(entry.body);
  entry.topics = std::move(topics);
  return filter.matches(entry);
}

Filter on(std::vector<Topic> topics) {
  Filter filter;
  filter.topics = std::move(topics);
  return filter;
}

}  // namespace

TEST_CASE("[S0.13] Filter: an entry on any of its topics matches") {
  const Filter filter = on({{TopicKind::task, "t"}, {TopicKind::session, "s"}});
  CHECK(matches(filter, R"({"type":"thought","task_id":"t"})"));
  CHECK(matches(filter, R"({"type":"thought","session_id":"s"})"));
  CHECK(matches(filter, R"({"type":"thought","session_id":"s","task_id":"t"})"));
  CHECK_FALSE(matches(filter, R"({"type":"thought","task_id":"s"})"));
  CHECK_FALSE(matches(filter, R"({"type":"thought"})"));
  CHECK(matches(on({{TopicKind::agent, "a"}}), R"({"type":"thought","agent_id":"a"})"));
}

TEST_CASE("Filter: entries of channels and of the graph are on their own topics alone") {
  const std::string channel = R"({"type":"channel","task_id":"t"})";
  const std::string graph = R"({"type":"graph","session_id":"s"})";
  for (const Filter& filter :
       {Filter(), on({{TopicKind::task, "t"}}), on({{TopicKind::session, "s"}})}) {
    CHECK_FALSE(matches(filter, channel, "channel:debates/42,owner:u1"));
    CHECK_FALSE(matches(filter, graph));
  }
  CHECK(matches(on({{TopicKind::channel, "debates/42"}}), channel, "owner:u1,channel:debates/42"));
  CHECK_FALSE(matches(on({{TopicKind::channel, "debates/43"}}), channel, "channel:debates/42"));
  CHECK_FALSE(matches(on({{TopicKind::channel, "debates/42"}}), channel));
  CHECK(matches(on({{TopicKind::graph, ""}}), graph));
  CHECK(matches(Filter(), R"({"type":"lifecycle"})"));
  CHECK(matches(Filter(), R"({"type":"my.type"})", "owner:u1"));
}

TEST_CASE("[S0.13] Filter: what an entry does not say, it does not match") {
  const std::string thought = R"({"type":"thought"})";
  const std::string ended =
      R"({"type":"observation","agent_id":"a","session_id":"s","duration_ms":10,"metadata":{"tool_name":"x","status":"SUCCESS"}})";
  const auto with = [](auto member, auto value) {
    Filter filter;
    filter.*member = value;
    return filter;
  };
  using Values = std::vector<std::string>;
  for (const auto& [member, good, bad] :
       {std::tuple(&Filter::types, Values{"action", "observation"}, Values{"action"}),
        std::tuple(&Filter::tools, Values{"x"}, Values{"y"}),
        std::tuple(&Filter::agents, Values{"a", "b"}, Values{"b"}),
        std::tuple(&Filter::sessions, Values{"s"}, Values{"t"}),
        std::tuple(&Filter::statuses, Values{"SUCCESS"}, Values{"TOOL_ERROR"})}) {
    CHECK(matches(with(member, good), ended));
    CHECK_FALSE(matches(with(member, bad), ended));
    CHECK_FALSE(matches(with(member, good), thought));
  }
  CHECK(matches(with(&Filter::min_duration_ms, 10.0), ended));
  CHECK_FALSE(matches(with(&Filter::min_duration_ms, 10.001), ended));
  CHECK_FALSE(matches(with(&Filter::min_duration_ms, 0.0), thought));
  CHECK(matches(with(&Filter::session_id, std::string("s")), ended));
  CHECK_FALSE(matches(with(&Filter::task_id, std::string("t")), ended));
}

TEST_CASE("Filter: it takes all only when nothing is asked for") {
  CHECK(Filter().takes_all());
  CHECK(on({{TopicKind::all, ""}, {TopicKind::task, "t"}}).takes_all());
  CHECK_FALSE(on({{TopicKind::task, "t"}}).takes_all());
  Filter slow;
  slow.min_duration_ms = 0;
  CHECK_FALSE(slow.takes_all());
}

TEST_CASE("Filter: it is found where its entries are fewest") {
  Filter filter;
  CHECK(filter.places() == std::vector<Topic>{{TopicKind::all, ""}});
  filter.tools = {"x", "y"};
  CHECK(filter.places() == std::vector<Topic>{{TopicKind::tool, "x"}, {TopicKind::tool, "y"}});
  filter.agents = {"a"};
  CHECK(filter.places() == std::vector<Topic>{{TopicKind::agent, "a"}});
  filter.sessions = {"s"};
  CHECK(filter.places() == std::vector<Topic>{{TopicKind::session, "s"}});
  filter.task_id = "t";
  CHECK(filter.places() == std::vector<Topic>{{TopicKind::task, "t"}});
  filter.topics = {{TopicKind::graph, ""}};
  CHECK(filter.places() == filter.topics);
}

TEST_CASE("Filter: equal keys, equal filters") {
  const auto key = [](auto member, std::vector<std::string> values) {
    Filter filter;
    filter.*member = std::move(values);
    return filter.key();
  };
  CHECK(key(&Filter::types, {"a", "b"}) == key(&Filter::types, {"a", "b"}));
  CHECK(key(&Filter::types, {"a"}) != key(&Filter::tools, {"a"}));
  CHECK(key(&Filter::types, {"a1:b"}) != key(&Filter::types, {"a", "b"}));
  CHECK(key(&Filter::types, {"a|1:b"}) != key(&Filter::types, {"a"}));
  CHECK(on({{TopicKind::task, "a"}}).key() != on({{TopicKind::session, "a"}}).key());
  Filter a, b;
  a.min_duration_ms = 1;
  b.min_duration_ms = 1.5;
  CHECK(a.key() != b.key());
  CHECK(a.key() != Filter().key());
}
