// Which entries a filter, a time range and a search find.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/orchestrator/query/envelopes_kit.h"

namespace devs {
namespace {

TEST_CASE("TraceQueries: a principal is shown what it published, nothing else") {
  QueryShelf shelf;
  shelf.log.add(action_of({.session = "s"}), 0, "owner:u1");
  shelf.log.add(action_of({.session = "s"}), 0, "owner:u2");
  shelf.log.add(action_of({.session = "s"}));
  QueryFilter filter;
  filter.owner = "u1";
  CHECK(found_by(shelf, filter) == Numbers{1});
  filter.text = "read_file";
  CHECK(found_by(shelf, filter) == Numbers{1});
  SessionsQuery sessions;
  sessions.owner = "u2";
  CHECK(Answered(shelf.asked().sessions(sessions)).all("sessions", "entries") ==
        std::vector<std::string>{"1"});
  sessions.owner = "u3";
  CHECK(Answered(shelf.asked().sessions(sessions)).number("total") == 0);
  TaskTreeQuery tree;
  tree.task = "t-1";
  tree.owner = "u3";
  CHECK(shelf.asked().task_tree(tree).status().code() == Code::not_found);
  StatsQuery stats;
  stats.filter.owner = "u1";
  CHECK(Answered(shelf.asked().stats(stats)).number("entries") == 1);
}

// The filters of the streams, told from facts alone.
bool admits(const QueryFilter& filter, const EnvelopeFacts& facts) {
  const auto any = [](const std::vector<std::string>& values, const std::string& value) {
    return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
  };
  const auto is = [](const std::string& wanted, const std::string& fact) {
    return wanted.empty() || wanted == fact;
  };
  const auto followed = [&facts](const std::string& topic) {
    return topic == "task:" + facts.task_id || topic == "session:" + facts.session_id ||
           topic == "agent:" + facts.agent_id;
  };
  return facts.type != "channel" && facts.type != "graph" && is(filter.task_id, facts.task_id) &&
         is(filter.session_id, facts.session_id) && is(filter.agent_id, facts.agent_id) &&
         (filter.topics.empty() ||
          std::any_of(filter.topics.begin(), filter.topics.end(), followed)) &&
         any(filter.types, facts.type) && any(filter.tools, facts.tool) &&
         any(filter.agents, facts.agent_id) && any(filter.sessions, facts.session_id) &&
         any(filter.tasks, facts.task_id) && any(filter.statuses, facts.status) &&
         (!filter.min_duration_ms ||
          (facts.duration_ms && *facts.duration_ms >= *filter.min_duration_ms));
}

TEST_CASE("TraceQueries: a filter finds exactly the entries whose facts it admits") {
  std::mt19937 random(31);
  const auto one_of = [&random](std::vector<std::string> values) {
    return values[random() % values.size()];
  };
  QueryShelf shelf;
  for (int i = 0; i < 900; ++i) {
    TestCall call{.id = "c-" + std::to_string(i),
                  .tool = one_of({"read_file", "grep", "a'b", "日本"}),
                  .task = one_of({"t-1", "t-2", "bad id"}),
                  .session = one_of({"s-1", "s-2", ""}),
                  .agent = one_of({"a-1", "a-2"}),
                  .thought = "h",
                  .status = one_of({"SUCCESS", "TOOL_ERROR", "TIMEOUT_EXCEEDED"}),
                  .duration_ms = static_cast<double>(random() % 1000)};
    switch (random() % 5) {
      case 0:
        shelf.log.add(thought_of(call, "think"));
        break;
      case 1:
        shelf.log.add(action_of(call));
        break;
      case 2:
        shelf.log.add(observation_of(call));
        break;
      case 3:
        shelf.log.add(R"({"type":"channel","agentId":"a-1"})");
        break;
      default:
        shelf.log.add(R"({"type":")" + one_of({"THOUGHT", "odd,type", "hitl"}) +
                      R"(","taskId":"t-2"})");
    }
  }
  for (int round = 0; round < 300; ++round) {
    QueryFilter filter;
    const auto maybe = [&](std::vector<std::string>& list, const std::vector<std::string>& values) {
      if (random() % 3 != 0) return;
      for (std::size_t n = 1 + random() % 3; n > 0; --n) list.push_back(one_of(values));
    };
    maybe(filter.types, {"thought", "action", "observation", "THOUGHT", "channel", "odd,type"});
    maybe(filter.tools, {"read_file", "grep", "a'b", "日本", "nothing"});
    maybe(filter.tasks, {"t-1", "t-2"});
    maybe(filter.sessions, {"s-1", "s-2"});
    maybe(filter.agents, {"a-1", "a-2", "a-3"});
    maybe(filter.statuses, {"SUCCESS", "TOOL_ERROR"});
    maybe(filter.topics, {"task:t-1", "task:t-9", "session:s-1", "agent:a-2"});
    if (random() % 6 == 0) filter.task_id = one_of({"t-1", "t-2"});
    if (random() % 6 == 0) filter.session_id = one_of({"s-1", "s-3"});
    if (random() % 6 == 0) filter.agent_id = one_of({"a-1", "a-2"});
    if (random() % 4 == 0) filter.min_duration_ms = static_cast<double>(random() % 1000);
    Numbers expected;
    for (Sequence each = 1; each <= shelf.log.last(); ++each)
      if (admits(filter, facts_of(shelf.log.body(each)))) expected.push_back(each);
    CHECK(found_by(shelf, filter) == expected);
  }
}

TEST_CASE("TraceQueries: a time range has both its ends in it") {
  QueryShelf shelf;
  for (int ms = 1000; ms < 1005; ++ms) shelf.log.add(R"({"type":"x"})", ms);
  shelf.log.add(R"({"type":"x","timestamp_ns":"1003000000"})");
  QueryFilter filter;
  filter.from_ms = 1001;
  filter.to_ms = 1003;
  CHECK(found_by(shelf, filter) == Numbers{2, 3, 4, 6});
}

TEST_CASE("[T38] TraceQueries: a time range finds what was stored in it, whatever the clock did") {
  std::mt19937 random(7);
  QueryShelf shelf;
  std::int64_t now = 1'000'000;
  for (int i = 0; i < 12'000; ++i) {
    now += static_cast<std::int64_t>(random() % 100);
    if (random() % 500 == 0) now += 20'000 - static_cast<std::int64_t>(random() % 40'000);
    shelf.log.add(random() % 7 == 0 ? R"({"type":"channel"})" : R"({"type":"x"})", now);
  }
  shelf.log.lose(4'000, 6'200, LossReason::corrupt);
  for (int round = 0; round < 200; ++round) {
    QueryFilter filter;
    const auto any_time = [&random] {
      return 950'000 + static_cast<std::int64_t>(random() % 700'000);
    };
    if (round % 3 != 1) filter.from_ms = any_time();
    if (round % 3 != 2) filter.to_ms = any_time();
    EnvelopesQuery query{.filter = filter, .before = {}};
    Numbers expected, found;
    for (Sequence each = 1; each <= shelf.log.last(); ++each) {
      const std::int64_t ms = shelf.log.stored_ms(each);
      if ((each < 4'000 || each > 6'200) &&
          shelf.log.body(each).find("channel") == std::string::npos &&
          (!filter.from_ms || ms >= *filter.from_ms) && (!filter.to_ms || ms <= *filter.to_ms))
        expected.push_back(each);
    }
    query.limit = kMaxPageEntries;
    for (bool more = true; more;) {
      const Answered answer(shelf.asked().envelopes(query));
      const Numbers here = answer.sequences();
      found.insert(found.end(), here.begin(), here.end());
      const auto next = answer["next"].string();
      more = next.has_value();
      if (more) query.after = decode_event_id(*next).value().sequence;
    }
    CHECK(found == expected);
  }
}

TEST_CASE("TraceQueries: a search finds entries that have all its words") {
  QueryShelf shelf;
  shelf.log.add(thought_of({.thought = "h-1"}, "The white whale breaches"));
  shelf.log.add(action_of({.arguments = R"({"path":"src/white_whale.cc"})"}));
  shelf.log.add(observation_of({.status = "TOOL_ERROR", .err = "no whale here"}));
  CHECK(search(shelf, "whale") == Numbers{1, 2, 3});
  CHECK(search(shelf, "WHALE white") == Numbers{1, 2});
  CHECK(search(shelf, "src/white_whale.cc") == Numbers{2});
  CHECK(search(shelf, "TOOL_ERROR") == Numbers{3});
  CHECK(search(shelf, "read_file") == Numbers{2, 3});
  CHECK(search(shelf, "whal") == Numbers{});
  CHECK(search(shelf, "c-1 whale") == Numbers{2, 3});
  QueryFilter filter;
  filter.text = "whale";
  filter.types = {"action"};
  CHECK(found_by(shelf, filter) == Numbers{2});
}

TEST_CASE("TraceQueries: a search is words, never a syntax") {
  QueryShelf shelf;
  shelf.log.add(thought_of({.thought = "h-1"}, "alpha beta"));
  shelf.log.add(thought_of({.thought = "h-1"}, "alpha OR NOT NEAR AND gamma"));
  CHECK(search(shelf, "alpha OR gamma") == Numbers{2});
  CHECK(search(shelf, "alpha NOT beta") == Numbers{});
  CHECK(search(shelf, "\"alpha beta") == Numbers{1});
  CHECK(search(shelf, "alph*") == Numbers{});
  CHECK(search(shelf, "text:alpha") == Numbers{});
  CHECK(search(shelf, "— alpha") == Numbers{1, 2});
  for (const char* hostile : {"\"",
                              "\"\"\"a",
                              "a\"",
                              "(a",
                              "a)",
                              "a^",
                              "^a",
                              "{a b}:c",
                              "-a",
                              "+a",
                              "a AND",
                              "NEAR(a b, 2)",
                              "'; DROP TABLE entries; --",
                              "a\\",
                              "%",
                              "_",
                              "?1",
                              ":a",
                              "@a",
                              "$a",
                              "a*b**",
                              "\xe2\x80\x94",
                              "\xf0\x9f\x98\x80",
                              "AND OR NOT",
                              "rowid:1",
                              "text : a",
                              "a\tb\nc"})
    (void)search(shelf, hostile);  // which requires an answer
}

}  // namespace
}  // namespace devs
